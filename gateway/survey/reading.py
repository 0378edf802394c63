"""Sources, read once: everything that they have, what is read only while it is referred to included, and no more."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from gateway.sources.source import Source
from gateway.store.events import Event, Synced
from gateway.survey.standing import Standing

PATIENCE: Final = 60.0  # seconds; an API server that takes longer to list its objects is not answering


class NotReadError(Exception):
    """A source has not told everything in time."""


async def read(sources: Sequence[Source], standing: Standing, *, patience: float = PATIENCE) -> None:
    """Into `standing`, which is settled then. Raises NotReadError."""
    reading = _Reading(sources, standing)
    try:
        async with asyncio.timeout(patience):
            await reading.run()
    except TimeoutError:
        lacking = ", ".join(reading.awaited) or "what is referred to"
        raise NotReadError(f"not everything was told within {patience:.0f} s; still missing: {lacking}") from None


class _Reading:
    def __init__(self, sources: Sequence[Source], standing: Standing) -> None:
        self._sources = sources
        self._standing = standing
        self._awake = asyncio.Event()
        self.awaited = {source.name for source in sources}

    async def run(self) -> None:
        telling = [
            asyncio.create_task(source.run(self._sink), name=f"source {source.name}") for source in self._sources
        ]
        try:
            while self.awaited:
                await self._next(telling)
            while True:
                self._awake.clear()
                self._standing.settle()
                references = self._standing.translator.references()
                for source in self._sources:
                    source.refer(references)
                if not any(source.reading for source in self._sources):
                    return
                await self._next(telling)
        finally:
            for task in telling:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)

    def _sink(self, events: Sequence[Event]) -> None:
        self._standing.take(events)
        self.awaited.difference_update(event.source for event in events if isinstance(event, Synced))
        self._awake.set()

    async def _next(self, telling: Sequence[asyncio.Task[None]]) -> None:
        """The next events. A source that ends has a bug, which is raised."""
        waiting = asyncio.ensure_future(self._awake.wait())
        try:
            done, _ = await asyncio.wait((waiting, *telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
        self._awake.clear()
        for task in done - {waiting}:
            task.result()
