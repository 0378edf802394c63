"""Kubeconfig files, or the service account of a pod → what one context comes to. Reads files, contacts nobody.

The library's own reader is not used: it names neither the field nor the fix, goes on without credentials when a plugin
fails, and writes private keys to temporary files.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import UNSET, Struct, UnsetType, field

from gateway.kube.errors import KubeconfigError
from gateway.settings.cluster import ClusterSettings

VARIABLE: Final = "KUBECONFIG"
HOME_FILE: Final = Path(".kube") / "config"
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
IN_CLUSTER: Final = "service account of the pod"
DEFAULT_NAMESPACE: Final = "default"
SHOWN: Final = 10  # names that a message lists


class ClusterEntry(Struct, frozen=True, rename="kebab"):
    server: str = ""
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None


class ExecEntry(Struct, frozen=True, rename="camel"):
    command: str
    api_version: str
    args: tuple[str, ...] | None = None
    env: tuple[dict[str, str], ...] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool | None = None
    interactive_mode: str | None = None


class UserEntry(Struct, frozen=True, rename="kebab"):
    token: str | None = None
    token_file: str | None = field(default=None, name="tokenFile")
    username: str | None = None
    password: str | None = None
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    exec: ExecEntry | None = None
    auth_provider: dict[str, Any] | UnsetType = UNSET
    impersonate: str | UnsetType = field(default=UNSET, name="as")

    def __repr__(self) -> str:  # a token must not reach a traceback
        return "UserEntry(…)"


class _ContextEntry(Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class Access(Struct, frozen=True, kw_only=True):
    """How one cluster is reached. `file` and `folder` are where relative paths and complaints point to."""

    file: str
    folder: Path
    cluster_name: str
    user_name: str
    cluster: ClusterEntry
    user: UserEntry
    namespace: str

    def error(self, entry: str, value: str, problem: str, fix: str) -> KubeconfigError:
        return KubeconfigError(self.file, entry, value, problem, fix)

    def in_cluster_entry(self, name: str) -> str:
        return f"clusters[{self.cluster_name}].cluster.{name}" if self.cluster_name else name

    def in_user_entry(self, name: str) -> str:
        return f"users[{self.user_name}].user.{name}" if self.user_name else name


class _File(Struct, frozen=True):
    name: str
    folder: Path
    content: Mapping[str, Any]


def find_access(
    settings: ClusterSettings,
    environ: Mapping[str, str],
    *,
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """Where to look is in `ClusterSettings`. Raises KubeconfigError."""
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    access = _configured(settings, environ, home)
    if access is None and settings.apiserver_host is None:
        return _in_cluster(environ, home, service_account)
    if access is None:
        cluster = ClusterEntry(certificate_authority=_text(settings.certificate_authority))
        access = Access(
            file="--apiserver-host",
            folder=Path(),
            cluster_name="",
            user_name="",
            cluster=cluster,
            user=UserEntry(),
            namespace=environ.get("POD_NAMESPACE") or DEFAULT_NAMESPACE,
        )
    if settings.apiserver_host is not None:
        ca = settings.certificate_authority
        cluster = msgspec.structs.replace(access.cluster, server=settings.apiserver_host)
        if ca is not None:
            cluster = msgspec.structs.replace(
                cluster, certificate_authority=str(ca.absolute()), certificate_authority_data=None
            )
        access = msgspec.structs.replace(access, cluster=cluster)
        return _checked(access, "--apiserver-host", "")
    return _checked(access, access.file, access.in_cluster_entry("server"))


def _configured(settings: ClusterSettings, environ: Mapping[str, str], home: Path | None) -> Access | None:
    """By a kubeconfig, if there is one."""
    named = environ.get(VARIABLE, "")
    if settings.kubeconfig is not None:
        files = [_read(settings.kubeconfig, str(settings.kubeconfig))]
    elif named and (settings.apiserver_host is None or settings.context):
        paths = [Path(part).expanduser() for part in named.split(":") if part]
        files = [_read(path, f"{path} (of {VARIABLE})") for path in paths if path.exists()]
        if not files:
            raise KubeconfigError(VARIABLE, "", named, "none of these files exists", f"correct {VARIABLE}, or unset it")
    elif home is not None and (home / HOME_FILE).exists() and (settings.apiserver_host is None or settings.context):
        files = [_read(home / HOME_FILE, str(home / HOME_FILE))]
    elif settings.context:
        fix = f"name a kubeconfig with --kubeconfig or {VARIABLE}"
        raise KubeconfigError("--context", "", settings.context, "there is no kubeconfig to look it up in", fix)
    else:
        return None
    return _resolve(files, settings.context)


def _in_cluster(environ: Mapping[str, str], home: Path | None, folder: Path) -> Access:
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not (host and port):
        looked = f"{VARIABLE} is not set"
        if home is not None:
            looked += f", {home / HOME_FILE} does not exist"
        problem = f"no cluster is named: {looked}, and this is no pod (KUBERNETES_SERVICE_HOST is not set)"
        raise KubeconfigError("kubeconfig", "", "", problem, "name a kubeconfig with --kubeconfig")
    token, ca, namespace = folder / "token", folder / "ca.crt", folder / "namespace"
    for path in (token, ca):
        if not path.is_file():
            fix = "set automountServiceAccountToken: true on the pod, or name a kubeconfig with --kubeconfig"
            raise KubeconfigError(IN_CLUSTER, str(path), "", "the file does not exist", fix)
    own = environ.get("POD_NAMESPACE") or (namespace.read_text().strip() if namespace.is_file() else "")
    access = Access(
        file=IN_CLUSTER,
        folder=folder,
        cluster_name="",
        user_name="",
        cluster=ClusterEntry(f"https://{f'[{host}]' if ':' in host else host}:{port}", str(ca)),
        user=UserEntry(token_file=str(token)),
        namespace=own or DEFAULT_NAMESPACE,
    )
    return _checked(access, IN_CLUSTER, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT")


def _read(path: Path, name: str) -> _File:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KubeconfigError(name, "", "", "the file does not exist", "correct the path") from None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the file cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        raise KubeconfigError(name, "", "", problem, "name a readable kubeconfig") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = f"the file is not YAML ({getattr(error, 'problem', None) or 'it cannot be parsed'})"
        raise KubeconfigError(name, place, "", problem, "correct the file, or fetch it anew") from None
    if not isinstance(content, dict):
        problem = "the file is empty" if content is None else "the file is no mapping"
        raise KubeconfigError(name, "", "", problem, "name a kubeconfig: a file with clusters, contexts and users")
    return _File(name, path.absolute().parent, content)


def _resolve(files: list[_File], wanted: str | None) -> Access:
    where = ", ".join(file.name for file in files)
    contexts = _names(files, "contexts")
    context_name = wanted or next((str(name) for file in files if (name := file.content.get("current-context"))), "")
    if not context_name:
        fix = f"choose one with --context or `kubectl config use-context` ({_listed(contexts)})"
        raise KubeconfigError(where, "current-context", "", "it is not set", fix)
    found = _find(files, "contexts", context_name)
    if found is None:
        entry = "--context" if wanted else "current-context"
        fix = f"choose another ({_listed(contexts)})"
        raise KubeconfigError(where, entry, context_name, "there is no such context", fix)
    file, raw = found
    place = f"contexts[{context_name}].context"
    context = _typed(file, raw.get("context"), _ContextEntry, place)
    if not context.cluster:
        fix = f"name a cluster ({_listed(_names(files, 'clusters'))})"
        raise KubeconfigError(file.name, f"{place}.cluster", "", "the context names no cluster", fix)
    cluster_found = _find(files, "clusters", context.cluster)
    if cluster_found is None:
        fix = f"add it to clusters, or name another ({_listed(_names(files, 'clusters'))})"
        raise KubeconfigError(file.name, f"{place}.cluster", context.cluster, "there is no such cluster", fix)
    user_file, user = cluster_found[0], UserEntry()
    if context.user:
        user_found = _find(files, "users", context.user)
        if user_found is None:
            fix = f"add it to users, or name another ({_listed(_names(files, 'users'))})"
            raise KubeconfigError(file.name, f"{place}.user", context.user, "there is no such user", fix)
        user_file = user_found[0]
        user = _typed(user_file, user_found[1].get("user"), UserEntry, f"users[{context.user}].user")
    cluster_file, raw_cluster = cluster_found
    cluster = _typed(cluster_file, raw_cluster.get("cluster"), ClusterEntry, f"clusters[{context.cluster}].cluster")
    return Access(
        file=user_file.name if user_file.name == cluster_file.name else where,
        folder=cluster_file.folder,
        cluster_name=context.cluster,
        user_name=context.user,
        cluster=_cluster_paths(cluster, cluster_file.folder),
        user=_user_paths(user, user_file.folder),
        namespace=context.namespace or DEFAULT_NAMESPACE,
    )


_Entry = TypeVar("_Entry", ClusterEntry, UserEntry, _ContextEntry)


def _typed(file: _File, content: object, kind: type[_Entry], place: str) -> _Entry:
    try:
        return msgspec.convert({} if content is None else content, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        problem = reason[:1].lower() + reason[1:]
        raise KubeconfigError(file.name, f"{place}{path.rstrip('`')}", "", problem, "correct the field") from None


def _find(files: Iterable[_File], section: str, name: str) -> tuple[_File, Mapping[str, Any]] | None:
    """The first of its name, as kubectl merges files."""
    for file in files:
        for entry in _entries(file, section):
            if entry.get("name") == name:
                return file, entry
    return None


def _entries(file: _File, section: str) -> list[Mapping[str, Any]]:
    found = file.content.get(section)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        fix = f"write {section} as a list of entries with a name"
        raise KubeconfigError(file.name, section, "", "expected a list of mappings", fix)
    return found


def _names(files: Iterable[_File], section: str) -> list[str]:
    return list(dict.fromkeys(str(entry.get("name", "")) for file in files for entry in _entries(file, section)))


def _listed(names: list[str]) -> str:
    if not names:
        return "there is none"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"there is {', '.join(names[:SHOWN])}{more}"


def _cluster_paths(entry: ClusterEntry, folder: Path) -> ClusterEntry:
    return msgspec.structs.replace(entry, certificate_authority=_beside(folder, entry.certificate_authority))


def _user_paths(entry: UserEntry, folder: Path) -> UserEntry:
    plugin = entry.exec
    if plugin is not None and "/" in plugin.command:
        plugin = msgspec.structs.replace(plugin, command=_beside(folder, plugin.command) or "")
    return msgspec.structs.replace(
        entry,
        token_file=_beside(folder, entry.token_file),
        client_certificate=_beside(folder, entry.client_certificate),
        client_key=_beside(folder, entry.client_key),
        exec=plugin,
    )


def _beside(folder: Path, path: str | None) -> str | None:
    return str(folder / path) if path else None


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _checked(access: Access, file: str, entry: str) -> Access:
    """With the address in its usual form. `file` and `entry` are where it was written."""
    server = access.cluster.server.rstrip("/")
    fix = "write it as https://HOST:PORT"
    if not server:
        raise KubeconfigError(file, entry, "", "the address of the API server is missing", fix)
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise KubeconfigError(file, entry, server, "this is no URL of an API server", fix)
    proxy = access.cluster.proxy_url
    if proxy and not proxy.startswith(("http://", "https://")):
        fix = "use a proxy by http:// or https://"
        raise access.error(access.in_cluster_entry("proxy-url"), proxy, "proxies of this kind are not supported", fix)
    return msgspec.structs.replace(access, cluster=msgspec.structs.replace(access.cluster, server=server))
