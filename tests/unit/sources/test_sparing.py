"""What hundreds of reflectors ask goes through one door."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from gateway.settings.watch import WatchPace
from gateway.sources.sparing import SparingClient
from tests.support.fake_clock import FakeClock


class Asked:
    """A client that answers at once, and keeps count."""

    def __init__(self) -> None:
        self.gets = 0
        self.streams = 0

    async def get(self, path: str, query: Mapping[str, str] = {}, *, timeout: float = 1.0) -> bytes:  # noqa: ASYNC109
        self.gets += 1
        return f"{path} {timeout:g}".encode()

    @contextlib.asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        self.streams += 1

        async def pieces() -> AsyncIterator[bytes]:
            yield path.encode()

        yield pieces()


async def follow(client: SparingClient, number: int) -> bytes:
    async with client.stream(f"/{number}", {}) as pieces:
        return await anext(pieces)


async def test_streams_are_begun_one_after_the_other_once_some_have_been() -> None:
    asked, clock = Asked(), FakeClock()
    client = SparingClient(asked, clock=clock, pace=WatchPace(openings=10.0, opened_at_once=3))
    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow(client, number)) for number in range(5)]
        await clock.until(lambda: len(clock.slept) == 2)
        assert asked.streams == 3
        for begun in (4, 5):
            clock.advance(0.1)
            await asyncio.wait(following, return_when=asyncio.FIRST_COMPLETED)
            await following[begun - 1]
            assert asked.streams == begun
    assert [task.result() for task in following] == [f"/{number}".encode() for number in range(5)]


async def test_nothing_is_asked_of_a_server_that_is_away() -> None:
    asked = Asked()
    client = SparingClient(asked, clock=FakeClock(), pace=WatchPace())
    client.set_away(True)
    reading, following = asyncio.create_task(client.get("/x", timeout=7)), asyncio.create_task(follow(client, 1))
    for _ in range(5):
        await asyncio.sleep(0)
    assert (asked.gets, asked.streams) == (0, 0)
    client.set_away(False)
    assert (await reading, await following) == (b"/x 7", b"/1")
