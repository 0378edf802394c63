"""The filters of a policy: what refuses a request, and what changes it or its answer.

In which order they are taken stands in `_core/engine/src/proxy/order.rs`. A *text* may hold variables such as `$host`
(see `_core/image/src/text.rs`).
"""

from msgspec import Struct

from gateway.ir.ids import BackendId
from gateway.ir.secret import Secret


class Listed(Struct, frozen=True, omit_defaults=True):
    """Values of a header: whole `texts` in any case, and expressions that are found in them. An empty text is the
    absence of the header, too.
    """

    texts: tuple[str, ...] = ()  # sorted, as are the others
    patterns: tuple[str, ...] = ()
    patterns_in_any_case: tuple[str, ...] = ()


class Blocked(Struct, frozen=True, omit_defaults=True):
    """Who is not served, whatever the route."""

    user_agents: Listed = Listed()
    referers: Listed = Listed()


class Access(Struct, frozen=True, omit_defaults=True):
    """Networks in CIDR notation. `deny` is looked at first; an empty `allow` is everybody."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Cors(Struct, frozen=True, omit_defaults=True):
    """Cross-origin requests: answers to preflights, and headers of every answer.

    An origin is `*`, `null` or `scheme://host[:port]`, whose host may begin with `*.`: one label.
    """

    origins: tuple[str, ...]
    methods: str
    headers: str
    max_age_s: int
    expose: str = ""
    credentials: bool = False


class Limits(Struct, frozen=True, omit_defaults=True):
    """How often, and how much at a time, one client may ask. Zero is without limit. A client is known by its address,
    or by what `by`, a text, says of its request; nothing said is not counted.

    Requests of one `zone` are counted together. `burst` times each of the two rates may be exceeded for a moment.
    `exempt` networks are not counted.
    """

    zone: str
    rate_status: int
    connections_status: int
    per_second: int = 0
    per_minute: int = 0
    burst: int = 0
    connections: int = 0
    exempt: tuple[str, ...] = ()
    by: str = ""


class Password(Struct, frozen=True):
    """Ask for a name and a password (RFC 7617). `users` are lines of `name:hash`."""

    realm: str
    users: Secret


class Affinity(Struct, frozen=True, omit_defaults=True):
    """Keep a client on one endpoint by a cookie.

    `persistent`: a client stays while its endpoint is there; otherwise it may move when others come and go. `sticky`:
    the cookie also keeps it on the canary, or on the primary. Times are in seconds; None leaves the attribute out.
    """

    cookie: str
    path: str
    domain: str = ""
    expires_s: int | None = None
    max_age_s: int | None = None
    secure: bool = False  # also on plain HTTP
    same_site: str = ""
    persistent: bool = False
    sticky: bool = False
    same_site_by_browser: bool = False  # SameSite=None is left out for browsers that mistake it
    moves_on_failure: bool = False  # a client whose endpoint fails is led to another one from then on


class Throttle(Struct, frozen=True, omit_defaults=True):
    """How fast an answer goes to its client: `after_bytes` of it as fast as they can."""

    bytes_per_second: int
    after_bytes: int = 0


class Coding(Struct, frozen=True):
    """How hard it tries, and which answers it is for: those that say to be shorter than `min_length` bytes are not.

    `types` are content types in lower case, `*` is every one.
    """

    level: int
    min_length: int
    types: tuple[str, ...]


class Compression(Struct, frozen=True, omit_defaults=True):
    """Answers are compressed for clients that take it; for those that take both, with Brotli."""

    gzip: Coding | None = None
    brotli: Coding | None = None
    no_gzip_for: str = ""  # an expression for User-Agent, whatever its case; empty is nobody


class Header(Struct, frozen=True):
    """`value` is a text; an empty one takes the header away."""

    name: str
    value: str


class Kept(Struct, frozen=True, omit_defaults=True):
    """Answers with one of `statuses`, or with any if there are none, are remembered for `ms`."""

    ms: int
    statuses: tuple[int, ...] = ()


class KeptAlive(Struct, frozen=True):
    """Connections that wait for their next request: how many for each worker and endpoint, for how many requests, and
    how long.
    """

    connections: int
    requests: int
    idle_ms: int


class External(Struct, frozen=True, omit_defaults=True):
    """Ask another service whether a request may pass: 2xx lets it, 401 and 403 are passed on, all else is 500.

    `host`, `target` (path and query), `redirect` (its X-Auth-Request-Redirect; empty is the request's target), `signin`
    (where clients are sent that it answers 401) and `cache_key` are texts.
    """

    host: str
    target: str
    backend: BackendId | None = None  # None: whichever route of the request's own host serves `target`
    tls: bool = False  # any certificate is taken
    server_name: str = ""  # sent as SNI
    method: str = ""  # empty is GET
    redirect: str = ""
    request_headers: tuple[Header, ...] = ()  # that it gets besides
    response_headers: tuple[str, ...] = ()  # of its answer, for the upstream, in place of what the client has sent
    signin: str = ""
    always_set_cookie: bool = False  # its cookies are set whatever the status
    cache_key: str = ""  # its answers are remembered by it; empty remembers none
    kept: tuple[Kept, ...] = ()  # the first that has the status counts
    alive: KeptAlive | None = None  # None: its connections are kept as those to backends are


# `from` is a word of Python.
class Replacement(Struct, frozen=True, rename={"old": "from", "new": "to"}):
    """One text in place of another."""

    old: str
    new: str


class Filters(Struct, frozen=True, omit_defaults=True):
    """What is absent is not asked for."""

    blocked: Blocked | None = None
    cors: Cors | None = None
    limits: Limits | None = None
    access: Access | None = None
    password: Password | None = None
    external: External | None = None
    satisfy_any: bool = False  # one of address, password and the other service's word is enough
    host: str = ""  # the Host that the upstream gets, a text; empty is the client's
    forwarded_prefix: str = ""  # the X-Forwarded-Prefix that the upstream gets
    request_headers: tuple[Header, ...] = ()  # for the upstream, in place of whatever has their names
    response_headers: tuple[Header, ...] = ()  # for the client, likewise
    hidden_headers: tuple[str, ...] = ()  # of the upstream's answer
    location: Replacement | None = None  # the start of Location, and of the URL in Refresh
    cookie_domain: Replacement | None = None  # the Domain of Set-Cookie, as a whole
    cookie_path: Replacement | None = None  # the start of its Path
    affinity: Affinity | None = None
    hash_by: str = ""  # a text; requests that agree in it go to one endpoint
    hash_subset: int = 0  # to any of so many instead; 0 is to one
    connection: str = ""  # the Connection that the upstream gets, `close` or `keep-alive`; no protocol is switched then
    throttle: Throttle | None = None
    compression: Compression | None = None
    logged: bool = True  # in the access log
    makes_ids: bool = True  # the upstream gets an X-Request-ID where the client has sent none
    server: bool = False  # the client gets the Server of the upstream
