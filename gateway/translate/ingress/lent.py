"""Names that a host has besides its own: aliases, and the sibling with or without `www.` that leads to it."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.ids import CertificateId, RouteId
from gateway.ir.match import Prefix
from gateway.ir.policy import Policy
from gateway.ir.route import HostTable, RedirectHost, Route
from gateway.translate.ingress.aliases import host_like, names_at
from gateway.translate.ingress.annotations.read import field_of
from gateway.translate.ingress.build import HostUnit
from gateway.translate.ingress.certificates import TlsState
from gateway.translate.ingress.claims import Claims, www_sibling
from gateway.translate.ingress.settings import canonical
from gateway.translate.rules import Rules
from gateway.verdicts import reasons_filters
from gateway.verdicts.verdict import Verdict

Hosts = Callable[[str], HostUnit | None]
Covers = Callable[[CertificateId, str], bool]


class Lent(Struct, frozen=True):
    """`lender` is the host that the name was lent by; it changes with it."""

    unit: HostUnit
    lender: str


def lend(name: str, lenders: Sequence[Claims], hosts: Hosts, covers: Covers, rules: Rules) -> Lent | None:
    """The table of a name that no Ingress has as a host, by the first host of the oldest Ingress that lends it."""
    for claims in lenders:
        for host in claims.hosts:
            unit = hosts(host)
            if unit is None:
                continue
            if name in names_at(claims.settings.aliases, host):
                return Lent(_alias(name, unit, covers), host)
            if claims.settings.redirects.www and www_sibling(host) == name:
                return Lent(_www(host, claims, name, _tls(name, unit, covers), rules), host)
    return None


def taken(name: str, lenders: Sequence[Claims], rules: Rules) -> Iterator[Verdict]:
    """To those who give away a name that is a host of its own. Of `www.` it is what most people want."""
    host = host_like(name)
    for claims in lenders:
        if host in claims.settings.aliases and host not in claims.hosts:
            yield reasons_filters.ALIAS_TAKEN.verdict(
                claims.subject,
                field_of(rules.annotations_prefix, "server-alias"),
                host,
                "an Ingress has this host itself",
                "take the name out of one of the two",
            )


def _tls(name: str, unit: HostUnit, covers: Covers) -> TlsState:
    shown = unit.tls.certificate
    host = host_like(name)
    return replace(unit.tls, certificate=shown if host and shown is not None and covers(shown, host) else None)


def _alias(name: str, unit: HostUnit, covers: Covers) -> HostUnit:
    tls = _tls(name, unit, covers)
    return HostUnit(HostTable(name, unit.table.routes, tls.certificate, unit.table.tls), tls)


def _www(host: str, claims: Claims, name: str, tls: TlsState, rules: Rules) -> HostUnit:
    rule = claims.hosts[host].rule
    paths = claims.paths_per_rule[rule] + 2 if claims.paths_per_rule else 3  # after the fallback and app-root
    identity = RouteId("Ingress", claims.subject.namespace, claims.subject.name, rule, paths)
    rules = claims.rules or rules
    policy = canonical(Policy(body_limit_bytes=0, hsts=rules.hsts))
    route = Route(identity, Prefix("/"), RedirectHost(host, rules.https_redirect_status), policy, "/")
    return HostUnit(HostTable(name, (route,), tls.certificate), tls)
