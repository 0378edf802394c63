"""A client for reflectors of which there are hundreds: what is once known of the API server need not be found out by
each of them, and what all of them begin at the same moment is spread over time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from gateway.base.bucket import Bucket
from gateway.base.clock import Clock
from gateway.kube.api import ReadsAndStreams
from gateway.kube.client import SECONDS
from gateway.settings.watch import WatchPace

_NOTHING: Final[Mapping[str, str]] = {}


class SparingClient:
    """Asks nothing while `away`, and opens streams at the pace of `openings`, wherever they are wanted from."""

    def __init__(self, client: ReadsAndStreams, *, clock: Clock, pace: WatchPace) -> None:
        self._client = client
        self._clock = clock
        self._openings = Bucket(per_second=pace.openings, burst=pace.opened_at_once, clock=clock)
        self._there = asyncio.Event()
        self._there.set()

    def set_away(self, away: bool) -> None:
        """Nobody can reach the API server just now, as others have found out."""
        if away:
            self._there.clear()
        else:
            self._there.set()

    async def get(self, path: str, query: Mapping[str, str] = _NOTHING, *, timeout: float = SECONDS) -> bytes:  # noqa: ASYNC109
        await self._there.wait()
        return await self._client.get(path, query, timeout=timeout)

    def stream(self, path: str, query: Mapping[str, str]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._stream(path, query)

    @asynccontextmanager
    async def _stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        await self._there.wait()
        if wait := self._openings.take():
            await self._clock.sleep(wait)
        async with self._client.stream(path, query) as pieces:
            yield pieces
