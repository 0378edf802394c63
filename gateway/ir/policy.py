"""What a route does to a request besides forwarding it. Policies are shared between routes by value."""

from msgspec import Struct


class Timeouts(Struct, frozen=True, omit_defaults=True):
    """Upstream timeouts in milliseconds."""

    connect_ms: int = 5_000  # one attempt to connect, TLS included
    send_ms: int = 60_000  # between two successful writes of the request
    read_ms: int = 60_000  # between two successful reads of the response


class HttpsRedirect(Struct, frozen=True, omit_defaults=True):
    """Send a request that came over plain HTTP to https, keeping host, path and query."""

    status: int = 308


class Rewrite(Struct, frozen=True):
    """Replace the whole path by `template`; `$1`…`$9` are the captures of the route's regex. The query stays."""

    template: str


class Policy(Struct, frozen=True, omit_defaults=True):
    timeouts: Timeouts = Timeouts()
    body_limit_bytes: int = 1_048_576  # 0 is unlimited
    https_redirect: HttpsRedirect | None = None
    rewrite: Rewrite | None = None
    hsts: str | None = None  # value of Strict-Transport-Security on every response over TLS
    tries: int = 3  # attempts in all, the first included
