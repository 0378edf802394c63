"""All that Ingresses ask for on one host → its table. Pure; the claims are in order of seniority."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.filters import Filters
from gateway.ir.ids import RouteId
from gateway.ir.match import Exact, Prefix
from gateway.ir.peers import EndpointTls, HostTls
from gateway.ir.policy import HttpsRedirect, Policy, Rewrite
from gateway.ir.route import Action, Forward, HostTable, Redirect, Route
from gateway.translate.ingress.annotations.read import field_of
from gateway.translate.ingress.certificates import Certificates, TlsState, choose
from gateway.translate.ingress.claims import NOT_FOUND, UNAVAILABLE, Claims
from gateway.translate.ingress.filters import (
    blocked_of,
    canary_of,
    errors_of,
    filters_of,
    general_filters,
    mirror_of,
    redirect_of,
    spare_of,
)
from gateway.translate.ingress.paths import (
    PathClaim,
    Placed,
    Problem,
    judge_regex,
    literal_problem,
    looks_like_regex,
    place_literal,
    place_regex,
)
from gateway.translate.ingress.settings import Settings, canonical, external_of
from gateway.translate.limits import CANARIES, ROUTES_PER_HOST
from gateway.translate.rules import Rules
from gateway.verdicts import reasons, reasons_filters
from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import Verdict

_ROOT: Final = (False, "/")


class HostUnit(Struct, frozen=True):
    table: HostTable
    tls: TlsState
    verdicts: tuple[Verdict, ...] = ()


def build_host(
    host: str, claimants: Sequence[Claims], certificates: Certificates, wildcard: TlsState, rules: Rules
) -> HostUnit:
    """`wildcard` is the TLS state of the wildcard that also covers the host."""
    return _Builder(host, claimants, certificates, wildcard, rules).build()


class _Builder:
    def __init__(
        self, host: str, claimants: Sequence[Claims], certificates: Certificates, wildcard: TlsState, rules: Rules
    ) -> None:
        self._host = host
        self._canaries = [claims for claims in claimants if claims.canary]
        claimants = self._claimants = [claims for claims in claimants if not claims.canary]
        self._rules = rules
        self._verdicts: list[Verdict] = []
        choice = choose(host, claimants, certificates, wildcard)
        self._tls = choice.state
        self._verdicts.extend(choice.verdicts)
        self._closer = next((claims for claims in claimants if claims.settings.closes_host), None)
        self._policies: dict[tuple[int, bool, bool, bool, str], Policy] = {}
        self._bare: Policy | None = None

    def build(self) -> HostUnit:
        regex_by = next(
            (claims for claims in self._claimants if any(path.regex for path in claims.hosts[self._host].paths)), None
        )
        winners = self._winners(regex_by)
        owners = {id(path): claims for claims, path in winners.values()}
        paths = [path for _, path in winners.values()]
        placed: Iterable[Placed] = place_regex(paths) if regex_by is not None else place_literal(paths)
        canaries = self._canaries_by_key(winners)
        routes = self._app_root()
        # What app-root answers is not answered by anybody else.
        taken = {route.match for route in routes}
        routes += [
            self._route(owners[id(one.claim)], one, canaries.get(one.claim.key, ()))
            for one in placed
            if one.match not in taken
        ]
        if _ROOT not in winners:
            routes.extend(self._fallback())
        self._say_closed()
        table = HostTable(self._host, tuple(routes), self._tls.certificate, self._client_tls())
        return HostUnit(table, self._tls, tuple(self._verdicts))

    def _client_tls(self) -> HostTls | None:
        """Of each thing the oldest Ingress of the host that asks for it decides."""
        clients = self._oldest("auth-tls-secret", lambda settings: settings.clients.secret, lambda one: one.clients)
        ciphers = self._oldest("ssl-ciphers", lambda settings: settings.ciphers, lambda one: one.ciphers)
        order = self._oldest(
            "ssl-prefer-server-ciphers",
            lambda settings: "" if settings.client_order is None else str(not settings.client_order).lower(),
            lambda one: one.client_order,
        )
        found = HostTls(
            clients.clients.found if clients else None,
            ciphers.ciphers if ciphers and not ciphers.closed else "",
            order.client_order if order else None,
        )
        return None if found == HostTls() else found

    def _oldest(
        self, name: str, text: Callable[[Settings], str], asked: Callable[[Settings], object]
    ) -> Settings | None:
        asking = [claims for claims in self._claimants if text(claims.settings)]
        for claims in asking[1:]:
            if asked(claims.settings) != asked(asking[0].settings):
                self._say_older(claims, asking[0], name, text(claims.settings))
        return asking[0].settings if asking else None

    def _endpoint_tls(self, claims: Claims) -> EndpointTls | None:
        """Its own, or that of the oldest Ingress of the host that has one: of its namespace, because a certificate of
        somebody is not for everybody's backends.
        """
        if not claims.settings.upstream_tls:
            return None
        if claims.settings.endpoints.secret or not self._rules.endpoint_tls_shared:
            return claims.settings.endpoints.found
        namespace = claims.subject.namespace
        same = (one.settings.endpoints.found for one in self._claimants if one.subject.namespace == namespace)
        return next((found for found in same if found is not None), None)

    def _winners(self, regex_by: Claims | None) -> dict[tuple[bool, str], tuple[Claims, PathClaim]]:
        """The claims that are served, by key: the first of each."""
        winners: dict[tuple[bool, str], tuple[Claims, PathClaim]] = {}
        used = 1  # for the fallback
        dropped: Claims | None = None
        for claims in self._claimants:
            if regex_by is not None and not any(path.regex for path in claims.hosts[self._host].paths):
                self._say_regex_host(claims, regex_by)
            for path in claims.hosts[self._host].paths:
                if not self._is_fit(claims, path, regex_by):
                    continue
                if (earlier := winners.get(path.key)) is not None:
                    self._say_duplicate(claims, path, *earlier)
                    continue
                cost = 2 if path.text.endswith("/") else 1  # a prefix with a slash may bring a redirect along
                if used + cost > ROUTES_PER_HOST:
                    if dropped is not claims:
                        self._say_too_many(claims, path)
                    dropped = claims
                    continue
                used += cost
                winners[path.key] = (claims, path)
        return winners

    def _is_fit(self, claims: Claims, path: PathClaim, regex_by: Claims | None) -> bool:
        if path.regex:
            return True  # judged when its Ingress was read
        if regex_by is None:
            if problem := literal_problem(path.text):
                self._say(claims, reasons.PATH_NEVER_MATCHES, f"{path.field}.path", path.text, problem)
                return False
            if looks_like_regex(path):
                fix = f'if it is meant as an expression, set {self._rules.annotations_prefix}/use-regex: "true"'
                problem = Problem("it is compared character by character", fix)
                self._say(claims, reasons.REGEX_TAKEN_LITERALLY, f"{path.field}.path", path.text, problem)
            return True
        refused, slow = judge_regex(path.text, self._rules)
        if refused is not None:
            text = f"{regex_by.subject} turns the paths of {self._named} into expressions, and this is not one: "
            problem = Problem(text + refused.reason, refused.fix)
            self._say(claims, reasons.BAD_REGEX, f"{path.field}.path", path.text, problem)
            return False
        if slow is not None:
            self._say(claims, reasons.BACKTRACKING, f"{path.field}.path", path.text, slow)
        return True

    def _canaries_by_key(
        self, winners: Mapping[tuple[bool, str], tuple[Claims, PathClaim]]
    ) -> dict[tuple[bool, str], list[tuple[Claims, PathClaim]]]:
        """The paths of canaries, by the key of the path that they are for; the oldest canary first."""
        found: dict[tuple[bool, str], list[tuple[Claims, PathClaim]]] = {}
        for claims in self._canaries:
            for path in claims.hosts[self._host].paths:
                if path.key in winners:
                    found.setdefault(path.key, []).append((claims, path))
                else:
                    self._say_alone(claims, path)
        return found

    def _app_root(self) -> list[Route]:
        """The oldest Ingress of the host that has an app-root decides."""
        asking = [claims for claims in self._claimants if claims.settings.redirects.app_root]
        for claims in asking[1:]:
            self._say_older(claims, asking[0], "app-root", claims.settings.redirects.app_root)
        if not asking or self._closed(asking[0]):
            return []
        owner = asking[0]
        rule = owner.hosts[self._host].rule
        paths = owner.paths_per_rule[rule] + 1 if owner.paths_per_rule else 2  # after those written, and the fallback
        identity = RouteId("Ingress", owner.subject.namespace, owner.subject.name, rule, paths)
        action = Redirect(owner.settings.redirects.app_root, 302, query=False)
        rules = self._of(owner)
        blocked = blocked_of(rules)
        filters = Filters(blocked=blocked) if blocked is not None else None
        policy = canonical(Policy(body_limit_bytes=0, hsts=rules.hsts, filters=filters))
        return [Route(identity, Exact("/"), action, policy, "/")]

    def _route(self, claims: Claims, placed: Placed, canaries: Sequence[tuple[Claims, PathClaim]] = ()) -> Route:
        path = placed.claim
        identity = RouteId("Ingress", claims.subject.namespace, claims.subject.name, path.rule, path.path)
        elsewhere = None if path.bare else redirect_of(claims)
        action = self._closed(claims, path.text) or (
            Redirect(placed.redirect, relative=claims.settings.redirects.relative)
            if placed.redirect
            else elsewhere or self._proxied(claims, path, canaries)
        )
        policy = self._policy(
            claims,
            action,
            path,
            redirects=not path.bare and self._redirects(claims, path.text),
            rewrites=path.rewritten and isinstance(action, Forward),
        )
        errors = errors_of(claims, self._of(claims)) if policy is not self._bare else None
        mirror = mirror_of(claims) if isinstance(action, Forward) and not path.bare else None
        return Route(identity, placed.match, action, policy, path.text, errors, mirror)

    def _proxied(self, claims: Claims, path: PathClaim, canaries: Sequence[tuple[Claims, PathClaim]]) -> Action:
        primary = path.action
        if not isinstance(primary, Forward):
            return primary
        found = []
        for canary, same in canaries:
            if not isinstance(same.action, Forward) or canary.settings.closed:
                continue
            if same.action.backend == primary.backend:
                self._say_same(canary, same, claims)
                continue
            found.append(canary_of(canary, same.action, primary))
        return replace(primary, canaries=tuple(found[:CANARIES]), spare=spare_of(claims))

    def _fallback(self) -> list[Route]:
        """Paths that nobody asked for: the default backend of the first Ingress that has one, else the gateway's, else
        404. The annotations of that Ingress, or of the first, hold for them, too: they are redirected, refused and
        answered by the page of an error as its own paths are. Without effect it is left out.
        """
        rules = self._rules
        action: Action = Forward(rules.default_backend_service) if rules.default_backend_service else NOT_FOUND
        if not self._claimants:
            service = rules.default_backend_service
            if service is None:
                return []
            identity = RouteId("Service", service.namespace, service.service, 0, 0)
            return [Route(identity, Prefix("/"), action, self._bare_policy(), "/")]
        owner = next((claims for claims in self._claimants if claims.default_backend is not None), self._claimants[0])
        action = self._closed(owner) or redirect_of(owner) or owner.default_backend or action
        redirects = self._redirects(owner, "/")
        policy = self._policy(owner, action, None, redirects=redirects, rewrites=False)
        errors = errors_of(owner, self._of(owner)) if policy is not self._bare else None
        if (
            errors is not None
            and action == NOT_FOUND
            and (errors.local_only or NOT_FOUND.status not in errors.statuses)
        ):
            errors = None
        if action == NOT_FOUND and errors is None and not redirects and not _decides(policy.filters):
            return []
        rule = owner.hosts[self._host].rule
        paths = owner.paths_per_rule[rule] if owner.paths_per_rule else 1  # a path of its own, after the last written
        identity = RouteId("Ingress", owner.subject.namespace, owner.subject.name, rule, paths)
        return [Route(identity, Prefix("/"), action, policy, "/", errors)]

    def _closed(self, claims: Claims, path: str = "/") -> Action | None:
        rules, settings = self._of(claims), claims.settings
        closed = settings.closed or self._closer is not None or rules.closed_by
        broken = external_of(settings, rules).broken and not self._is_free(claims, path)
        return UNAVAILABLE if closed or broken else None

    def _is_free(self, claims: Claims, path: str) -> bool:
        """Is nobody there asked who they are? Whoever proves that a host is theirs has no password."""
        return path.startswith(self._of(claims).no_auth_locations)

    def _redirects(self, claims: Claims, path: str) -> bool:
        settings = claims.settings
        return (settings.force_ssl_redirect or (settings.ssl_redirect and self._tls.tls)) and not path.startswith(
            self._of(claims).no_tls_redirect_locations
        )

    def _policy(
        self, claims: Claims, action: Action, path: PathClaim | None, *, redirects: bool, rewrites: bool
    ) -> Policy:
        text = path.text if path is not None else "/"
        if action == UNAVAILABLE and self._closed(claims, text):
            return self._bare_policy()  # closed comes before the redirect to https
        cookies = _cookie_path(path) if claims.settings.affinity.enabled else ""
        free = self._is_free(claims, text)
        key = (id(claims), redirects, rewrites, free, cookies)
        if key not in self._policies:
            settings, rules = claims.settings, self._of(claims)
            self._policies[key] = canonical(
                Policy(
                    timeouts=settings.timeouts,
                    body_limit_bytes=settings.body_limit_bytes,
                    https_redirect=HttpsRedirect(
                        rules.https_redirect_status, settings.redirects.keep_slash, settings.redirects.port
                    )
                    if redirects
                    else None,
                    rewrite=Rewrite(settings.rewrite_target) if rewrites else None,
                    hsts=rules.hsts,
                    tries=settings.tries,
                    retries=settings.retries,
                    request_body=settings.request_body,
                    http10=settings.http10,
                    filters=filters_of(claims, rules, cookies, rewrites=rewrites, free=free),
                    endpoint_tls=self._endpoint_tls(claims),
                )
            )
        return self._policies[key]

    def _of(self, claims: Claims) -> Rules:
        """The rules that hold for an Ingress: those of its class, where it has any of its own."""
        return claims.rules or self._rules

    def _bare_policy(self) -> Policy:
        rules = self._rules
        if self._bare is None:
            self._bare = canonical(
                Policy(
                    timeouts=rules.timeouts,
                    body_limit_bytes=rules.body_limit_bytes,
                    hsts=rules.hsts,
                    tries=rules.tries,
                    filters=general_filters(rules),
                )
            )
        return self._bare

    # === what there is to say ===

    def _say(self, claims: Claims, reason: Reason, field: str, value: str, problem: Problem) -> None:
        self._verdicts.append(reason.verdict(claims.subject, field, value, *problem))

    @property
    def _named(self) -> str:
        return self._host or "every other host"

    def _say_duplicate(self, loser: Claims, path: PathClaim, winner: Claims, taken: PathClaim) -> None:
        place = "an earlier path of this Ingress" if winner is loser else str(winner.subject)
        text = f"{place} has this path on {self._named} already ({taken.field}), and comes first"
        field = path.field if path.bare else f"{path.field}.path"
        self._say(loser, reasons.DUPLICATE_PATH, field, path.text, Problem(text, "remove one of them"))

    def _say_alone(self, claims: Claims, path: PathClaim) -> None:
        text = f"no other Ingress has this path with the type {path.type} on {self._named}"
        problem = Problem(text, "write the path and its type as the primary has them, or create the primary")
        self._say(claims, reasons_filters.CANARY_WITHOUT_PRIMARY, f"{path.field}.path", path.text, problem)

    def _say_same(self, canary: Claims, path: PathClaim, primary: Claims) -> None:
        text = f"{primary.subject} sends the requests of this path to the same Service port"
        problem = Problem(text, "name another Service")
        self._say(canary, reasons_filters.CANARY_IS_PRIMARY, f"{path.field}.backend", path.text, problem)

    def _say_older(self, claims: Claims, older: Claims, name: str, value: str) -> None:
        text = f"{older.subject} comes first on {self._named} and has this annotation, too"
        field = field_of(self._rules.annotations_prefix, name)
        self._say(claims, reasons_filters.DECIDED_BY_OLDER, field, value, Problem(text, "set it on one of them"))

    def _say_too_many(self, claims: Claims, path: PathClaim) -> None:
        text = (
            f"{self._named} has more than {ROUTES_PER_HOST} routes; this path and the Ingress's later ones are dropped"
        )
        self._say(
            claims, reasons.TOO_MANY_ROUTES, path.field, path.text, Problem(text, "spread them over several hosts")
        )

    def _say_regex_host(self, claims: Claims, regex_by: Claims) -> None:
        self._say_host(
            claims,
            reasons.REGEX_HOST,
            f"{regex_by.subject} uses use-regex or rewrite-target on this host, so the paths of this Ingress match "
            "case-insensitively and as prefixes",
        )

    def _say_closed(self) -> None:
        if self._closer is None:
            return
        text = (
            f"{self._closer.subject} has the annotation {self._closer.settings.closes_host}, which covers this whole "
            "host and cannot be honoured; the routes of this Ingress answer 503"
        )
        for claims in self._claimants:
            if not claims.settings.closed:
                self._say_host(claims, reasons.HOST_CLOSED, text)

    def _say_host(self, claims: Claims, reason: Reason, text: str) -> None:
        rule = claims.hosts[self._host].rule
        problem = Problem(text, "move one of the two Ingresses to a host of its own")
        self._say(claims, reason, f"spec.rules[{rule}].host", self._host, problem)


def _decides(filters: Filters | None) -> bool:
    """Can they give another answer than 404?"""
    if filters is None:
        return False
    return bool(
        filters.blocked or filters.access or filters.password or filters.external or filters.cors or filters.limits
    )


def _cookie_path(path: PathClaim | None) -> str:
    """The Path of a cookie for a route. That of an expression would be nonsense to browsers."""
    plain = path is not None and not path.regex and re.fullmatch(r"/[!-:<-~]*", path.text, re.ASCII)
    return path.text if path is not None and plain else "/"
