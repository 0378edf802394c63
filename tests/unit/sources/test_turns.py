"""Turns: never more inside than there are places, nobody leaves without need, everybody comes in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.sources.turns import Turns
from tests.support.fake_clock import FakeClock

TURN = 20.0


class Hall:
    """Users who come in whenever they may, leave when they are told, and ask again."""

    def __init__(self, places: int) -> None:
        self.clock = FakeClock()
        self.turns = Turns(places, TURN, self.clock)
        self.inside: list[str] = []
        self.visits: list[str] = []
        self.most = 0
        self.users: dict[str, asyncio.Task[None]] = {}

    def come(self, *names: str) -> None:
        for name in names:
            self.users[name] = asyncio.create_task(self._use(name))

    async def _use(self, name: str) -> None:
        while True:
            async with self.turns.place() as over:
                self.inside.append(name)
                self.visits.append(name)
                self.most = max(self.most, len(self.inside))
                try:
                    await over.wait()
                finally:
                    self.inside.remove(name)


async def calm() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def hall(places: int) -> AsyncIterator[Hall]:
    it = Hall(places)
    running = asyncio.create_task(it.turns.run())
    try:
        yield it
    finally:
        for task in (running, *it.users.values()):
            task.cancel()
        await asyncio.gather(running, *it.users.values(), return_exceptions=True)


async def test_where_there_is_room_for_all_nobody_leaves_and_nothing_is_timed() -> None:
    async with hall(3) as it:
        it.come("a", "b", "c")
        await calm()
        assert it.turns.full
        it.clock.advance(10 * TURN)
        await calm()
        assert it.visits == ["a", "b", "c"]
        assert it.clock.slept == []


async def test_as_many_leave_as_wait_and_those_first_that_came_first() -> None:
    async with hall(3) as it:
        it.come("a", "b", "c", "d")
        await calm()
        assert it.inside == ["a", "b", "c"]
        it.clock.advance(TURN - 1)
        await calm()
        assert it.inside == ["a", "b", "c"]
        it.clock.advance(1)
        await calm()
        assert it.inside == ["b", "c", "d"]
        it.clock.advance(TURN)
        await calm()
        assert it.inside == ["c", "d", "a"]


@pytest.mark.parametrize(("places", "users"), [(1, 2), (3, 4), (3, 7), (4, 40)])
async def test_everybody_comes_in_within_as_many_turns_as_there_are_fillings(places: int, users: int) -> None:
    async with hall(places) as it:
        names = [f"user-{number}" for number in range(users)]
        it.come(*names)
        await calm()
        for _ in range(-(-users // places) - 1):
            it.clock.advance(TURN)
            await calm()
        assert set(it.visits) == set(names)
        assert it.most == places


async def test_when_enough_go_for_good_the_others_stay() -> None:
    async with hall(2) as it:
        it.come("a", "b", "c", "d")
        await calm()
        it.users["a"].cancel()  # inside
        it.users["d"].cancel()  # waiting
        await calm()
        assert sorted(it.inside) == ["b", "c"]
        it.clock.advance(TURN)
        await calm()
        it.clock.advance(TURN)
        await calm()
        assert it.visits == ["a", "b", "c"]
        assert it.most == 2
