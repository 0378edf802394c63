"""What the annotations of one Ingress come to. Annotations write it, one field each; `build` reads it."""

from functools import lru_cache
from typing import Final, TypeVar

from msgspec import NODEFAULT, Struct
from msgspec.structs import replace

from gateway.ir.backend import Balance
from gateway.ir.policy import Policy, RequestBody, Retries, Timeouts
from gateway.translate.authorisation import ExternalAsked
from gateway.translate.ingress.asked import (
    AffinityAsked,
    AuthAsked,
    CanaryAsked,
    ClientsAsked,
    CorsAsked,
    EndpointsAsked,
    ErrorsAsked,
    HeadersAsked,
    LimitsAsked,
    MirrorAsked,
    Redirects,
)
from gateway.translate.rules import Rules

S = TypeVar("S", bound=Struct)
_POLICY: Final = Policy()


class Settings(Struct, frozen=True):
    """`closed`: its routes answer 503. `closes_host` names the annotation for which all routes of its hosts do."""

    timeouts: Timeouts
    body_limit_bytes: int
    ssl_redirect: bool
    force_ssl_redirect: bool
    service_upstream: bool
    tries: int
    retries: Retries
    request_body: RequestBody
    http10: bool
    balance: Balance
    use_regex: bool = False
    rewrite_target: str = ""  # empty is none
    upstream_tls: bool = False
    redirects: Redirects = Redirects()
    aliases: tuple[str, ...] = ()
    headers: HeadersAsked = HeadersAsked()
    errors: ErrorsAsked = ErrorsAsked()
    mirror: MirrorAsked = MirrorAsked()
    allow: tuple[str, ...] | None = None  # None: what the gateway as a whole says
    deny: tuple[str, ...] | None = None
    limits: LimitsAsked = LimitsAsked()
    cors: CorsAsked = CorsAsked()
    affinity: AffinityAsked = AffinityAsked()
    hash_by: str = ""
    hash_subset: bool = False
    hash_subset_size: int = 3
    canary: CanaryAsked = CanaryAsked()
    auth: AuthAsked = AuthAsked()
    external: ExternalAsked = ExternalAsked()
    satisfy_any: bool = False
    clients: ClientsAsked = ClientsAsked()
    endpoints: EndpointsAsked = EndpointsAsked()
    ciphers: str = ""  # toward clients, of TLS 1.2; empty is none
    client_order: bool | None = None  # of them
    global_auth: bool = True  # what the gateway asks everybody is asked here, too
    logged: bool = True
    closed: bool = False
    closes_host: str = ""


@lru_cache(maxsize=4096)  # thousands of Ingresses share a few policies
def canonical(policy: Policy) -> Policy:
    """The same policy, with the default objects themselves in place of their equals.

    The encoder leaves out a field only if it holds the very object that is its default, and equal policies are to be
    equal byte for byte, however they came about.
    """
    whole = replace(
        policy,
        timeouts=_with_defaults(policy.timeouts, _POLICY.timeouts),
        retries=_with_defaults(policy.retries, _POLICY.retries),
        request_body=_with_defaults(policy.request_body, _POLICY.request_body),
        filters=standard(policy.filters) if policy.filters is not None else None,
        endpoint_tls=standard(policy.endpoint_tls) if policy.endpoint_tls is not None else None,
    )
    return _with_defaults(whole, _POLICY)


def _with_defaults(value: S, default: S) -> S:
    if value == default:
        return default
    fields = [(name, getattr(value, name), getattr(default, name)) for name in value.__struct_fields__]
    return replace(value, **{name: standard for name, held, standard in fields if held == standard})


def standard(value: S) -> S:
    """The value with its defaults in place of their equals, and so are the structs in it."""
    defaults = value.__struct_defaults__
    names = value.__struct_fields__
    required = len(names) - len(defaults)
    changed: dict[str, object] = {}
    for place, name in enumerate(names):
        held = getattr(value, name)
        default = defaults[place - required] if place >= required else NODEFAULT
        if default is not NODEFAULT and held == default and type(held) is type(default):
            changed[name] = default
        elif isinstance(held, Struct):
            changed[name] = standard(held)
        elif isinstance(held, tuple) and any(isinstance(one, Struct) for one in held):
            changed[name] = tuple(standard(one) if isinstance(one, Struct) else one for one in held)
    return replace(value, **changed)


def external_of(settings: Settings, rules: Rules) -> ExternalAsked:
    """The service that is asked: the Ingress's own, or that of the gateway unless the Ingress wants to be without."""
    if settings.external.place is not None or not settings.global_auth:
        return settings.external
    return rules.external


def with_redirects(settings: Settings, **changed: object) -> Settings:
    return replace(settings, redirects=replace(settings.redirects, **changed))


def defaults(rules: Rules) -> Settings:
    return Settings(
        timeouts=rules.timeouts,
        body_limit_bytes=rules.body_limit_bytes,
        ssl_redirect=rules.ssl_redirect,
        force_ssl_redirect=rules.force_ssl_redirect,
        service_upstream=rules.service_upstream,
        tries=rules.tries,
        retries=rules.retries,
        request_body=rules.request_body,
        http10=rules.http10,
        balance=rules.balance,
        redirects=rules.redirects,
        headers=rules.headers,
        limits=rules.limits,
        hash_by=rules.hash_by,
        hash_subset=rules.hash_subset,
        hash_subset_size=rules.hash_subset_size,
    )
