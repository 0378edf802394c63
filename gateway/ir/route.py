"""A route, and the table of routes of one host."""

from msgspec import Struct

from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.match import PathMatch
from gateway.ir.policy import Policy


class UpstreamTls(Struct, frozen=True, omit_defaults=True):
    """Speak TLS to the endpoints. Without `verify` any certificate is taken, as ingress-nginx does by default."""

    verify: bool = False
    server_name: str | None = None  # sent as SNI, and the name to verify


class Forward(Struct, frozen=True, tag="forward", omit_defaults=True):
    """Proxy to one endpoint of a backend. A backend without endpoints answers 503."""

    backend: BackendId
    tls: UpstreamTls | None = None  # None is plain HTTP


class Redirect(Struct, frozen=True, tag="redirect", omit_defaults=True):
    """Answer with a redirect to `path` on the same scheme and host; the query stays."""

    path: str
    status: int = 301


class Respond(Struct, frozen=True, tag="respond"):
    """Answer locally with a status and a short plain body."""

    status: int


Action = Forward | Redirect | Respond


class Route(Struct, frozen=True):
    """`display_path` is the path as its author wrote it, for logs, metrics and tables."""

    id: RouteId
    match: PathMatch
    action: Action
    policy: Policy
    display_path: str


class HostTable(Struct, frozen=True):
    """The routes of one host name.

    `host` is lower-case without port or trailing dot; `*.x` is any one label before `.x`; empty is every other host.
    Order of evaluation in the data plane: exact paths, then regexes in the order of `routes`, then the longest prefix.
    `certificate` is what a TLS client that names this host is shown; None is the default certificate.
    """

    host: str
    routes: tuple[Route, ...]
    certificate: CertificateId | None = None
