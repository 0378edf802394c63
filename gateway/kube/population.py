"""The objects that a reflector knows, and what a list or an event changes about them. Does no I/O, knows no clock."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.kube.decode import Flawed, Identity
from gateway.objects.kinds import Object
from gateway.objects.meta import Metadata, ObjectKey
from gateway.objects.problems import Problem


class Batch(Struct, frozen=True):
    """What changed together. A key stands in at most one of `upserts` and `deletes`.

    `flaws` says of an object why its newest version cannot be used, or with nothing that it can again. It stays as it
    last was meanwhile; one that was never usable is not there.
    """

    upserts: Mapping[ObjectKey, Object]
    deletes: frozenset[ObjectKey]
    flaws: Mapping[ObjectKey, tuple[Problem, ...]]

    def __bool__(self) -> bool:
        return bool(self.upserts or self.deletes or self.flaws)


class _Known(Struct):
    """`object` is None for one that was never usable; `version` is that of the newest that came, usable or not."""

    uid: str
    version: str
    object: Object | None
    flawed: bool = False


class Fresh:
    """What a list, or the first events of a watch, say there is."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.version = ""
        self.complete = True
        """False if something in it could not even be named: then nothing may be taken for gone."""
        self.found: dict[ObjectKey, Object | Flawed] = {}

    def add(self, one: Object | Flawed) -> None:
        key = one.key if isinstance(one, Flawed) else _key(self.kind, one.metadata)
        if key is None:
            self.complete = False
        else:
            self.found[key] = one

    def remove(self, key: ObjectKey) -> None:
        self.found.pop(key, None)


class Population:
    """Gathers changes until `take`."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._known: dict[ObjectKey, _Known] = {}
        self._upserts: dict[ObjectKey, Object] = {}
        self._deletes: set[ObjectKey] = set()
        self._flaws: dict[ObjectKey, tuple[Problem, ...]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def take(self) -> Batch:
        """Everything since the last time."""
        batch = Batch(self._upserts, frozenset(self._deletes), self._flaws)
        self._upserts, self._deletes, self._flaws = {}, set(), {}
        return batch

    def put(self, one: Object | Flawed, position: str) -> bool:
        """ADDED and MODIFIED. False if that was old news. One that cannot be named changes nothing.

        `position` is the version up to which everything has come: an object from before it that is not known was
        deleted meanwhile.
        """
        if isinstance(one, Flawed):
            if one.key is None or self._is_old(one.key, one.version, position):
                return False
            self._set_flawed(one.key, one)
            return True
        meta = one.metadata
        key = _key(self._kind, meta)
        if self._is_old(key, meta.resource_version, position):
            return False
        self._set(key, one)
        return True

    def drop(self, key: ObjectKey, identity: Identity) -> bool:
        """DELETED. False if that was old news: of an object that is gone, or of one that has been made anew since."""
        known = self._known.get(key)
        if known is None:
            return False
        if _are_numbers(known.version, identity.resource_version):
            old = int(identity.resource_version) < int(known.version)
        else:
            old = identity.uid != known.uid
        if old:
            return False
        self._remove(key)
        return True

    def gone(self, fresh: Fresh) -> Sequence[ObjectKey]:
        """What `replace` would take for gone."""
        return [key for key in self._known if key not in fresh.found] if fresh.complete else []

    def replace(self, fresh: Fresh) -> None:
        """From now on there is what a list says, whatever the versions: it is the newest that can be known."""
        for key in self.gone(fresh):
            self._remove(key)
        for key, one in fresh.found.items():
            known = self._known.get(key)
            if isinstance(one, Flawed):
                if known is None or (known.uid, known.version) != (one.uid, one.version):
                    self._set_flawed(key, one)
            elif known is None or (known.uid, known.version) != (one.metadata.uid, one.metadata.resource_version):
                self._set(key, one)

    def _is_old(self, key: ObjectKey, version: str, position: str) -> bool:
        known = self._known.get(key)
        return not is_newer(version, known.version if known is not None else position)

    def _set(self, key: ObjectKey, one: Object) -> None:
        known = self._known.get(key)
        if known is not None and known.flawed:
            self._flaws[key] = ()
        self._known[key] = _Known(one.metadata.uid, one.metadata.resource_version, one)
        self._deletes.discard(key)
        self._upserts[key] = one

    def _set_flawed(self, key: ObjectKey, one: Flawed) -> None:
        """The last good version stays, even of an object that was made anew: its owner is told."""
        known = self._known.get(key)
        self._known[key] = _Known(one.uid, one.version, known.object if known else None, flawed=True)
        self._flaws[key] = one.problems

    def _remove(self, key: ObjectKey) -> None:
        known = self._known.pop(key)
        if known.flawed:
            self._flaws[key] = ()
        self._upserts.pop(key, None)
        if known.object is not None:
            self._deletes.add(key)


def is_newer(version: str, than: str) -> bool:
    """Versions of one resource are numbers that grow. Where they are not, whatever is different counts as newer."""
    return int(version) > int(than) if _are_numbers(version, than) else version != than


def _are_numbers(*versions: str) -> bool:
    return all(version.isascii() and version.isdecimal() for version in versions)


def _key(kind: str, meta: Metadata) -> ObjectKey:
    return ObjectKey(kind, meta.namespace, meta.name)
