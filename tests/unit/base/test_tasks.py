"""An exception in one task is told and ends the others."""

import asyncio

import pytest

from gateway.base.tasks import Tasks


async def test_all_end_well() -> None:
    done: list[int] = []
    said: list[str] = []

    async def work(number: int) -> None:
        done.append(number)

    async with Tasks(said.append) as tasks:
        tasks.start(work(1), name="one")
        tasks.start(work(2), name="two")
    assert (done, said) == ([1, 2], [])


async def test_an_exception_is_told_and_ends_the_group() -> None:
    said: list[str] = []
    ended = asyncio.Event()

    async def fails() -> None:
        raise RuntimeError("broken")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def together() -> None:
        async with Tasks(said.append) as tasks:
            tasks.start(waits(), name="waits")
            tasks.start(fails(), name="fails")

    with pytest.raises(ExceptionGroup):
        await together()
    assert ended.is_set()
    [line] = said
    assert line.startswith("fails failed: ")
    assert line.endswith("RuntimeError: broken")


async def test_cancelling_is_no_failure() -> None:
    said: list[str] = []

    async def waits() -> None:
        await asyncio.Event().wait()

    async with Tasks(said.append) as tasks:
        tasks.start(waits(), name="waits").cancel()
    assert said == []
