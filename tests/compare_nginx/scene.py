"""What a comparison is written with: manifests, what an nginx that stands for them is told, and requests for both.

Must not know how either is started, nor what is compared.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

PREFIX = "nginx.ingress.kubernetes.io"
Group = Literal["plain", "trusting", "blocking", "compressing"]
"""One gateway and one nginx each. `trusting`: proxies in front are believed, and told about in full. `blocking`: some
clients and referring pages are not served. `compressing`: answers are compressed.
"""


class Ask(NamedTuple):
    """A request. `line` is a method and a target, with a version if that is not 1.1. `host` is that of the scene unless
    given; without any (""), no Host is sent. `times`: so often, each on a connection of its own; then only statuses are
    compared.
    """

    line: str
    headers: tuple[str, ...] = ()
    body: bytes = b""
    host: str | None = None
    tls: bool = False
    times: int = 1
    name: str = ""

    @property
    def id(self) -> str:
        told = [f"host {self.host or 'none'}"] if self.host is not None else []
        told += ["tls"] if self.tls else []
        return self.name or " ".join([self.line, *self.headers, *told])

    def head(self, host: str) -> bytes:
        host = host if self.host is None else self.host
        line = self.line if " HTTP/" in self.line else f"{self.line} HTTP/1.1"
        hosts = [f"Host: {host}"] if host else []
        length = [f"Content-Length: {len(self.body)}"] if self.body and "chunked" not in str(self.headers) else []
        return "\r\n".join([line, *hosts, *self.headers, *length, "", ""]).encode("latin-1")


class Rules(NamedTuple):
    """One Ingress. `paths` are path, type and Service; names of annotations have underscores here."""

    paths: tuple[tuple[str, str, str], ...] = (("/", "Prefix", "one"),)
    notes: Mapping[str, str] = {}
    host: str | None = None
    tls: bool = False


class Scene(NamedTuple):
    """`server` is what stands in the server block of the scene's own host; `servers` those of other names; `http` what
    stands around them.
    """

    name: str
    server: str
    asks: tuple[Ask, ...]
    rules: tuple[Rules, ...] = (Rules(),)
    servers: Mapping[str, str] = {}
    http: str = ""
    group: Group = "plain"
    objects: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return f"{self.name}.example"

    @property
    def manifest(self) -> str:
        return "---\n".join((*self.objects, *(self._ingress(number, one) for number, one in enumerate(self.rules))))

    def _ingress(self, number: int, rules: Rules) -> str:
        host = self.host if rules.host is None else rules.host
        notes = "".join(
            f"\n    {PREFIX}/{name.replace('_', '-')}: {quoted(value)}" for name, value in rules.notes.items()
        )
        paths = "\n".join(
            f"      - {{path: {quoted(path)}, pathType: {kind}, backend: {{service: {{name: {service}, "
            "port: {number: 80}}}}"
            for path, kind, service in rules.paths
        )
        tls = f"\n  tls:\n  - {{hosts: [{quoted(host)}], secretName: any}}" if rules.tls else ""
        return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {self.name}-{number}
  annotations:{notes or " {}"}
spec:
  ingressClassName: nginx{tls}
  rules:
  - host: {quoted(host)}
    http:
      paths:
{paths}
"""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def get(target: str, *headers: str, host: str | None = None, tls: bool = False, times: int = 1, name: str = "") -> Ask:
    return Ask(f"GET {target}", headers, host=host, tls=tls, times=times, name=name)


def post(target: str, body: bytes, *headers: str, name: str = "") -> Ask:
    return Ask(f"POST {target}", headers, body, name=name)
