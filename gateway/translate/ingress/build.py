"""All that Ingresses ask for on one host → its table. Pure; the claims are in order of seniority."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from gateway.ir.ids import RouteId
from gateway.ir.match import Prefix
from gateway.ir.policy import HttpsRedirect, Policy, Rewrite
from gateway.ir.route import Action, Forward, HostTable, Redirect, Route
from gateway.translate.ingress.certificates import Certificates, TlsState, choose
from gateway.translate.ingress.claims import NOT_FOUND, UNAVAILABLE, Claims
from gateway.translate.ingress.paths import (
    PathClaim,
    Placed,
    Problem,
    literal_problem,
    looks_like_regex,
    place_literal,
    place_regex,
    regex_problem,
)
from gateway.translate.ingress.settings import canonical
from gateway.translate.limits import ROUTES_PER_HOST
from gateway.translate.rules import Rules
from gateway.verdicts import reasons
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
        self._claimants = claimants
        self._rules = rules
        self._verdicts: list[Verdict] = []
        choice = choose(host, claimants, certificates, wildcard)
        self._tls = choice.state
        self._verdicts.extend(choice.verdicts)
        self._closer = next((claims for claims in claimants if claims.settings.closes_host), None)
        self._policies: dict[tuple[int, bool, bool], Policy] = {}

    def build(self) -> HostUnit:
        regex_by = next(
            (claims for claims in self._claimants if any(path.regex for path in claims.hosts[self._host].paths)), None
        )
        winners = self._winners(regex_by)
        owners = {id(path): claims for claims, path in winners.values()}
        paths = [path for _, path in winners.values()]
        placed: Iterable[Placed] = place_regex(paths) if regex_by is not None else place_literal(paths)
        routes = [self._route(owners[id(one.claim)], one) for one in placed]
        if _ROOT not in winners:
            routes.extend(self._fallback())
        self._say_closed()
        table = HostTable(self._host, tuple(routes), self._tls.certificate)
        return HostUnit(table, self._tls, tuple(self._verdicts))

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
        elif problem := regex_problem(path.text, self._rules):
            text = f"{regex_by.subject} turns the paths of {self._named} into expressions, and this is not one: "
            problem = Problem(text + problem.reason, problem.fix)
            self._say(claims, reasons.BAD_REGEX, f"{path.field}.path", path.text, problem)
            return False
        return True

    def _route(self, claims: Claims, placed: Placed) -> Route:
        path = placed.claim
        identity = RouteId("Ingress", claims.subject.namespace, claims.subject.name, path.rule, path.path)
        action = self._closed(claims) or (Redirect(placed.redirect) if placed.redirect else path.action)
        policy = self._policy(
            claims,
            action,
            redirects=not path.bare and self._redirects(claims, path.text),
            rewrites=path.rewritten and isinstance(action, Forward),
        )
        return Route(identity, placed.match, action, policy, path.text)

    def _fallback(self) -> list[Route]:
        """Paths that nobody asked for: the default backend of the first Ingress that has one, else the gateway's, else
        404. The annotations of that Ingress, or of the first, hold for them, too. Without effect it is left out.
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
        action = self._closed(owner) or owner.default_backend or action
        redirects = self._redirects(owner, "/")
        if action == NOT_FOUND and not redirects:
            return []
        rule = owner.hosts[self._host].rule
        paths = owner.paths_per_rule[rule] if owner.paths_per_rule else 1  # a path of its own, after the last written
        identity = RouteId("Ingress", owner.subject.namespace, owner.subject.name, rule, paths)
        policy = self._policy(owner, action, redirects=redirects, rewrites=False)
        return [Route(identity, Prefix("/"), action, policy, "/")]

    def _closed(self, claims: Claims) -> Action | None:
        return UNAVAILABLE if claims.settings.closed or self._closer is not None else None

    def _redirects(self, claims: Claims, path: str) -> bool:
        settings = claims.settings
        return (settings.force_ssl_redirect or (settings.ssl_redirect and self._tls.tls)) and not path.startswith(
            self._rules.no_tls_redirect_locations
        )

    def _policy(self, claims: Claims, action: Action, *, redirects: bool, rewrites: bool) -> Policy:
        if action == UNAVAILABLE and self._closed(claims):
            return self._bare_policy()  # closed comes before the redirect to https
        key = (id(claims), redirects, rewrites)
        if key not in self._policies:
            settings = claims.settings
            self._policies[key] = canonical(
                Policy(
                    timeouts=settings.timeouts,
                    body_limit_bytes=settings.body_limit_bytes,
                    https_redirect=HttpsRedirect(self._rules.https_redirect_status) if redirects else None,
                    rewrite=Rewrite(settings.rewrite_target) if rewrites else None,
                    hsts=self._rules.hsts,
                    tries=settings.tries,
                    retries=settings.retries,
                    request_body=settings.request_body,
                    http10=settings.http10,
                )
            )
        return self._policies[key]

    def _bare_policy(self) -> Policy:
        rules = self._rules
        return Policy(
            timeouts=rules.timeouts, body_limit_bytes=rules.body_limit_bytes, hsts=rules.hsts, tries=rules.tries
        )

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
