"""What a route does to a request besides forwarding it. Policies are shared between routes by value."""

from msgspec import Struct

from gateway.ir.filters import Filters
from gateway.ir.peers import EndpointTls


class Timeouts(Struct, frozen=True, omit_defaults=True):
    """Upstream timeouts in milliseconds."""

    connect_ms: int = 5_000  # one attempt to connect, TLS included
    send_ms: int = 60_000  # between two successful writes of the request
    read_ms: int = 60_000  # between two successful reads of the response


class HttpsRedirect(Struct, frozen=True, omit_defaults=True):
    """Send a request that came over plain HTTP to https, keeping host, path and query."""

    status: int = 308
    keep_slash: bool = False  # one at the end of the whole target
    port: bool = False  # Location has the port, too


class Rewrite(Struct, frozen=True):
    """Replace the whole path by `template`; `$1`…`$9` are the captures of the route's regex. The query stays."""

    template: str


class RequestBody(Struct, frozen=True, omit_defaults=True):
    """`buffered`: it is taken in whole before an endpoint is asked, so that a slow client keeps no endpoint waiting.
    What of it is more than `memory_bytes` waits on disk.
    """

    buffered: bool = True
    memory_bytes: int = 8_192


class Retries(Struct, frozen=True, omit_defaults=True):
    """What lets a request be tried on another endpoint, as long as its client has seen nothing of an answer."""

    error: bool = True  # no connection, or one that broke before the answer's head was whole
    timeout: bool = True  # of connecting, sending or waiting for the answer
    invalid: bool = False  # an answer that is not HTTP
    statuses: tuple[int, ...] = ()  # answers with one of these, ascending
    non_idempotent: bool = False  # also methods such as POST, after bytes of the request were sent
    budget_ms: int = 0  # no further try is begun after this much time; 0 is no limit


class Policy(Struct, frozen=True, omit_defaults=True):
    timeouts: Timeouts = Timeouts()
    body_limit_bytes: int = 1_048_576  # 0 is unlimited
    https_redirect: HttpsRedirect | None = None
    rewrite: Rewrite | None = None
    hsts: str | None = None  # value of Strict-Transport-Security on every response over TLS
    tries: int = 3  # attempts in all, the first included
    retries: Retries = Retries()
    request_body: RequestBody = RequestBody()
    http10: bool = False  # endpoints are spoken to in HTTP/1.0, one request per connection
    filters: Filters | None = None
    endpoint_tls: EndpointTls | None = None  # where TLS is spoken with endpoints; None: whatever they show is taken
