"""Where access to a cluster is looked for, and what is said of each way in which its description can be wrong."""

import base64
import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.kube.client import Client
from gateway.kube.errors import KubeconfigError
from gateway.kube.kubeconfig import Access, find_access
from gateway.settings.cluster import ClusterSettings

Config = dict[str, Any]
GOOD: Config = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "dev",
    "contexts": [
        {"name": "dev", "context": {"cluster": "kind", "user": "me", "namespace": "team"}},
        {"name": "prod", "context": {"cluster": "prod", "user": "me"}},
    ],
    "clusters": [
        {"name": "kind", "cluster": {"server": "https://127.0.0.1:6443/"}},
        {"name": "prod", "cluster": {"server": "https://prod.example.com"}},
    ],
    "users": [{"name": "me", "user": {"token": "t0ken"}}],
}
POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def written(folder: Path, config: object, name: str = "config") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    return path


def found(settings: ClusterSettings, environ: Mapping[str, str] | None = None, account: Path = Path("/none")) -> Access:
    return find_access(settings, environ or {}, service_account=account)


def account(folder: Path) -> Path:
    written(folder, "t0ken", "token")
    written(folder, "-----BEGIN CERTIFICATE-----", "ca.crt")
    written(folder, "gateways", "namespace")
    return folder


# --- where it is looked for ---


def test_the_file_that_is_named_is_read(tmp_path: Path) -> None:
    access = found(ClusterSettings(kubeconfig=written(tmp_path, GOOD)))
    assert (access.cluster.server, access.namespace) == ("https://127.0.0.1:6443", "team")
    assert access.user.token == "t0ken"
    assert "t0ken" not in repr(access)


def test_another_context_may_be_chosen(tmp_path: Path) -> None:
    access = found(ClusterSettings(kubeconfig=written(tmp_path, GOOD), context="prod"))
    assert (access.cluster.server, access.namespace) == ("https://prod.example.com", "default")


def test_the_variable_may_name_several_files_of_which_the_first_wins(tmp_path: Path) -> None:
    first: Config = {"current-context": "prod", "contexts": GOOD["contexts"]}
    second = copy.deepcopy(GOOD)
    second["clusters"][1]["cluster"]["certificate-authority"] = "pki/ca.pem"
    paths = [written(tmp_path / "a", first), tmp_path / "missing", written(tmp_path / "b", second)]
    access = found(ClusterSettings(), {"KUBECONFIG": ":".join(map(str, paths)), **POD})
    assert access.cluster.server == "https://prod.example.com"
    assert access.cluster.certificate_authority == str(tmp_path / "b" / "pki" / "ca.pem"), (
        "beside the file that says so"
    )


def test_the_usual_file_at_home_comes_before_the_pod(tmp_path: Path) -> None:
    written(tmp_path / ".kube", GOOD)
    assert found(ClusterSettings(), {"HOME": str(tmp_path), **POD}).cluster_name == "kind"


def test_in_a_pod_its_service_account_is_used(tmp_path: Path) -> None:
    access = found(ClusterSettings(), {"HOME": str(tmp_path), **POD}, account(tmp_path / "account"))
    assert access.cluster.server == "https://10.96.0.1:443"
    assert access.namespace == "gateways"
    assert access.user.token_file == str(tmp_path / "account" / "token")
    ipv6 = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "POD_NAMESPACE": "own"}
    access = found(ClusterSettings(), ipv6, tmp_path / "account")
    assert (access.cluster.server, access.namespace) == ("https://[fd00::1]:443", "own")


def test_a_host_alone_is_access_without_credentials(tmp_path: Path) -> None:
    written(tmp_path / ".kube", GOOD)
    access = found(ClusterSettings(apiserver_host="http://127.0.0.1:8001"), {"HOME": str(tmp_path), **POD})
    assert (access.cluster.server, access.user.token) == ("http://127.0.0.1:8001", None)


def test_a_host_beside_a_kubeconfig_replaces_the_address_only(tmp_path: Path) -> None:
    settings = ClusterSettings(
        kubeconfig=written(tmp_path, GOOD),
        apiserver_host="https://127.0.0.1:9",
        certificate_authority=tmp_path / "ca.pem",
    )
    access = found(settings)
    assert (access.cluster.server, access.user.token) == ("https://127.0.0.1:9", "t0ken")
    assert access.cluster.certificate_authority == str(tmp_path / "ca.pem")


# --- what can be wrong ---


def edited(change: Callable[[Config], object]) -> Config:
    config = copy.deepcopy(GOOD)
    change(config)
    return config


def user(**content: Any) -> Config:
    return edited(lambda config: config["users"][0].update(user=content))


def cluster(**content: Any) -> Config:
    return edited(lambda config: config["clusters"][0]["cluster"].update(content))


EXPIRED = ".".join(("e30", base64.urlsafe_b64encode(b'{"exp": 1000}').decode().rstrip("="), "sig"))
EXEC = {"command": "plugin", "apiVersion": "client.authentication.k8s.io/v1"}
WRONG: dict[str, tuple[Config | str, str]] = {
    "empty": ("", "config: the file is empty; name a kubeconfig"),
    "a text": ("hello", "config: the file is no mapping"),
    "bad YAML": ("a: [", "config: line 1, column 5: the file is not YAML"),
    "no current-context": (
        edited(lambda config: config.pop("current-context")),
        (
            "config: current-context: it is not set; choose one with --context or `kubectl config use-context` "
            "(there is dev, prod)"
        ),
    ),
    "unknown context": (
        edited(lambda config: config.update({"current-context": "stage"})),
        "config: current-context 'stage': there is no such context; choose another (there is dev, prod)",
    ),
    "context without cluster": (
        edited(lambda config: config["contexts"][0]["context"].pop("cluster")),
        "config: contexts[dev].context.cluster: the context names no cluster; name a cluster (there is kind, prod)",
    ),
    "unknown cluster": (
        edited(lambda config: config["clusters"].pop(0)),
        "config: contexts[dev].context.cluster 'kind': there is no such cluster",
    ),
    "unknown user": (
        edited(lambda config: config.pop("users")),
        (
            "config: contexts[dev].context.user 'me': there is no such user; add it to users, or name another "
            "(there is none)"
        ),
    ),
    "contexts is no list": (
        edited(lambda config: config.update(contexts={"dev": {}})),
        "config: contexts: expected a list of mappings",
    ),
    "a field of the wrong type": (
        user(token=5),
        "config: users[me].user.token: expected `str | null`, got `int`; correct the field",
    ),
    "no server": (
        cluster(server=""),
        "config: clusters[kind].cluster.server: the address of the API server is missing",
    ),
    "server is no URL": (
        cluster(server="127.0.0.1:6443"),
        (
            "config: clusters[kind].cluster.server '127.0.0.1:6443': this is no URL of an API server; "
            "write it as https://HOST:PORT"
        ),
    ),
    "missing CA file": (
        cluster(**{"certificate-authority": "gone.pem"}),
        (
            "config: clusters[kind].cluster.certificate-authority '{folder}/gone.pem': the file cannot be read "
            "(No such file or directory); correct the path"
        ),
    ),
    "CA is not base64": (
        cluster(**{"certificate-authority-data": "%%%"}),
        "config: clusters[kind].cluster.certificate-authority-data: the value is not base64",
    ),
    "CA is no certificate": (
        cluster(**{"certificate-authority-data": base64.b64encode(b"hello").decode()}),
        "config: clusters[kind].cluster.certificate-authority-data: there is no certificate in PEM in it",
    ),
    "CA is broken": (
        cluster(**{"certificate-authority-data": base64.b64encode(b"-----BEGIN CERTIFICATE-----\nx").decode()}),
        "config: clusters[kind].cluster.certificate-authority: TLS cannot read it",
    ),
    "key without certificate": (
        user(**{"client-key": "key.pem"}),
        "config: users[me].user.client-key '{folder}/key.pem': the file cannot be read",
    ),
    "certificate without key": (
        user(**{"client-certificate-data": base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()}),
        "config: users[me].user.client-certificate: there is a certificate without a key; add client-key",
    ),
    "missing token file": (
        user(tokenFile="gone"),
        "config: users[me].user.tokenFile '{folder}/gone': the file cannot be read (No such file or directory)",
    ),
    "expired token": (
        user(token=EXPIRED),
        "config: users[me].user.token: the token ended at 1970-01-01T00:16:40Z; log in anew, or fetch a new kubeconfig",
    ),
    "token in two lines": (
        user(token="t0ken\nt0ken"),
        "config: users[me].user.token: there is no token in it; write one token there, in one line",
    ),
    "proxy by SOCKS": (
        cluster(**{"proxy-url": "socks5://proxy:1080"}),
        "config: clusters[kind].cluster.proxy-url 'socks5://proxy:1080': proxies of this kind are not supported",
    ),
    "auth provider": (
        user(**{"auth-provider": {"name": "gcp"}}),
        "config: users[me].user.auth-provider: Kubernetes has no auth providers any more; use an exec plugin",
    ),
    "impersonation": (
        user(token="t", **{"as": "root"}),
        "config: users[me].user.as 'root': impersonation is not supported",
    ),
    "plugin without command": (
        user(exec={"apiVersion": "client.authentication.k8s.io/v1"}),
        "config: users[me].user.exec: object missing required field `command`",
    ),
    "plugin is missing": (
        user(exec={**EXEC, "command": "no-such-plugin", "installHint": "get it at\n example.com"}),
        (
            "config: users[me].user.exec.command 'no-such-plugin': the plugin cannot be started "
            "(No such file or directory); install it, or give its full path: get it at example.com"
        ),
    ),
    "plugin of an old version": (
        user(exec={**EXEC, "apiVersion": "client.authentication.k8s.io/v1alpha1"}),
        "config: users[me].user.exec.apiVersion 'client.authentication.k8s.io/v1alpha1': this version is not known",
    ),
    "plugin that asks": (
        user(exec={**EXEC, "interactiveMode": "Always"}),
        "config: users[me].user.exec.interactiveMode 'Always': a gateway cannot answer questions",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_named_with_its_place_and_its_fix(case: str, tmp_path: Path) -> None:
    config, expected = WRONG[case]
    path = written(tmp_path, config)
    with pytest.raises(KubeconfigError) as caught:
        await Client.connect(ClusterSettings(kubeconfig=path), environ={"PATH": str(tmp_path)})
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/{expected.format(folder=tmp_path)}")
    assert "; " in message
    assert "t0ken" not in message


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        (
            ClusterSettings(kubeconfig=Path("/none/config")),
            {},
            "/none/config: the file does not exist; correct the path",
        ),
        (
            ClusterSettings(),
            {"KUBECONFIG": "/none/a:/none/b"},
            "KUBECONFIG '/none/a:/none/b': none of these files exists; correct KUBECONFIG, or unset it",
        ),
        (
            ClusterSettings(),
            {"HOME": "/none"},
            (
                "kubeconfig: no cluster is named: KUBECONFIG is not set, /none/.kube/config does not exist, "
                "and this is no pod (KUBERNETES_SERVICE_HOST is not set); name a kubeconfig with --kubeconfig"
            ),
        ),
        (
            ClusterSettings(context="dev"),
            {"HOME": "/none"},
            (
                "--context 'dev': there is no kubeconfig to look it up in; "
                "name a kubeconfig with --kubeconfig or KUBECONFIG"
            ),
        ),
        (
            ClusterSettings(),
            POD,
            (
                "service account of the pod: /none/token: the file does not exist; "
                "set automountServiceAccountToken: true on the pod, or name a kubeconfig with --kubeconfig"
            ),
        ),
        (
            ClusterSettings(apiserver_host="localhost:8001"),
            {},
            ("--apiserver-host 'localhost:8001': this is no URL of an API server; write it as https://HOST:PORT"),
        ),
    ],
)
def test_what_cannot_be_found_is_named(settings: ClusterSettings, environ: Mapping[str, str], expected: str) -> None:
    with pytest.raises(KubeconfigError) as caught:
        found(settings, environ)
    assert str(caught.value) == expected


def test_a_context_that_is_named_on_the_command_line_is_blamed_there(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="--context 'stage': there is no such context"):
        found(ClusterSettings(kubeconfig=written(tmp_path, GOOD), context="stage"))


def test_an_unreadable_file_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="Is a directory"):
        found(ClusterSettings(kubeconfig=tmp_path))
