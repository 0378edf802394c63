"""A bounded number of places for any number of users, who take turns where they are more. Knows no Kubernetes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice

from gateway.base.clock import Clock


class Turns:
    """Users come in in the order in which they asked. While some wait, every `turn` seconds as many are told to leave,
    those first that have been in for longest; so nobody leaves where there is room for all.
    """

    def __init__(self, places: int, turn: float, clock: Clock) -> None:
        self._room = asyncio.Semaphore(places)
        self._turn = turn
        self._clock = clock
        self._inside: dict[asyncio.Event, None] = {}  # in the order in which they came in
        self._waiting = 0
        self._crowded = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whoever asks for a place now waits for it."""
        return self._room.locked()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[asyncio.Event]:
        """Once there is one. The event is set when the user should leave it."""
        await self._wait()
        over = asyncio.Event()
        self._inside[over] = None
        try:
            yield over
        finally:
            self._inside.pop(over, None)
            self._room.release()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._crowded.wait()
            await self._clock.sleep(self._turn)
            for over in list(islice(self._inside, self._waiting)):
                del self._inside[over]
                over.set()

    async def _wait(self) -> None:
        self._waiting += 1
        if self.full:
            self._crowded.set()
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._crowded.clear()
