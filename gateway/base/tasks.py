"""Tasks that belong together: an exception in one is told, and ends them all. None dies unnoticed."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

Complain = Callable[[str], None]


class Tasks:
    """An asyncio.TaskGroup that tells of the first exception at once, and not only after all others have ended."""

    def __init__(self, complain: Complain) -> None:
        self._complain = complain
        self._group = asyncio.TaskGroup()

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = self._group.create_task(self._supervised(work, name), name=name)
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began is not awaited
        return task

    async def _supervised(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception as error:
            self._complain(f"{name} failed: {''.join(traceback.format_exception(error)).rstrip()}")
            raise

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, error, where)
