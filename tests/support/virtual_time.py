"""Event loops whose time leaps to the next timer as soon as nothing is left to do, with real sockets.

Minutes of waiting run in a moment, and a test may simply sleep. Bytes between two sockets of one process are there as
soon as they are sent, so "nothing to do" is known; the moment of grace is for the kernel. Threads are not waited for.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

T = TypeVar("T")
GRACE = 0.001  # real seconds before time leaps


class _LeapingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.time = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(min(timeout, GRACE))
        if not ready:
            self.time += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins at 1,000 seconds."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.time


class LoopClock:
    """The time of the running loop. `skew` may be raised by a test: a machine that was suspended for so long."""

    def __init__(self) -> None:
        self.skew = 0.0

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.skew

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """What `main` returns."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
