"""Who refers to whom, both ways. Must not know what a key is.

Costs are in proportion to the references of the one referrer that changes, whatever the number of all.
"""

from collections.abc import Hashable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

Referrer = TypeVar("Referrer", bound=Hashable)
Ref = TypeVar("Ref", bound=Hashable)


class Links(Generic[Referrer, Ref]):
    def __init__(self) -> None:
        self._refs: dict[Referrer, frozenset[Ref]] = {}
        self._referrers: dict[Ref, set[Referrer]] = {}

    def set_refs(self, referrer: Referrer, refs: Iterable[Ref]) -> None:
        """`referrer` refers to these from now on, and to nothing else. Without any it is forgotten."""
        before = self.refs(referrer)
        now = frozenset(refs)
        for ref in before - now:
            left = self._referrers[ref]
            left.discard(referrer)
            if not left:
                del self._referrers[ref]
        for ref in now - before:
            self._referrers.setdefault(ref, set()).add(referrer)
        if now:
            self._refs[referrer] = now
        else:
            self._refs.pop(referrer, None)

    def refs(self, referrer: Referrer) -> frozenset[Ref]:
        return self._refs.get(referrer, frozenset())

    def all(self) -> Iterable[Ref]:
        """Everything that anybody refers to."""
        return self._referrers.keys()

    def referrers(self, ref: Ref) -> AbstractSet[Referrer]:
        """Who refers to `ref`: a live set, to be read before the next change."""
        return self._referrers.get(ref, set())
