"""Who depends on what, in both directions: a change finds its dependants without a search."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

Dependant = TypeVar("Dependant")
Source = TypeVar("Source")


class Index(Generic[Dependant, Source]):
    def __init__(self) -> None:
        self._sources: dict[Dependant, frozenset[Source]] = {}
        self._dependants: dict[Source, set[Dependant]] = {}

    def set(self, dependant: Dependant, sources: Iterable[Source]) -> None:
        """What `dependant` depends on from now on. Costs O(what changed)."""
        new = frozenset(sources)
        old = self._sources.get(dependant, frozenset())
        if new == old:
            return
        for source in old - new:
            holders = self._dependants[source]
            holders.discard(dependant)
            if not holders:
                del self._dependants[source]
        for source in new - old:
            self._dependants.setdefault(source, set()).add(dependant)
        if new:
            self._sources[dependant] = new
        else:
            del self._sources[dependant]

    def of(self, source: Source) -> AbstractSet[Dependant]:
        """Who depends on it. Not to be kept over a change."""
        return self._dependants.get(source, frozenset())
