"""Who wins when two objects want the same thing.

The older one; of equally old ones the one whose `namespace/name` sorts last, which is ingress-nginx's rule. Objects
from files have no age, so there the names alone decide.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

Rank = tuple[float, str]


class Seniority(NamedTuple):
    created: datetime
    name: str  # namespace/name; only ever compared, never taken apart


class Ranked(Protocol):
    @property
    def seniority(self) -> Seniority: ...


R = TypeVar("R", bound=Ranked)


def rank(ranked: Ranked) -> Rank:
    """The greater one wins."""
    return (-ranked.seniority.created.timestamp(), ranked.seniority.name)


def by_seniority(objects: Iterable[R]) -> list[R]:
    """Winners first."""
    return sorted(objects, key=rank, reverse=True)
