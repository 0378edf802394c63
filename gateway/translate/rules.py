"""The settings of a translation, and what it needs to know from outside. Frozen: other rules are another translator."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from gateway.ir.backend import Balance, Endpoint
from gateway.ir.connections import Connections
from gateway.ir.filters import Blocked, Header
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.log import AccessLog
from gateway.ir.peers import ListenerTls
from gateway.ir.policy import Policy, RequestBody, Retries, Timeouts
from gateway.objects.meta import ObjectKey
from gateway.translate.authorisation import ExternalAsked
from gateway.translate.compression import Asked
from gateway.translate.forwarders import Believed
from gateway.translate.ingress.asked import HeadersAsked, LimitsAsked, Redirects

PREFIX: Final = "nginx.ingress.kubernetes.io"
TABLE: Final = "main"
LISTENERS: Final = (Listener("http", Protocol.HTTP, TABLE), Listener("https", Protocol.HTTPS, TABLE))
_POLICY: Final = Policy()

RegexCheck = Callable[[str, bool], tuple[str | None, str | None]]
CertificateCheck = Callable[[bytes, bytes], Mapping[str, object]]
AuthorityCheck = Callable[[bytes, bytes], None]
ListCheck = Callable[[str], str | None]
ServiceMap = Callable[[str, str, str], tuple[Endpoint, ...] | None]


class Rules(Struct, frozen=True, kw_only=True):
    """Defaults are those of ingress-nginx.

    Every `check_*` has the meaning that it has in `gateway._core`. `service_map` gives the
    endpoints of (namespace, service, port) from the command line, which win over everything. `now` is Unix seconds.
    """

    check_regex: RegexCheck
    check_certificate: CertificateCheck
    check_authority: AuthorityCheck
    check_ciphers: ListCheck
    check_groups: ListCheck
    now: Callable[[], float]
    service_map: ServiceMap = lambda _namespace, _service, _port: None

    ingress_class: str = "nginx"
    controller_class: str = "k8s.io/ingress-nginx"
    watch_ingress_without_class: bool = False
    ingress_class_by_name: bool = False
    class_objects_required: bool = (
        True  # False: a class of our name needs no IngressClass object (files have no server)
    )

    annotations_prefix: str = PREFIX
    ssl_redirect: bool = True
    force_ssl_redirect: bool = False
    https_redirect_status: int = 308
    no_tls_redirect_locations: tuple[str, ...] = ("/.well-known/acme-challenge",)  # prefixes of paths as written
    hsts: str | None = "max-age=31536000; includeSubDomains"
    timeouts: Timeouts = _POLICY.timeouts
    body_limit_bytes: int = _POLICY.body_limit_bytes
    tries: int = _POLICY.tries
    retries: Retries = _POLICY.retries
    request_body: RequestBody = _POLICY.request_body
    http10: bool = _POLICY.http10
    service_upstream: bool = False
    balance: Balance = Balance.ROUND_ROBIN
    hash_by: str = ""
    hash_subset: bool = False
    hash_subset_size: int = 3
    redirects: Redirects = Redirects()
    headers: HeadersAsked = HeadersAsked()
    limits: LimitsAsked = LimitsAsked()
    external_names: bool = False  # follow Services of type ExternalName
    strict_path_type: bool = True
    catch_all: bool = True  # serve what is for every host
    believed: Believed = Believed()
    listener_tls: ListenerTls = ListenerTls()
    endpoint_tls_shared: bool = True  # by the Ingresses of a host and namespace
    connections: Connections = Connections()

    # What the options say; see `options`.
    without_snippets: bool = False  # text of the options that may keep requests out closes nothing
    cross_namespace: bool = False  # references to other namespaces need no grant
    closed_by: str = ""  # the option for which every route answers 503
    external: ExternalAsked = ExternalAsked()  # the service that is asked about requests of Ingresses that name none
    no_auth_locations: tuple[str, ...] = ("/.well-known/acme-challenge",)  # prefixes of paths as written
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    blocked: Blocked = Blocked()
    rate_status: int = 503
    connections_status: int = 503
    limits_by: str = ""  # a text; empty is the client's address
    log: AccessLog = AccessLog()
    logged: bool = True  # requests that a route takes are in the access log
    original_uri: bool = False  # upstreams get X-Original-URI
    original_host_in: str = ""  # the header that X-Original-Forwarded-Host repeats; empty is X-Forwarded-Host
    makes_ids: bool = True  # upstreams get an X-Request-ID where the client has sent none
    server_header: bool = False  # clients get the Server of upstreams
    request_headers_in: str = ""  # the ConfigMap, as the option names it
    response_headers_in: str = ""
    request_headers: tuple[Header, ...] = ()
    response_headers: tuple[Header, ...] = ()
    hidden_headers: tuple[str, ...] = ()
    compression: Asked = Asked()
    allowed_response_headers: tuple[str, ...] = ()
    custom_errors: tuple[int, ...] = ()
    local_errors_only: bool = False

    options: ObjectKey | None = None  # ConfigMaps
    tcp_services: ObjectKey | None = None
    udp_services: ObjectKey | None = None
    default_ssl_certificate: CertificateId | None = None
    default_backend_service: BackendId | None = None  # an empty port is the Service's first
    alone: bool = False  # one object is judged without the others: what it refers to may be there all the same
    listeners: tuple[Listener, ...] = LISTENERS
    table: str = TABLE
