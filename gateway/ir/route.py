"""A route, and the table of routes of one host."""

from msgspec import Struct

from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.match import PathMatch
from gateway.ir.peers import HostTls
from gateway.ir.policy import Policy


class UpstreamTls(Struct, frozen=True, omit_defaults=True):
    """Speak TLS to the endpoints. Without `verify` any certificate is taken, as ingress-nginx does by default."""

    verify: bool = False
    server_name: str | None = None  # sent as SNI, and the name to verify


class Canary(Struct, frozen=True, omit_defaults=True):
    """Another backend for some of a route's requests.

    The header decides first, then the cookie, by `always` and `never`; or the header by the value or by an expression
    that is found in it. What neither decides is shared out by `weight` of `total`.
    """

    backend: BackendId
    tls: UpstreamTls | None = None
    weight: int = 0
    total: int = 100
    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""


class Forward(Struct, frozen=True, tag="forward", omit_defaults=True):
    """Proxy to one endpoint of a backend. A backend without endpoints answers 503, unless there is a `spare`."""

    backend: BackendId
    tls: UpstreamTls | None = None  # None is plain HTTP
    canaries: tuple[Canary, ...] = ()
    spare: BackendId | None = None  # answers while the backend has no endpoint, and is told so


class Redirect(Struct, frozen=True, tag="redirect", omit_defaults=True):
    """Answer with a redirect to `path` on the same scheme and host, or to an absolute URL."""

    path: str
    status: int = 301
    query: bool = True  # the request's query stays
    relative: bool = False  # Location has neither scheme nor host


class RedirectHost(Struct, frozen=True, tag="redirect_host", omit_defaults=True):
    """Answer with a redirect to the same scheme, path and query on another host."""

    host: str
    status: int = 308


class Respond(Struct, frozen=True, tag="respond"):
    """Answer locally with a status and a short plain body."""

    status: int


Action = Forward | Redirect | RedirectHost | Respond


class Errors(Struct, frozen=True, omit_defaults=True):
    """Answers that `backend` gives in place of those with one of `statuses`, which are sorted."""

    statuses: tuple[int, ...]
    backend: BackendId
    local_only: bool = False  # only in place of answers of the gateway itself


class Mirror(Struct, frozen=True, omit_defaults=True):
    """A copy of each request that is forwarded, for another backend whose answers nobody gets.

    `host` and `target` (path and query) are texts; the request's query is added to a target without a variable.
    """

    backend: BackendId
    host: str
    target: str
    tls: UpstreamTls | None = None
    body: bool = True


class Route(Struct, frozen=True, omit_defaults=True):
    """`display_path` is the path as its author wrote it, for logs, metrics and tables."""

    id: RouteId
    match: PathMatch
    action: Action
    policy: Policy
    display_path: str
    errors: Errors | None = None
    mirror: Mirror | None = None


class HostTable(Struct, frozen=True):
    """The routes of one host name.

    `host` is lower-case without port or trailing dot; `*.x` is any one label before `.x`; empty is every other host.
    Few are of another kind: `**.x` is one label or more before `.x`, `x.*` one or more after `x.`, and
    `~LENDER NUMBER EXPRESSION` whatever the expression is found in. A host that is named comes first, then the longest
    of `**.x`, the longest of `x.*`, and the first expression by the whole text, among which `*.x` stands as if it were
    a lender.
    Order of evaluation in the data plane: exact paths, then regexes in the order of `routes`, then the longest prefix.
    `certificate` is what a TLS client that names this host is shown; None is the default certificate.
    """

    host: str
    routes: tuple[Route, ...]
    certificate: CertificateId | None = None
    tls: HostTls | None = None  # what TLS with its clients is besides
