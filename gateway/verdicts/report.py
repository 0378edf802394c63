"""The verdicts that hold now, by who passed them.

An owner is a unit of translation (an Ingress, a host, a backend, ...). When a unit is built anew, what it says replaces
what it said before. Must not know what an owner is.
"""

from collections.abc import Hashable, Iterable, Iterator

from gateway.verdicts.verdict import Verdict


class Report:
    def __init__(self) -> None:
        self._said: dict[Hashable, tuple[Verdict, ...]] = {}

    def replace(self, owner: Hashable, verdicts: Iterable[Verdict] = ()) -> None:
        """What `owner` says from now on; nothing removes it."""
        said = tuple(verdicts)
        if said:
            self._said[owner] = said
        else:
            self._said.pop(owner, None)

    def by_owner(self) -> Iterator[tuple[Hashable, tuple[Verdict, ...]]]:
        """As it was given: the same tuples, as long as an owner says nothing new."""
        yield from self._said.items()

    def __iter__(self) -> Iterator[Verdict]:
        for said in self._said.values():
            yield from said
