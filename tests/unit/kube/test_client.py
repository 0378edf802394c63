"""The client over real sockets: requests and failures, TLS both ways, and credentials that are renewed."""

import asyncio
import base64
import contextlib
import json
import os
import select
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.kube import transport
from gateway.kube.client import Client
from gateway.kube.errors import ApiError, KubeconfigError, Unreachable
from gateway.settings.cluster import ClusterSettings
from tests.support.api_faults import FOR_EVER, Answer, Body, Reset, Silence
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.fake_clock import FakeClock
from tests.support.pki import Authority
from tests.support.reflecting import client_of

PATH = "/api/v1/namespaces/default/configmaps"
V1 = "client.authentication.k8s.io/v1"


def kubeconfig(folder: Path, server: FakeApiServer, user: dict[str, Any], **cluster: Any) -> Path:
    path = folder / "kubeconfig"
    config = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
        "clusters": [{"name": "it", "cluster": {"server": server.url, **cluster}}],
        "users": [{"name": "me", "user": user}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


@contextlib.asynccontextmanager
async def connected(path: Path, clock: FakeClock, **environ: str) -> AsyncIterator[Client]:
    client = await Client.connect(
        ClusterSettings(kubeconfig=path), clock=clock, wall=lambda: 1_800_000_000 + clock.now(), environ=environ
    )
    try:
        yield client
    finally:
        await client.close()


def plugin(folder: Path, body: str) -> dict[str, Any]:
    """An exec entry for a script."""
    script = folder / "plugin"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never", "args": ["one", "two"]}}


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def tokens(server: FakeApiServer) -> list[str | None]:
    return [request.headers.get("Authorization") for request in server.seen]


# --- requests ---


async def test_reads_and_writes() -> None:
    async with serving() as server, client_of(server, FakeClock()) as client:
        made = await client.send("POST", PATH, b'{"metadata":{"name":"a"},"data":{"k":"v"}}')
        assert json.loads(made)["metadata"]["uid"]
        patch = b'{"data":{"k":null,"l":"w"}}'
        await client.send("PATCH", f"{PATH}/a", patch, content_type="application/merge-patch+json")
        assert json.loads(await client.get(f"{PATH}/a"))["data"] == {"l": "w"}
        listed = await client.get("/api/v1/configmaps", {"fieldSelector": "metadata.name=a,metadata.namespace=x y"})
        assert json.loads(listed)["items"] == []
        assert server.seen[-1].query == {"fieldSelector": "metadata.name=a,metadata.namespace=x y"}
        await client.send("DELETE", f"{PATH}/a", b"")
        with pytest.raises(ApiError) as caught:
            await client.get(f"{PATH}/a")
        assert (caught.value.status, caught.value.reason) == (404, "NotFound")
        assert server.seen[0].headers["Accept-Encoding"] == "identity"


async def test_a_conflict_is_told_apart() -> None:
    async with serving() as server, client_of(server, FakeClock()) as client:
        old = server.apply("ConfigMap", "a")
        server.apply("ConfigMap", "a", data={"k": "v"})
        with pytest.raises(ApiError) as caught:
            await client.send("PUT", f"{PATH}/a", json.dumps(old).encode())
        assert (caught.value.status, caught.value.reason) == (409, "Conflict")


async def test_what_a_failure_says_is_kept_short_and_whole() -> None:
    async with serving() as server, client_of(server, FakeClock()) as client:
        server.faults.add(Answer(429, "TooManyRequests", "too\n many " + "x" * 1_000, retry_after=7))
        with pytest.raises(ApiError) as caught:
            await client.get(PATH)
        assert caught.value.retry_after == 7
        assert str(caught.value).startswith("429 TooManyRequests: too many xxx")
        assert len(str(caught.value)) < 600


async def test_no_answer_is_unreachable_and_says_why() -> None:
    clock = FakeClock()
    async with serving() as server:
        async with client_of(server, clock) as client:
            server.faults.add(Reset(), times=2)  # the library tries a second time
            with pytest.raises(Unreachable, match="the connection broke"):
                await client.get(PATH)
            server.faults.add(Silence())
            request = asyncio.create_task(client.get(PATH, timeout=5))
            await server.until(lambda: len(server.seen) == 3)
            clock.advance(5)
            with pytest.raises(Unreachable, match=f"did not answer GET {PATH} within 5 s"):
                await request
        url = server.url
    async with client_of(server, clock) as client:
        with pytest.raises(Unreachable, match=r"cannot be reached \(Connect call failed|Connection refused"):
            await client.get(PATH)
        assert client.server == url


async def test_a_redirect_is_not_followed_with_our_credentials() -> None:
    async with serving() as server, client_of(server, FakeClock()) as client:
        server.faults.add(Answer(307, location=f"{server.url}{PATH}/elsewhere"))
        with pytest.raises(ApiError, match="307 Temporary Redirect"):
            await client.get(PATH)
        assert len(server.seen) == 1


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server, client_of(server, FakeClock()) as client:
        monkeypatch.setattr(transport.Opened.whole, "__defaults__", (1_000,))
        server.faults.add(Body(b"x" * 1_001))
        with pytest.raises(Unreachable, match="more than 1000 bytes"):
            await client.get(PATH)


async def test_connections_notice_when_the_other_side_vanishes() -> None:
    made = transport._connecting((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1)))
    with made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        interval = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        assert idle + interval * made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) <= 60


def test_the_library_is_loaded_only_to_connect() -> None:
    modules = ["client", "reflector", "kubeconfig", "credentials", "exec_plugin", "population"]
    code = f"import sys, {', '.join(f'gateway.kube.{name}' for name in modules)}; print('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# --- TLS ---


async def test_the_server_is_verified(tmp_path: Path) -> None:
    ours, other = Authority(), Authority("another")
    async with serving(tls=ours.server_context(tmp_path)) as server:
        good = {"certificate-authority-data": b64(ours.pem)}
        async with connected(kubeconfig(tmp_path, server, {"token": "t"}, **good), FakeClock()) as client:
            assert json.loads(await client.get(PATH))["items"] == []
        wrong = {"certificate-authority-data": b64(other.pem)}
        async with connected(kubeconfig(tmp_path, server, {"token": "t"}, **wrong), FakeClock()) as client:
            with pytest.raises(Unreachable, match="its certificate is not trusted"):
                await client.get(PATH)
        named = {**good, "tls-server-name": "elsewhere.example.com"}
        async with connected(kubeconfig(tmp_path, server, {"token": "t"}, **named), FakeClock()) as client:
            with pytest.raises(Unreachable, match="its certificate is not trusted"):
                await client.get(PATH)
        off = {"insecure-skip-tls-verify": True}
        async with connected(kubeconfig(tmp_path, server, {"token": "t"}, **off), FakeClock()) as client:
            assert json.loads(await client.get(PATH))["items"] == []
        assert len(server.seen) == 2


@pytest.mark.parametrize("form", ["data", "files"])
async def test_a_client_certificate_is_shown(form: str, tmp_path: Path) -> None:
    ca, clients = Authority(), Authority("clients")
    certificate, key = clients.issue("me")
    if form == "data":
        user: dict[str, Any] = {"client-certificate-data": b64(certificate), "client-key-data": b64(key)}
    else:
        (tmp_path / "me.pem").write_bytes(certificate)
        (tmp_path / "me.key").write_bytes(key)
        user = {"client-certificate": "me.pem", "client-key": "me.key"}
    async with serving(tls=ca.server_context(tmp_path, clients=clients)) as server:
        trust = {"certificate-authority-data": b64(ca.pem)}
        async with connected(kubeconfig(tmp_path, server, user, **trust), FakeClock()) as client:
            await client.get(PATH)
        assert server.peers == ["me"]


async def test_a_certificate_with_the_key_of_another_is_named(tmp_path: Path) -> None:
    clients = Authority()
    user = {"client-certificate-data": b64(clients.issue("a")[0]), "client-key-data": b64(clients.issue("b")[1])}
    async with serving() as server:
        path = kubeconfig(tmp_path, server, user)
        with pytest.raises(KubeconfigError, match=r"users\[me\].user.client-certificate: certificate and key do not"):
            async with connected(path, FakeClock()):
                pass


# --- credentials ---


async def test_a_name_and_a_password(tmp_path: Path) -> None:
    async with serving() as server:
        path = kubeconfig(tmp_path, server, {"username": "me", "password": "pass"})
        async with connected(path, FakeClock()) as client:
            await client.get(PATH)
        assert tokens(server) == [f"Basic {b64(b'me:pass')}"]


async def test_a_token_file_is_read_again_every_minute_and_when_refused(tmp_path: Path) -> None:
    clock = FakeClock()
    file = tmp_path / "token"
    file.write_text("one\n")
    async with (
        serving() as server,
        connected(kubeconfig(tmp_path, server, {"tokenFile": "token"}), clock) as client,
    ):
        await client.get(PATH)
        file.write_text("two")
        await client.get(PATH)
        clock.advance(60)
        await client.get(PATH)
        file.write_text("three")
        clock.advance(20)
        server.faults.add(Answer(401, "Unauthorized"))
        await client.get(PATH)
        assert tokens(server) == ["Bearer one", "Bearer one", "Bearer two", "Bearer two", "Bearer three"]
        # While it cannot be read, the last one is used.
        file.unlink()
        clock.advance(60)
        await client.get(PATH)
        assert tokens(server)[-1] == "Bearer three"


async def test_the_token_of_a_pod_is_renewed_like_that(tmp_path: Path) -> None:
    ca = Authority()
    (tmp_path / "token").write_text("one")
    (tmp_path / "ca.crt").write_bytes(ca.pem)
    (tmp_path / "namespace").write_text("gateways")
    clock = FakeClock()
    async with serving(tls=ca.server_context(tmp_path)) as server:
        port = server.url.rpartition(":")[2]
        environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}
        client = await Client.connect(ClusterSettings(), clock=clock, environ=environ, service_account=tmp_path)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(client.close)
            await client.get(PATH)
            (tmp_path / "token").write_text("two")
            clock.advance(60)
            await client.get(PATH)
            assert client.namespace == "gateways"
        assert tokens(server) == ["Bearer one", "Bearer two"]


async def test_a_server_that_refuses_everything_is_asked_twice_at_most(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    clock = FakeClock()
    async with (
        serving() as server,
        connected(kubeconfig(tmp_path, server, {"tokenFile": "token"}), clock) as client,
    ):
        server.faults.add(Answer(401, "Unauthorized"), times=FOR_EVER)
        clock.advance(30)
        for expected in (2, 3, 4):
            with pytest.raises(ApiError, match="401 Unauthorized"):
                await client.get(PATH)
            assert len(server.seen) == expected, "only the first time there was hope"


async def test_a_watch_is_opened_with_a_new_token_when_the_old_is_refused(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "token").write_text("one")
    async with (
        serving() as server,
        connected(kubeconfig(tmp_path, server, {"tokenFile": "token"}), clock) as client,
    ):
        (tmp_path / "token").write_text("two")
        clock.advance(30)
        server.faults.add(Answer(401, "Unauthorized"))
        async with client.stream(PATH, {"watch": "true"}) as pieces:
            server.apply("ConfigMap", "a")
            assert b'"ADDED"' in await anext(pieces)
        assert tokens(server) == ["Bearer one", "Bearer two"]


# --- plugins ---


async def test_a_plugin_is_asked_once_until_its_token_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    answer = credential(token="t-$n", expirationTimestamp="2027-01-15T08:26:40Z")  # 1_800_001_600
    user = plugin(
        tmp_path,
        'n=$(($(cat runs || echo 0) + 1)); echo $n > runs; echo "$KUBERNETES_EXEC_INFO $* $EXTRA" > asked\n'
        f"cat <<END\n{answer}\nEND",
    )
    script = tmp_path / "plugin"
    script.write_text(script.read_text().replace("#!/bin/sh", f"#!/bin/sh\ncd {tmp_path}"))
    user["exec"] |= {"env": [{"name": "EXTRA", "value": "set"}], "provideClusterInfo": True}
    async with (
        serving() as server,
        connected(kubeconfig(tmp_path, server, user), clock, PATH="/usr/bin:/bin") as client,
    ):
        await client.get(PATH)
        await client.get(PATH)
        clock.advance(500)  # 100 s before the end
        await client.get(PATH)
        clock.advance(50)  # 50 s before
        await client.get(PATH)
        assert tokens(server) == ["Bearer t-1", "Bearer t-1", "Bearer t-1", "Bearer t-2"]
        info, _, rest = (tmp_path / "asked").read_text().partition("}} ")
        assert rest.split() == ["one", "two", "set"]
        spec = json.loads(info + "}}")["spec"]
        assert (spec["interactive"], spec["cluster"]["server"]) == (False, server.url)


async def test_a_refused_token_of_a_plugin_is_renewed(tmp_path: Path) -> None:
    clock = FakeClock()
    answer = credential(token="t-$n")
    user = plugin(tmp_path, f"cd {tmp_path}; n=$(($(cat n) + 1)); echo $n > n; cat <<END\n{answer}\nEND")
    (tmp_path / "n").write_text("0")
    async with (
        serving() as server,
        connected(kubeconfig(tmp_path, server, user), clock, PATH="/usr/bin:/bin") as client,
    ):
        clock.advance(10)
        server.faults.add(Answer(401, "Unauthorized"))
        await client.get(PATH)
        assert tokens(server) == ["Bearer t-1", "Bearer t-2"]
        # When the plugin fails later, the token is used for as long as it may hold.
        (tmp_path / "plugin").unlink()
        clock.advance(10)
        server.faults.add(Answer(401, "Unauthorized"))
        await client.get(PATH)
        assert tokens(server)[2:] == ["Bearer t-2", "Bearer t-2"]


async def test_certificates_of_a_plugin_take_turns_without_breaking_a_watch(tmp_path: Path) -> None:
    ca, clients, clock = Authority(), Authority("clients"), FakeClock()
    for name, end in (("first", "26:40"), ("second", "56:40")):
        certificate, key = clients.issue(name)
        made = credential(
            clientCertificateData=certificate.decode(),
            clientKeyData=key.decode(),
            expirationTimestamp=f"2027-01-15T08:{end}Z",
        )
        (tmp_path / name).write_text(made)
    user = plugin(tmp_path, f"cd {tmp_path}; cat first && rm first || cat second")
    async with serving(tls=ca.server_context(tmp_path, clients=clients)) as server:
        path = kubeconfig(tmp_path, server, user, **{"certificate-authority-data": b64(ca.pem)})
        async with connected(path, clock, PATH="/usr/bin:/bin") as client:
            async with client.stream(PATH, {"watch": "true"}) as pieces:
                clock.advance(590)
                await client.get(PATH)
                server.apply("ConfigMap", "a")
                assert b'"ADDED"' in await anext(pieces)
            await client.get(PATH)
        assert server.peers == ["first", "second", "second"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("echo no luck >&2; exit 3", "the plugin failed with status 3: no luck; run it by hand until it succeeds"),
        ("echo hello", "the plugin did not print an ExecCredential; update the plugin, or correct its arguments"),
        (
            'echo \'{"apiVersion": "client.authentication.k8s.io/v1beta1"}\'',
            f"the plugin answered in version 'client.authentication.k8s.io/v1beta1', not {V1}",
        ),
        (f"echo '{credential()}'", "the plugin gave neither a token nor a certificate"),
        (f"echo '{credential(clientCertificateData='x')}'", "the plugin gave only one of certificate and key"),
        (
            f"echo '{credential(token='t', expirationTimestamp='2020-01-01T00:00:00Z')}'",
            "the plugin's credential ended at 2020-01-01T00:00:00Z; log in anew, or correct the clock",
        ),
    ],
)
async def test_a_plugin_that_fails_is_named_with_what_it_did(body: str, expected: str, tmp_path: Path) -> None:
    async with serving() as server:
        path = kubeconfig(tmp_path, server, plugin(tmp_path, body))
        with pytest.raises(KubeconfigError) as caught:
            async with connected(path, FakeClock(), PATH="/usr/bin:/bin"):
                pass
        assert str(caught.value).startswith(f"{path}: users[me].user.exec.command '{tmp_path}/plugin': {expected}")


async def test_a_plugin_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    clock = FakeClock()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    user = plugin(tmp_path, f"cat {fifo} & wait")
    async with serving() as server:
        path = kubeconfig(tmp_path, server, user)
        running = asyncio.create_task(
            Client.connect(ClusterSettings(kubeconfig=path), clock=clock, environ={"PATH": "/usr/bin:/bin"})
        )
        descriptor = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)  # when its child reads
        await clock.bounded(25)
        clock.advance(25)
        with pytest.raises(
            KubeconfigError, match="did not finish within 25 s; run it by hand to see what it waits for"
        ):
            await running
        poll = select.poll()
        poll.register(descriptor, select.POLLERR)
        assert await asyncio.to_thread(poll.poll), "its child is gone, too"
        os.close(descriptor)
