"""The configuration that stands now, as a tree of segments, changed a piece at a time.

Invariant: the root depends on what is configured and on nothing else: not on the order in which it arrived, nor on what
stood before. (While a unit is in quarantine, that is the configuration with the unit's substitute in its place.)
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

import msgspec
from msgspec import Struct

from gateway.encode import segments
from gateway.encode.digest import Digest, host_key, host_of
from gateway.encode.policies import Policies
from gateway.encode.pool import Pool
from gateway.encode.quarantine import Quarantine
from gateway.encode.shelf import Shelf
from gateway.encode.units import HostUnit, Unit, find, host_bytes
from gateway.ir import version
from gateway.ir.backend import Backend
from gateway.ir.certificate import Certificate
from gateway.ir.changes import Changes
from gateway.ir.ids import BackendId, CertificateId, RouteId
from gateway.ir.match import Prefix
from gateway.ir.policy import Policy
from gateway.ir.route import HostTable, Respond, Route

_CLOSED: Final = Route(RouteId("", "", "", 0, 0), Prefix("/"), Respond(503), Policy(), "/")


class Publication(Struct, frozen=True):
    """A complete configuration. `new` did not exist before; what a peer further behind lacks, `Tree.missing` says.

    `failures` are units that could not be encoded, which is our mistake, never a user's: they stand as they stood.
    """

    root: Digest
    new: Mapping[Digest, bytes]
    failures: tuple[tuple[Unit, Exception], ...] = ()


class Tree:
    """Holds its newest root; whoever needs an older one says `hold` and, when done, `drop`."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._tables: dict[str, Shelf[str]] = {}
        self._backends: Shelf[BackendId] = Shelf(self.pool, segments.id_key, _backend_shard)
        self._certificates: Shelf[CertificateId] = Shelf(self.pool, segments.id_key, _certificate_shard)
        self._policies = Policies(self.pool)
        self._quarantine = Quarantine(self.pool, self._put, self._get, self._closed)
        self._whole = segments.ListenersSegment(())
        self._listeners_digest = self.pool.add(segments.encode(self._whole))
        self._default_certificate: CertificateId | None = None
        self._root: Digest | None = None
        self._root_children: tuple[object, ...] = ()

    @property
    def root(self) -> Digest | None:
        """None before the first `apply`."""
        return self._root

    @property
    def held(self) -> Mapping[Unit, Digest]:
        """The units in quarantine, with the segment that is wanted for each but not served."""
        return self._quarantine.held

    def apply(self, changes: Changes) -> Publication:
        """Fold a difference in. Costs one segment per changed unit, one per shard that holds one, and the root."""
        failures: list[tuple[Unit, Exception]] = []
        values: Iterator[tuple[Unit, HostTable | Backend | Certificate | None]] = chain(
            ((HostUnit(table, host), value) for (table, host), value in changes.hosts.items()),
            changes.backends.items(),
            changes.certificates.items(),
        )
        for unit, value in values:
            try:
                self._quarantine.want(unit, None if value is None else self._leaf(value))
            except Exception as error:  # noqa: BLE001 - isolated: one unit must never hold up the others
                failures.append((unit, error))
        whole = segments.ListenersSegment(changes.listeners, changes.connections, changes.log)
        if whole != self._whole:
            self.pool.drop(self._listeners_digest)
            self._whole = whole
            self._listeners_digest = self.pool.add(segments.encode(whole))
        self._default_certificate = changes.default_certificate
        return msgspec.structs.replace(self._seal(), failures=tuple(failures))

    def refuse(self, digest: Digest, base: Digest | None) -> tuple[Publication, tuple[Unit, ...]] | None:
        """Put every unit that is made of `digest` in quarantine; `base` is the last accepted root.

        None if no unit is to blame, so that only another configuration can help.
        """
        units = [unit for unit, leaf in self._leaves() if digest == leaf or digest in self.pool.children(leaf)]
        if not units:
            return None
        known = base is not None and base in self.pool
        blamed = {unit: find(self.pool, base, unit) if known and base else None for unit in units}
        self._quarantine.refuse(digest, blamed)
        return self._seal(), tuple(units)

    def pardon(self) -> Publication | None:
        """Try every unit in quarantine again: another data plane may judge otherwise. None if there is none."""
        return self._seal() if self._quarantine.pardon() else None

    def segments(self, digests: Iterable[Digest]) -> list[bytes]:
        """What a `want` asked for. A digest that is not known any more is left out."""
        return [self.pool[digest] for digest in digests if digest in self.pool]

    def missing(self, base: Digest | None, root: Digest) -> list[Digest]:
        """What a peer that has all of `base` lacks of `root`."""
        return self.pool.missing(base, root)

    def __contains__(self, digest: Digest) -> bool:
        return digest in self.pool

    def hold(self, root: Digest) -> None:
        self.pool.hold(root)

    def drop(self, root: Digest) -> None:
        self.pool.drop(root)

    def _seal(self) -> Publication:
        changed = self._root is None
        for hosts in self._tables.values():
            changed |= hosts.seal()
        changed |= self._backends.seal()
        changed |= self._certificates.seal()
        named = {listener.table for listener in self._whole.listeners}
        for name in named - self._tables.keys():
            self._table(name)
        for name in [name for name, shelf in self._tables.items() if not len(shelf) and name not in named]:
            self._tables.pop(name).release()
        default = self._default_certificate
        if default is not None and self._certificates.get(default) is None:
            default = None  # in quarantine: the data plane's own certificate is better than no snapshot
        top = (self._listeners_digest, tuple(sorted(self._tables)), default)
        if self._root is None or changed or top != self._root_children:
            self._root_children = top
            self._replace_root(default)
        assert self._root is not None  # noqa: S101 - set in the line above at the latest
        return Publication(self._root, self.pool.take_fresh())

    def _replace_root(self, default: CertificateId | None) -> None:
        tables = {name: self._tables[name].digests() for name in sorted(self._tables)}
        backends, certificates = self._backends.digests(), self._certificates.digests()
        root = segments.Root(
            (version.MAJOR, version.MINOR), self._listeners_digest, tables, backends, certificates, default
        )
        children = {self._listeners_digest, *backends, *certificates}.union(*tables.values())
        before, self._root = self._root, self.pool.add(segments.encode(root), sorted(children))
        if before is not None:
            self.pool.drop(before)

    # The leaves. Each gives the caller one reference.

    def _leaf(self, value: HostTable | Backend | Certificate) -> Digest:
        match value:
            case HostTable():
                return self._host(value)
            case Backend():
                return self._backend(value)
            case Certificate():
                return self._certificate(value)

    def _host(self, table: HostTable) -> Digest:
        policies: list[Digest] = []
        entries: list[segments.RouteEntry] = []
        last: Policy | None = None
        try:
            for route in table.routes:
                if route.policy is not last:  # routes of one object share the very value, so most are not even hashed
                    last = route.policy
                    policies.append(self._policies.take(last))
                entry = segments.RouteEntry(
                    route.id, route.match, route.action, policies[-1], route.display_path, route.errors, route.mirror
                )
                entries.append(entry)
            data = segments.encode(segments.HostSegment(table.host, table.certificate, tuple(entries), table.tls))
            return self.pool.add(data, policies)
        finally:
            for policy in policies:
                self.pool.drop(policy)

    def _backend(self, backend: Backend) -> Digest:
        return self.pool.add(segments.encode(segments.BackendSegment.of(backend)))

    def _certificate(self, certificate: Certificate) -> Digest:
        segment = segments.CertificateSegment(certificate.id, certificate.chain_pem, bytes(certificate.key_pem))
        return self.pool.add(segments.encode(segment))

    def _closed(self, unit: Unit) -> Digest | None:
        """What stands in for a refused unit that has no earlier version: 503, and never another host's routes."""
        if isinstance(unit, HostUnit):
            return self._host(HostTable(unit.host, (_CLOSED,)))
        return self._backend(Backend(unit, ())) if isinstance(unit, BackendId) else None

    # The shelves.

    def _put(self, unit: Unit, digest: Digest | None) -> None:
        if isinstance(unit, HostUnit):
            self._table(unit.table).put(host_key(unit.host), digest)
        elif isinstance(unit, BackendId):
            self._backends.put(unit, digest)
        else:
            self._certificates.put(unit, digest)

    def _get(self, unit: Unit) -> Digest | None:
        if isinstance(unit, HostUnit):
            return self._table(unit.table).get(host_key(unit.host))
        return self._backends.get(unit) if isinstance(unit, BackendId) else self._certificates.get(unit)

    def _leaves(self) -> Iterable[tuple[Unit, Digest]]:
        for name, shelf in self._tables.items():
            for key, digest in shelf:
                yield HostUnit(name, host_of(key)), digest
        yield from self._backends
        yield from self._certificates

    def _table(self, name: str) -> Shelf[str]:
        shelf = self._tables.get(name)
        if shelf is None:
            shelf = self._tables[name] = Shelf(self.pool, host_bytes, segments.HostShard)
        return shelf


def _backend_shard(units: dict[BackendId, Digest]) -> segments.Segment:
    return segments.BackendShard(tuple(units.items()))


def _certificate_shard(units: dict[CertificateId, Digest]) -> segments.Segment:
    return segments.CertificateShard(tuple(units.items()))
