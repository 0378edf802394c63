"""What a source is."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.store.events import Event

Sink = Callable[[Sequence[Event]], None]


class Source(Protocol):
    name: str

    async def run(self, sink: Sink) -> None:
        """Tell everything there is, then `Synced`, then every change, until cancelled. Never raises for bad input."""
