"""A source, read once: everything that it has, the Secrets that are referred to included, and then no more."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from gateway.sources.source import Source
from gateway.store.events import Event, Synced
from gateway.survey.standing import Standing

PATIENCE: Final = 60.0  # seconds; an API server that takes longer to list its objects is not answering


class NotReadError(Exception):
    """The source has not told everything in time."""


async def read(source: Source, standing: Standing, *, patience: float = PATIENCE) -> None:
    """Into `standing`, which is settled then. Raises NotReadError."""
    reading = _Reading(source, standing)
    try:
        async with asyncio.timeout(patience):
            await reading.run()
    except TimeoutError:
        lacking = "it" if not reading.synced else "the Secrets that are referred to"
        raise NotReadError(f"the source {source.name} has not told all of {lacking} within {patience:.0f} s") from None


class _Reading:
    def __init__(self, source: Source, standing: Standing) -> None:
        self._source = source
        self._standing = standing
        self._awake = asyncio.Event()
        self.synced = False

    async def run(self) -> None:
        telling = asyncio.create_task(self._source.run(self._sink), name=f"source {self._source.name}")
        try:
            await self._until(telling)
            while True:
                self._awake.clear()
                self._standing.settle()
                self._source.refer(self._standing.translator.references())
                if not self._source.reading:
                    return
                await self._next(telling)
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling

    def _sink(self, events: Sequence[Event]) -> None:
        self._standing.take(events)
        self.synced = self.synced or any(isinstance(event, Synced) for event in events)
        self._awake.set()

    async def _until(self, telling: asyncio.Task[None]) -> None:
        while not self.synced:
            self._awake.clear()
            await self._next(telling)

    async def _next(self, telling: asyncio.Task[None]) -> None:
        waiting = asyncio.ensure_future(self._awake.wait())
        try:
            await asyncio.wait((waiting, telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if telling.done():
            telling.result()
