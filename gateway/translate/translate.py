"""The translation as a whole, incremental: a set of dirty objects → the units that they can affect, built anew.

There are four kinds of unit, each a pure function of the view: the claims of an Ingress, a host, a backend, a
certificate. This file only knows which unit depends on which. Building everything and building what changed go the same
way, so they cannot differ, but for one thing: a certificate is made of the one before it, too, which stays when its
Secret breaks.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from gateway.ir.backend import Backend
from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId
from gateway.ir.listener import Listener, Protocol
from gateway.ir.peers import ListenerTls
from gateway.ir.route import HostTable
from gateway.objects.meta import ObjectKey
from gateway.store.events import NAME, host_name
from gateway.store.links import Links
from gateway.store.view import View
from gateway.translate import options, refs
from gateway.translate.backends import BackendUnit, build_backend
from gateway.translate.ingress.aliases import host_like
from gateway.translate.ingress.build import HostUnit, build_host
from gateway.translate.ingress.certificates import TlsState
from gateway.translate.ingress.claims import Claims, changed_hosts, read_claims
from gateway.translate.ingress.lent import lend, taken
from gateway.translate.ingress.settings import standard
from gateway.translate.names import wildcard_of
from gateway.translate.order import Rank, by_seniority, rank
from gateway.translate.parameters import Parameters
from gateway.translate.remarks import (
    default_backend_verdicts,
    default_certificate_verdicts,
    dispute,
    remarks_on,
)
from gateway.translate.rules import Rules
from gateway.translate.secrets import CertificateUnit, build_certificate, secret_key
from gateway.translate.usage import Usage, Want
from gateway.verdicts.report import Report
from gateway.verdicts.verdict import Verdict

T = TypeVar("T")
Name = tuple[str, str]  # namespace and name of an object whose kind is clear

SERVICE_NAME: Final = "kubernetes.io/service-name"
_NO_TLS: Final = TlsState()


class Work(NamedTuple):
    """How many units of each kind an update has built."""

    claims: int = 0
    hosts: int = 0
    backends: int = 0
    certificates: int = 0


class Translator:
    """Not thread-safe. `view` is read during `update` and `verdicts` only."""

    def __init__(self, view: View, rules: Rules) -> None:
        self._view = view
        self._given = rules
        self._rules = rules  # with the options of the ConfigMap
        self._header_maps: frozenset[ObjectKey] = frozenset()  # that its options name
        self._parameters = Parameters(view)
        self._claims: dict[Name, Claims] = {}
        self._hosts: dict[str, HostUnit] = {}
        self._backends: dict[BackendId, BackendUnit] = {}
        self._certificates: dict[CertificateId, CertificateUnit] = {}
        self._by_class: Links[Name, str] = Links()
        self._by_host: Links[Name, str] = Links()
        self._by_name: Links[Name, str] = Links()  # names that are lent
        self._by_material: Links[Name, ObjectKey] = Links()
        self._by_certificate: Links[Name, CertificateId] = Links()
        self._by_service: Links[BackendId, Name] = Links()
        self._by_slice: Links[BackendId, Name] = Links()
        self._by_external: Links[BackendId, str] = Links()  # by the name that they lead to
        self._below: Links[str, str] = Links()  # hosts by the wildcard that also covers them
        self._lent: Links[str, str] = Links()  # names by the host that has lent them
        self._usage: Usage[Name] = Usage()
        self._upstream: dict[BackendId, Want] = {}  # what its users have decided
        self._remarked: set[BackendId] = set()
        self._report = Report()
        self._told: tuple[Verdict, ...] | None = None
        self._begun = False
        self._came_or_went: dict[Name, bool] = {}
        self.work = Work()  # of the last update
        self.idle = False
        self._references: frozenset[ObjectKey] | None = None

    def update(self, dirty: Iterable[ObjectKey]) -> Changes:
        """What has become different, given every object that may have. The first call is given all of them."""
        keys = set(dirty)
        everywhere = self._follow_options(keys)
        reclassed = self._follow_classes(keys, everywhere=everywhere)
        touched = _Touched(backends=self._backends_of(keys), certificates=self._certificates_of(keys))
        first = not self._begun
        if first:
            self._add_fixed(touched)
        ingresses = self._ingresses_of(keys)
        if everywhere:
            touched.hosts |= self._hosts.keys()
            touched.backends |= self._backends.keys()
            ingresses = sorted({*ingresses, *self._claims})
        elif reclassed:
            ingresses = sorted({*ingresses, *reclassed})
        self.idle = not (first or ingresses or touched) and all(key.kind == "EndpointSlice" for key in keys)
        if self.idle and keys:
            return Changes({}, {}, {}, self._listeners(), self._default(), self._rules.connections, self._rules.log)
        self._told = None
        if touched.certificates or ingresses:
            self._references = None
        self._report_on(keys)
        for name in ingresses:
            self._read(name, touched)
        certificates = {identity: self._certificate(identity, touched) for identity in sorted(touched.certificates)}
        hosts = self._build_hosts(touched.hosts)
        backends = {identity: self._backend(identity) for identity in sorted(touched.backends)}
        self.work = Work(len(ingresses), len(hosts), len(backends), len(certificates))
        return Changes(
            hosts={(self._rules.table, host): built.value for host, built in hosts.items() if built.changed},
            backends={identity: built.value for identity, built in backends.items() if built.changed},
            certificates={identity: built.value for identity, built in certificates.items() if built.changed},
            listeners=self._listeners(),
            default_certificate=self._default(),
            connections=self._rules.connections,
            log=self._rules.log,
        )

    def _listeners(self) -> tuple[Listener, ...]:
        believed, tls = self._rules.believed, self._rules.listener_tls
        told = {"forwarders": believed.forwarders(), "proxy_headers": believed.introducers()}
        settled = standard(tls) if tls != ListenerTls() else None
        return tuple(
            replace(one, **told, tls=settled if one.protocol is Protocol.HTTPS else None)
            for one in self._rules.listeners
        )

    def _default(self) -> CertificateId | None:
        default = self._rules.default_ssl_certificate
        return default if default and self._certificates[default].certificate else None

    def references(self) -> frozenset[ObjectKey]:
        """What a source need not watch before it is referred to: Secrets and ConfigMaps in use, and names."""
        if self._references is None:
            names = map(host_name, self._by_external.all())
            named = (key for key in self._by_material.all() if key.kind != refs.GRANT)
            material = (*named, *self._header_maps, *self._parameters.maps)
            self._references = frozenset((*map(secret_key, self._certificates), *material, *names))
        return self._references

    def said(self) -> Iterator[tuple[Hashable, tuple[Verdict, ...]]]:
        """Everything there is to say now, by the units and the Ingresses that say it, without places. Cheap where
        nothing is new.
        """
        yield from self._report.by_owner()
        yield from ((("remarks", name), tuple(remarks)) for name, remarks in self._remarks())

    def place(self, verdict: Verdict) -> Verdict:
        """With the place where its field was written. Asked anew each time: an object may move within its file without
        a change.
        """
        subject = verdict.object
        found = self._view.origin(subject.kind, subject.namespace, subject.name, verdict.field)
        return replace(verdict, origin=found)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Everything there is to say now, each with the place where its field was written, sorted by object."""
        if self._told is None:
            placed = map(self.place, {verdict for _, said in self.said() for verdict in said})
            self._told = tuple(sorted(placed, key=lambda one: (one.object, one.field, one.code, one.value, one.reason)))
        return self._told

    def serves(self, namespace: str, name: str) -> bool:
        """Is this Ingress ours, and is anything of it served?"""
        claims = self._claims.get((namespace, name))
        return claims is not None and bool(claims.hosts)

    def served(self) -> Iterator[Name]:
        """Every Ingress of which that holds."""
        return (name for name, claims in self._claims.items() if claims.hosts)

    def take_served(self) -> dict[Name, bool]:
        """What of that changed since the last call: True for an Ingress that came, or is another under an old name."""
        changes, self._came_or_went = self._came_or_went, {}
        return changes

    # === which units are affected ===

    def _follow_options(self, keys: Collection[ObjectKey]) -> bool:
        """Have the options of the whole gateway changed, so that everything is to be built anew?"""
        key = self._given.options
        if key is None or ({key} | self._header_maps).isdisjoint(keys):
            return False
        before, self._rules = self._rules, options.applied(self._given, self._view)
        maps = options.header_maps(self._rules)
        if maps != self._header_maps:
            self._header_maps, self._references = maps, None
        self._report.replace(key, options.judge(key, self._view, self._rules))
        return before != self._rules

    def _follow_classes(self, keys: Collection[ObjectKey], *, everywhere: bool) -> set[Name]:
        """The Ingresses of classes whose rules may have changed."""
        before = self._parameters.maps
        found: set[Name] = set()
        for name in self._parameters.follow(keys, self._rules, everywhere=everywhere):
            self._report.replace(ObjectKey("IngressClass", "", name), self._parameters.verdicts(name))
            found |= self._by_class.referrers(name)
        if self._parameters.maps != before:
            self._references = None
        return found

    def _add_fixed(self, touched: "_Touched") -> None:
        """What the settings ask for, whatever the objects."""
        self._begun = True
        self._report_on(options.named(self._rules))
        if self._rules.default_ssl_certificate is not None:
            touched.certificates.add(self._rules.default_ssl_certificate)
        if self._rules.default_backend_service is not None:
            touched.backends.add(self._rules.default_backend_service)
            touched.hosts.add("")

    def _report_on(self, keys: Collection[ObjectKey]) -> None:
        """Objects that are no unit, and that there is something to say of."""
        for key in options.named(self._rules).intersection(keys):
            self._report.replace(key, options.judge(key, self._view, self._rules))

    def _backends_of(self, keys: Collection[ObjectKey]) -> set[BackendId]:
        found: set[BackendId] = set()
        for kind, namespace, name in keys:
            if kind == "Service":
                found |= self._by_service.referrers((namespace, name))
            elif kind == NAME:
                found |= self._by_external.referrers(name)
            elif kind == "EndpointSlice":
                found |= self._by_slice.referrers((namespace, name))  # those that it was part of
                one = self._view.endpoint_slice(namespace, name)
                if one is not None:
                    found |= self._by_service.referrers((namespace, one.metadata.labels.get(SERVICE_NAME, "")))
        return found

    def _certificates_of(self, keys: Collection[ObjectKey]) -> set[CertificateId]:
        found = {CertificateId(key.namespace, key.name) for key in keys if key.kind == "Secret"}
        return found & self._certificates.keys()

    def _ingresses_of(self, keys: Collection[ObjectKey]) -> list[Name]:
        found: set[Name] = set()
        for key in keys:
            kind, namespace, name = key
            if kind == "Ingress":
                found.add((namespace, name))
            elif kind in ("Secret", "ConfigMap"):
                found |= self._by_material.referrers(key)
            elif kind == refs.GRANT:
                found |= self._by_grants(namespace)
            elif kind == "IngressClass" and name:
                found |= self._by_class.referrers(name)
            elif kind == "IngressClass":  # whether any can be read at all
                found |= {(one.metadata.namespace, one.metadata.name) for one in self._view.ingresses()}
        return sorted(found)

    def _by_grants(self, namespace: str) -> set[Name]:
        """Those who depend on the grants of a namespace; empty: of any."""
        keys = (
            [refs.grants_in(namespace)]
            if namespace
            else [key for key in self._by_material.all() if key.kind == refs.GRANT]
        )
        return {name for key in keys for name in self._by_material.referrers(key)}

    # === the units ===

    def _read(self, name: Name, touched: "_Touched") -> None:
        ingress = self._view.ingress(*name)
        old = self._claims.get(name)
        new = None
        if ingress is not None:
            own = self._parameters.rules_of(ingress.spec.ingress_class_name or "")
            new = read_claims(ingress, self._view, self._rules, own)
        if new == old:
            return
        if new is not None:
            self._claims[name] = new
        else:
            del self._claims[name]
        before, after = old.seniority if old and old.hosts else None, new.seniority if new and new.hosts else None
        if before != after:
            self._came_or_went[name] = after is not None
        self._report.replace(name, new.verdicts if new else ())
        self._by_class.set_refs(name, (new.class_name,) if new and new.class_name else ())
        self._by_host.set_refs(name, new.hosts if new else ())
        self._by_name.set_refs(name, new.names if new else ())
        self._by_material.set_refs(name, new.material if new else ())
        certificates = {entry.certificate for entry in new.tls if entry.certificate} if new else set()
        self._by_certificate.set_refs(name, certificates)
        touched.certificates |= certificates - self._certificates.keys()
        touched.certificates |= (
            {entry.certificate for entry in old.tls if entry.certificate} - certificates if old else set()
        )
        touched.hosts |= changed_hosts(old, new)
        self._use(name, old, new, touched)

    def _use(self, name: Name, old: Claims | None, new: Claims | None, touched: "_Touched") -> None:
        before = {reference.backend for reference in old.references} if old else set()
        after = {reference.backend for reference in new.references} if new else set()
        self._usage.remove(name, before)
        if new is not None:
            self._usage.add(name, after, Want(new.settings.service_upstream, new.settings.balance))
        for identity in before | after:
            known = identity in self._backends
            if not known or not self._is_used(identity) or self._decide(identity) != self._upstream.get(identity):
                touched.backends.add(identity)

    def _is_used(self, identity: BackendId) -> bool:
        return bool(self._usage.users(identity)) or identity == self._rules.default_backend_service

    def _decide(self, identity: BackendId) -> Want:
        if not self._usage.users(identity):
            return Want(self._rules.service_upstream, self._rules.balance)
        return self._usage.decide(identity, lambda users: max(users, key=self._rank))

    def _rank(self, name: Name) -> Rank:
        return rank(self._claims[name])

    def _certificate(self, identity: CertificateId, touched: "_Touched") -> "_Built[Certificate]":
        users = self._by_certificate.referrers(identity)
        old = self._certificates.get(identity)
        is_default = identity == self._rules.default_ssl_certificate
        if not users and not is_default:
            self._certificates.pop(identity, None)
            return _Built(None, changed=old is not None and old.certificate is not None)
        new = self._certificates[identity] = build_certificate(self._view, self._rules, identity, old)
        if is_default:
            self._report.replace(identity, default_certificate_verdicts(identity, new))
        if old is None or (old.names, old.flaws, old.certificate is None) != (
            new.names,
            new.flaws,
            new.certificate is None,
        ):
            touched.hosts.update(host for name in users for host in self._claims[name].hosts)
        return _Built(new.certificate, changed=new.certificate != (old.certificate if old else None))

    def _build_hosts(self, hosts: set[str]) -> dict[str, "_Built[HostTable]"]:
        """Wildcards first, because hosts below them may take over their TLS."""
        lent = {host for host in hosts if host and not self._is_own(host)}
        hosts = hosts - lent
        lent |= {name for host in lent for name in self._lent.referrers(host)}
        built = {}
        for host in sorted(host for host in hosts if host.startswith("*.")):
            before = self._tls(host)
            built[host] = self._host(host)
            if self._tls(host) != before:
                hosts |= self._below.referrers(host)
        for host in sorted(hosts - built.keys()):
            built[host] = self._host(host)
        # Names that are lent come last: they are made of the hosts that lend them.
        for host, one in built.items():
            lent |= self._lent.referrers(host) if one.changed else set()
        for name in sorted(lent - built.keys()):
            built[name] = self._borrow(name)
        return built

    def _is_own(self, host: str) -> bool:
        """Has some Ingress this host itself, and not as a canary only?"""
        return any(not self._claims[name].canary for name in self._by_host.referrers(host))

    def _tls(self, host: str | None) -> TlsState:
        unit = self._hosts.get(host) if host else None
        return unit.tls if unit else _NO_TLS

    def _host(self, host: str) -> "_Built[HostTable]":
        claimants = by_seniority(self._claims[name] for name in self._by_host.referrers(host))
        lenders = by_seniority(self._claims[name] for name in self._by_name.referrers(host))
        self._lent.set_refs(host, ())
        wildcard = wildcard_of(host)
        self._below.set_refs(host, (wildcard,) if wildcard and claimants else ())
        old = self._hosts.pop(host, None)
        own = any(not claims.canary for claims in claimants)
        if not own and (host or self._rules.default_backend_service is None):
            self._report.replace(host)
            return _Built(None, changed=old is not None)
        new = build_host(host, claimants, self._certificates.__getitem__, self._tls(wildcard), self._rules)
        self._hosts[host] = new
        self._report.replace(host, (*new.verdicts, *taken(host, lenders, self._rules)))
        return _Built(new.table, changed=old is None or new.table != old.table)

    def _borrow(self, host: str) -> "_Built[HostTable]":
        """A host that no Ingress has but as a canary, or that others lend their routes to."""
        canaries = by_seniority(self._claims[name] for name in self._by_host.referrers(host))
        lenders = by_seniority(self._claims[name] for name in self._by_name.referrers(host))
        old = self._hosts.pop(host, None)
        self._below.set_refs(host, ())
        verdicts = build_host(host, canaries, self._certificates.__getitem__, _NO_TLS, self._rules).verdicts
        # All who may lend are remembered, whether they are there already or not, and who may have the name itself.
        like = host_like(host)
        self._lent.set_refs(host, {one for claims in lenders for one in (*claims.hosts, like) if one != host})
        if like and like != host and self._is_own(like):
            self._report.replace(host, (*verdicts, *taken(host, lenders, self._rules)))
            return _Built(None, changed=old is not None)
        self._report.replace(host, verdicts)
        lent = lend(host, lenders, self._lender, self._covers, self._rules)
        if lent is None:
            return _Built(None, changed=old is not None)
        new = self._hosts[host] = lent.unit
        return _Built(new.table, changed=old is None or new.table != old.table)

    def _lender(self, host: str) -> HostUnit | None:
        """A host that some Ingress has itself: a name is not lent on."""
        return self._hosts.get(host) if self._is_own(host) else None

    def _covers(self, identity: CertificateId, host: str) -> bool:
        unit = self._certificates.get(identity)
        return unit is not None and unit.covers(host)

    def _backend(self, identity: BackendId) -> "_Built[Backend]":
        old = self._backends.pop(identity, None)
        self._upstream.pop(identity, None)
        self._remarked.discard(identity)
        if not self._is_used(identity):
            self._by_service.set_refs(identity, ())
            self._by_slice.set_refs(identity, ())
            self._lead(identity, "")
            self._report.replace(identity)
            return _Built(None, changed=old is not None)
        want = self._upstream[identity] = self._decide(identity)
        new = build_backend(self._view, self._rules, identity, service_upstream=want.upstream)
        if want.balance is not new.backend.balance:
            new = replace(new, backend=replace(new.backend, balance=want.balance))
        self._backends[identity] = new
        if new.remarks:
            self._remarked.add(identity)
        self._by_service.set_refs(identity, ((identity.namespace, identity.service),))
        self._by_slice.set_refs(identity, ((identity.namespace, name) for name in new.slices))
        self._lead(identity, new.host)
        verdicts = new.verdicts
        if identity == self._rules.default_backend_service:
            verdicts += default_backend_verdicts(identity, new)
        self._report.replace(identity, verdicts)
        return _Built(new.backend, changed=old is None or new.backend != old.backend)

    def _lead(self, identity: BackendId, host: str) -> None:
        hosts = frozenset((host,)) if host else frozenset()
        if hosts != self._by_external.refs(identity):
            self._by_external.set_refs(identity, hosts)
            self._references = None

    # === what there is to say ===

    def _remarks(self) -> Iterator[tuple[Name, list[Verdict]]]:
        """What is wrong with a backend is told to everyone who refers to it. A backend may have a hundred thousand
        referrers, so this waits until somebody asks.
        """
        disputed = self._usage.disputed
        for name in {name for identity in self._remarked | disputed for name in self._usage.users(identity)}:
            claims = self._claims[name]
            found: list[Verdict] = []
            for reference in claims.references:
                found += remarks_on(claims, reference, self._backends[reference.backend])
                if reference.backend in disputed:
                    decided = self._upstream[reference.backend]
                    found += dispute(claims, reference, self._rules.annotations_prefix, decided)
            yield name, found


class _Touched(Struct):
    """The units to build."""

    hosts: set[str] = field(default_factory=set)
    backends: set[BackendId] = field(default_factory=set)
    certificates: set[CertificateId] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.hosts or self.backends or self.certificates)


class _Built(NamedTuple, Generic[T]):
    """None: there is no such unit any more."""

    value: T | None
    changed: bool
