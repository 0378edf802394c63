"""What annotations ask for → the filters and backends of one route. Must not know other routes, nor hosts."""

from gateway.ir.filters import Access, Affinity, Blocked, Cors, Filters, Header, Limits, Replacement, Throttle
from gateway.ir.ids import BackendId
from gateway.ir.route import Canary, Errors, Forward, Mirror, Redirect, UpstreamTls
from gateway.translate.compression import compression_of
from gateway.translate.ingress.claims import Claims
from gateway.translate.ingress.settings import external_of
from gateway.translate.rules import Rules

_NOTHING = Filters()


def filters_of(claims: Claims, rules: Rules, path: str, *, rewrites: bool, free: bool) -> Filters | None:
    """None where nothing is asked for: such a route pays for nothing. `path` is that of cookies. `free`: neither a
    password nor another service decides.
    """
    settings = claims.settings
    headers = settings.headers
    password = None if free else settings.auth.password
    external = None if free else external_of(settings, rules).external
    found = Filters(
        blocked=blocked_of(rules),
        cors=_cors(claims),
        limits=_limits(claims, rules),
        access=_access(claims, rules),
        password=password,
        external=external,
        satisfy_any=settings.satisfy_any and (password is not None or external is not None),
        host=headers.host,
        forwarded_prefix=headers.prefix if rewrites else "",
        request_headers=rules.request_headers,
        response_headers=_merged(rules.response_headers, headers.response),
        hidden_headers=rules.hidden_headers,
        location=Replacement(headers.location_from, headers.location_to) if headers.location_from else None,
        cookie_domain=headers.cookie_domain,
        cookie_path=headers.cookie_path,
        affinity=_affinity(claims, path),
        hash_by="" if settings.affinity.enabled else settings.hash_by,
        hash_subset=_subset(claims),
        connection=headers.connection,
        throttle=Throttle(settings.limits.rate, settings.limits.rate_after) if settings.limits.rate else None,
        compression=compression_of(rules.compression),
        logged=settings.logged and rules.logged,
        makes_ids=rules.makes_ids,
        server=rules.server_header,
    )
    return None if found == _NOTHING else found


def general_filters(rules: Rules) -> Filters | None:
    """Of routes that no Ingress has written: what holds for the gateway as a whole."""
    found = Filters(
        blocked=blocked_of(rules),
        access=_lists(rules.allow, (*rules.deny, *rules.block)),
        request_headers=rules.request_headers,
        response_headers=rules.response_headers,
        hidden_headers=rules.hidden_headers,
        compression=compression_of(rules.compression),
        logged=rules.logged and rules.log.unrouted,
        makes_ids=rules.makes_ids,
        server=rules.server_header,
    )
    return None if found == _NOTHING else found


def blocked_of(rules: Rules) -> Blocked | None:
    """Who is not served by any route, also by those that only send their clients elsewhere."""
    return rules.blocked if rules.blocked != Blocked() else None


def redirect_of(claims: Claims) -> Redirect | None:
    """The answer of a route that only sends its clients elsewhere."""
    asked = claims.settings.redirects
    if asked.temporal:
        return Redirect(asked.temporal, asked.temporal_code, query=False, relative=asked.relative)
    if asked.permanent:
        return Redirect(asked.permanent, asked.permanent_code, query=False, relative=asked.relative)
    return None


def errors_of(claims: Claims, rules: Rules) -> Errors | None:
    asked = claims.settings.errors
    statuses = rules.custom_errors if asked.statuses is None else asked.statuses
    backend = spare_of(claims) or rules.default_backend_service
    if not statuses or backend is None:
        return None
    return Errors(statuses, backend, asked.local_only or rules.local_errors_only)


def mirror_of(claims: Claims) -> Mirror | None:
    asked = claims.settings.mirror
    place = asked.place
    if place is None or place.backend is None:
        return None
    tls = UpstreamTls(server_name=place.server_name or None) if place.tls else None
    return Mirror(place.backend, asked.host or place.host, place.target, tls, asked.body)


def spare_of(claims: Claims) -> BackendId | None:
    asked = claims.settings.errors.backend
    return BackendId(claims.subject.namespace, asked, "") if asked else None


def canary_of(claims: Claims, forward: Forward, primary: Forward) -> Canary:
    """A canary is spoken to as its primary is."""
    asked = claims.settings.canary
    return Canary(
        backend=forward.backend,
        tls=primary.tls,
        weight=min(asked.weight, asked.total),
        total=asked.total,
        header=asked.header,
        header_value=asked.header_value if asked.header else "",
        header_pattern=asked.header_pattern if asked.header and not asked.header_value else "",
        cookie=asked.cookie,
    )


def _access(claims: Claims, rules: Rules) -> Access | None:
    """A list of an Ingress stands in place of that of the gateway; what is blocked is blocked everywhere."""
    settings = claims.settings
    allow = rules.allow if settings.allow is None else settings.allow
    deny = rules.deny if settings.deny is None else settings.deny
    return _lists(allow, (*deny, *rules.block))


def _lists(allow: tuple[str, ...], deny: tuple[str, ...]) -> Access | None:
    return Access(allow, deny) if allow or deny else None


def _limits(claims: Claims, rules: Rules) -> Limits | None:
    asked = claims.settings.limits
    if not (asked.per_second or asked.per_minute or asked.connections):
        return None
    return Limits(
        zone=f"{claims.subject.namespace}/{claims.subject.name}",
        rate_status=rules.rate_status,
        connections_status=rules.connections_status,
        per_second=asked.per_second,
        per_minute=asked.per_minute,
        burst=asked.burst,
        connections=asked.connections,
        exempt=asked.exempt,
        by=rules.limits_by,
    )


def _cors(claims: Claims) -> Cors | None:
    asked = claims.settings.cors
    if not asked.enabled:
        return None
    return Cors(
        origins=asked.origins or ("*",),
        methods=asked.methods,
        headers=asked.headers,
        max_age_s=asked.max_age_s,
        expose=asked.expose,
        credentials=asked.credentials,
    )


def _affinity(claims: Claims, path: str) -> Affinity | None:
    asked = claims.settings.affinity
    if not asked.enabled:
        return None
    return Affinity(
        cookie=asked.cookie,
        path=asked.path or path,
        domain=asked.domain,
        expires_s=asked.expires_s,
        max_age_s=asked.max_age_s,
        secure=asked.secure,
        same_site=asked.same_site,
        persistent=asked.persistent,
        sticky=asked.sticky,
        same_site_by_browser=asked.same_site_by_browser,
        moves_on_failure=asked.moves_on_failure,
    )


def _subset(claims: Claims) -> int:
    settings = claims.settings
    hashes = settings.hash_by and settings.hash_subset and not settings.affinity.enabled
    return settings.hash_subset_size if hashes else 0


def _merged(general: tuple[Header, ...], own: tuple[Header, ...]) -> tuple[Header, ...]:
    """Of two headers with one name the Ingress's own is sent."""
    named = {header.name.lower() for header in own}
    return (*(header for header in general if header.name.lower() not in named), *own)
