"""What a source is."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from gateway.objects.meta import ObjectKey
from gateway.store.events import Event

Sink = Callable[[Sequence[Event]], None]


class Source(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def edited(self) -> bool:
        """People edit what it reads, and watch what comes of it: they are told of a change without effect, too."""
        ...

    async def run(self, sink: Sink) -> None:
        """Tell everything there is, then `Synced`, then every change, until cancelled. Never raises for bad input."""

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        """These are referred to from now on, of the objects that are read only while somebody refers to them."""

    @property
    def reading(self) -> bool:
        """Something that is newly referred to is not known yet. When that ends there is an event."""
        ...
