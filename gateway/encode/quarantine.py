"""Units that the data plane refused, kept out so that one bad unit never holds up all the others.

A refused unit is replaced by its last accepted version, else by a stand-in that is closed, else by nothing. It comes
back by itself as soon as it is wanted in another form.
"""

from collections.abc import Callable, Mapping

from gateway.encode.digest import Digest
from gateway.encode.pool import Pool
from gateway.encode.units import Unit

Put = Callable[[Unit, Digest | None], None]
Get = Callable[[Unit], Digest | None]
Closed = Callable[[Unit], Digest | None]


class _Held:
    __slots__ = ("refused", "wanted")

    def __init__(self, wanted: Digest) -> None:
        self.wanted = wanted  # one reference
        self.refused: set[Digest] = set()


class Quarantine:
    """Sits between what is wanted and what is put on the shelves (`put`, which takes over a reference; `get`).

    `closed` makes the stand-in of a unit and gives one reference on it, or None where closing means leaving out.
    """

    def __init__(self, pool: Pool, put: Put, get: Get, closed: Closed) -> None:
        self._pool = pool
        self._put = put
        self._get = get
        self._closed = closed
        self._held: dict[Unit, _Held] = {}
        self._refused: set[Digest] = set()

    @property
    def held(self) -> Mapping[Unit, Digest]:
        return {unit: entry.wanted for unit, entry in self._held.items()}

    def want(self, unit: Unit, leaf: Digest | None) -> None:
        """Takes over the caller's reference on `leaf`; None means that the unit is gone."""
        if self._held:
            entry = self._held.get(unit)
            if entry is not None and entry.wanted == leaf:
                self._pool.drop(leaf)
                return
            if entry is not None:
                self._release(unit)
            if leaf is not None and (bad := self._refused & self._parts(leaf)):
                self._hold(unit, leaf, bad, self._get(unit))
                return
        self._put(unit, leaf)

    def refuse(self, digest: Digest, blamed: Mapping[Unit, Digest | None]) -> None:
        """`blamed`: every unit on a shelf that is made of `digest`, with its last accepted version if it has one."""
        self._refused.add(digest)
        for unit, previous in blamed.items():
            entry = self._held.get(unit)
            if entry is None:
                current = self._get(unit)
                if current is None:
                    continue
                self._pool.hold(current)
                self._hold(unit, current, {digest}, previous)
            else:
                entry.refused.add(digest)
                self._substitute(unit, previous)

    def pardon(self) -> bool:
        """Put every held unit back as it is wanted, and say whether there was one."""
        held, self._held = self._held, {}
        self._refused.clear()
        for unit, entry in held.items():
            self._put(unit, entry.wanted)
        return bool(held)

    def _hold(self, unit: Unit, leaf: Digest, bad: set[Digest], previous: Digest | None) -> None:
        entry = self._held[unit] = _Held(leaf)
        entry.refused |= bad
        self._substitute(unit, previous)

    def _substitute(self, unit: Unit, previous: Digest | None) -> None:
        if previous is not None and not self._refused & self._parts(previous):
            self._pool.hold(previous)
            self._put(unit, previous)
            return
        stand_in = self._closed(unit)
        if stand_in is not None and self._refused & self._parts(stand_in):
            self._pool.drop(stand_in)
            stand_in = None
        self._put(unit, stand_in)

    def _release(self, unit: Unit) -> None:
        self._pool.drop(self._held.pop(unit).wanted)
        self._refused = {digest for entry in self._held.values() for digest in entry.refused}

    def _parts(self, leaf: Digest) -> set[Digest]:
        return {leaf, *self._pool.children(leaf)}
