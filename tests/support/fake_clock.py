"""A clock that only tests move, for code that waits by `gateway.base.clock`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class FakeClock:
    """Begins at 1,000 seconds. With `free` set, a sleep is over at once, and the time has moved on by it."""

    def __init__(self, *, free: bool = False) -> None:
        self.free = free
        self.slept: list[float] = []
        """Every sleep that was asked for."""
        self._now = 1_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._timeouts: list[tuple[float, asyncio.Timeout]] = []
        self._changed = asyncio.Condition()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.free:
            self._move(self._now + seconds)
            await self._tell()
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._now + seconds, future)
        self._sleepers.append(entry)
        await self._tell()
        try:
            await future
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as scope:
            entry = (self._now + seconds, scope)
            self._timeouts.append(entry)
            await self._tell()
            try:
                yield
            finally:
                if entry in self._timeouts:
                    self._timeouts.remove(entry)

    def advance(self, seconds: float) -> None:
        """Sleeps and timeouts that are due by then are over."""
        self._move(self._now + seconds)

    async def asleep(self) -> float:
        """Waits until somebody sleeps, and says for how long the first of them still will."""
        await self.until(lambda: self._sleepers)
        return min(due for due, _ in self._sleepers) - self._now

    async def bounded(self, seconds: float) -> None:
        """Waits until somebody waits for something for at most so long, counted from now."""
        await self.until(lambda: any(abs(due - self._now - seconds) < 1e-6 for due, _ in self._timeouts))

    async def wake(self) -> float:
        """Waits until somebody sleeps, and moves on to the end of that."""
        seconds = await self.asleep()
        self.advance(seconds)
        return seconds

    async def until(self, true: Callable[[], object]) -> None:
        """Looked at whenever somebody falls asleep, wakes by that or begins to wait."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(true()))

    def _move(self, now: float) -> None:
        self._now = max(self._now, now)
        for entry in [entry for entry in self._sleepers if entry[0] <= self._now]:
            self._sleepers.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)
        for over in [entry for entry in self._timeouts if entry[0] <= self._now]:
            self._timeouts.remove(over)
            over[1].reschedule(asyncio.get_running_loop().time())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
