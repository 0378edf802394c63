"""What annotations ask for beyond plain proxying, as far as one Ingress can say it. `Settings` holds one of each."""

from typing import Final

from msgspec import Struct

from gateway.ir.filters import Header, Password, Replacement
from gateway.ir.peers import ClientCertificates, EndpointTls, TlsVersion, Verify
from gateway.translate.authorisation import Place

CORS_METHODS: Final = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
CORS_HEADERS: Final = (
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
)
CORS_MAX_AGE: Final = 1_728_000


class Redirects(Struct, frozen=True):
    """Empty is none. `www`: the sibling with or without `www.` leads here."""

    app_root: str = ""
    permanent: str = ""
    permanent_code: int = 301
    temporal: str = ""
    temporal_code: int = 302
    www: bool = False
    keep_slash: bool = False
    port: bool = False
    relative: bool = False


class CorsAsked(Struct, frozen=True):
    """Has an effect only if `enabled`. No origins: all."""

    enabled: bool = False
    origins: tuple[str, ...] = ()
    methods: str = CORS_METHODS
    headers: str = CORS_HEADERS
    expose: str = ""
    credentials: bool = True
    max_age_s: int = CORS_MAX_AGE


class CanaryAsked(Struct, frozen=True):
    enabled: bool = False
    weight: int = 0
    total: int = 100
    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""


class AffinityAsked(Struct, frozen=True):
    """Has an effect only if `enabled`. No path: that of the route."""

    enabled: bool = False
    cookie: str = "INGRESSCOOKIE"
    path: str = ""
    domain: str = ""
    expires_s: int | None = None
    max_age_s: int | None = None
    secure: bool = False
    same_site: str = ""
    persistent: bool = False
    sticky: bool = True
    same_site_by_browser: bool = False
    moves_on_failure: bool = False


class LimitsAsked(Struct, frozen=True):
    per_second: int = 0
    per_minute: int = 0
    burst: int = 5
    connections: int = 0
    rate: int = 0  # of an answer, in bytes per second
    rate_after: int = 0
    exempt: tuple[str, ...] = ()


class AuthAsked(Struct, frozen=True):
    """`kind` is empty where no password is asked for. `password` is what the Secret came to."""

    kind: str = ""
    secret: str = ""
    secret_type: str = "auth-file"  # noqa: S105
    realm: str = ""
    password: Password | None = None


class ClientsAsked(Struct, frozen=True):
    """Certificates of clients. Has an effect only with a `secret`; `found` is what it came to."""

    secret: str = ""
    verify: Verify = Verify.ON
    depth: int = 1
    error_page: str = ""
    passes: bool = False
    subject: str = ""
    found: ClientCertificates | None = None


class EndpointsAsked(Struct, frozen=True):
    """TLS with backends. Has an effect only with a `secret`; `found` is what it came to."""

    secret: str = ""
    verify: bool = False
    depth: int = 1
    name: str = ""
    tells_name: bool = False
    oldest: TlsVersion = TlsVersion.V12
    newest: TlsVersion = TlsVersion.V13
    ciphers: str = ""
    found: EndpointTls | None = None


class HeadersAsked(Struct, frozen=True):
    """`off` in a name or text is nothing; `custom` is the ConfigMap, and `response` what it came to."""

    host: str = ""
    prefix: str = ""
    location_from: str = ""
    location_to: str = ""
    cookie_domain: Replacement | None = None
    cookie_path: Replacement | None = None
    connection: str = ""
    custom: str = ""
    response: tuple[Header, ...] = ()


class MirrorAsked(Struct, frozen=True):
    """Has an effect only with a place. No host: that of the place."""

    place: Place | None = None
    host: str = ""
    body: bool = True


class ErrorsAsked(Struct, frozen=True):
    """`backend` is a Service; None as `statuses`: what the gateway as a whole says."""

    backend: str = ""
    statuses: tuple[int, ...] | None = None
    local_only: bool = False
