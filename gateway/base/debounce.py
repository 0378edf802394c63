"""When a burst of events is over: after a quiet period, but not later than a hold-off after its first event."""

import asyncio

from gateway.base.clock import Clock

QUIET = 0.02
HOLD = 0.25


class Debounce:
    """The decision alone. `due` is None while nothing is pending."""

    def __init__(self, *, quiet: float = QUIET, hold: float = HOLD) -> None:
        self._quiet = quiet
        self._hold = hold
        self._first: float | None = None
        self._last = 0.0

    def event(self, now: float) -> None:
        if self._first is None:
            self._first = now
        self._last = now

    @property
    def due(self) -> float | None:
        return None if self._first is None else min(self._last + self._quiet, self._first + self._hold)

    def take(self, now: float) -> bool:
        """Is a burst over? If so, the next event begins another one."""
        due = self.due
        if due is None or now < due:
            return False
        self._first = None
        return True


class Gate:
    """The same on an event loop: `poke` for every event, and `wait` returns once per burst."""

    def __init__(self, clock: Clock, debounce: Debounce | None = None) -> None:
        self._clock = clock
        self._debounce = debounce or Debounce()
        self._poked = asyncio.Event()

    def poke(self) -> None:
        self._debounce.event(self._clock.monotonic())
        self._poked.set()

    async def wait(self) -> None:
        while not self._debounce.take(now := self._clock.monotonic()):
            self._poked.clear()
            due = self._debounce.due
            try:
                async with asyncio.timeout(None if due is None else due - now):
                    await self._poked.wait()
            except TimeoutError:
                continue
