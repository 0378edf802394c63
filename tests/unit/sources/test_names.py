"""Names of ExternalName Services: asked again and again, kept while the DNS is away, bounded in number and time."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable

from gateway.sources.names import NamePace, NamesSource
from gateway.store.events import Event, Resolved, Synced, host_name
from tests.support.fake_clock import FakeClock

PACE = NamePace(names=2, lookups=1)


class Desk:
    """`answers` are addresses by name; a name that is not there does not exist, and one that is None never answers."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answers: dict[str, list[str] | None] = {}
        self.asked: list[str] = []
        self.heard: list[Event] = []
        self.source = NamesSource(self._lookup, clock=self.clock, pace=PACE)

    async def _lookup(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = self.answers[host]
        if found is None:
            await asyncio.Event().wait()
            raise AssertionError
        return found

    def refer(self, hosts: Iterable[str]) -> None:
        self.source.refer({host_name(host) for host in hosts})

    async def told(self, *events: Event) -> None:
        await until(lambda: len(self.heard) >= len(events))
        assert self.heard == list(events)
        self.heard.clear()

    async def again(self) -> None:
        """Everything that is followed is asked once more."""
        await self.clock.asleep()
        self.clock.advance(PACE.refresh)
        await self.clock.asleep()


async def until(condition: Callable[[], object]) -> None:
    """Everything here happens on this loop, without a wait for anything outside of it."""
    while not condition():  # noqa: ASYNC110 -- it waits for no event, but for its turn
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    it = Desk()
    running = asyncio.create_task(it.source.run(it.heard.extend))
    await it.told(Synced("names"))
    try:
        yield it
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_name_is_told_once_per_change_and_forgotten_with_its_last_reference() -> None:
    async with desk() as it:
        it.answers["shop.example"] = ["192.0.2.2", "192.0.2.1", "192.0.2.2"]
        it.refer(["shop.example"])
        was_reading = it.source.reading
        await it.told(Resolved("shop.example", ("192.0.2.1", "192.0.2.2")))
        assert (was_reading, it.source.reading) == (True, False)
        await it.again()
        assert it.heard == []
        it.answers["shop.example"] = ["192.0.2.3"]
        await it.again()
        await it.told(Resolved("shop.example", ("192.0.2.3",)))
        it.refer([])
        await it.told(Resolved("shop.example"))
        assert it.asked == ["shop.example"] * 3


async def test_addresses_stay_while_the_name_cannot_be_resolved() -> None:
    async with desk() as it:
        it.answers["shop.example"] = ["192.0.2.1"]
        it.refer(["shop.example"])
        await it.told(Resolved("shop.example", ("192.0.2.1",)))
        del it.answers["shop.example"]
        await it.again()
        problem = "it cannot be resolved (Name or service not known)"
        await it.told(Resolved("shop.example", ("192.0.2.1",), problem))
        it.answers["shop.example"] = []
        await it.again()
        await it.told(Resolved("shop.example", ("192.0.2.1",), "it has no address"))


async def test_a_dns_that_does_not_answer_is_waited_for_within_bounds() -> None:
    async with desk() as it:
        it.answers["shop.example"] = None
        it.refer(["shop.example"])
        await until(lambda: it.asked)
        it.clock.advance(PACE.patience)
        await it.told(Resolved("shop.example", (), "the DNS has not answered within 2 s"))
        assert not it.source.reading


async def test_beyond_a_number_names_are_told_and_not_followed() -> None:
    async with desk() as it:
        it.answers |= {"a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"], "c.example": ["192.0.2.3"]}
        it.refer(["a.example", "b.example", "c.example"])
        await until(lambda: len(it.heard) == 3)
        assert Resolved("c.example", (), "more than 2 names are not followed") in it.heard
        assert "c.example" not in it.asked
        it.heard.clear()
        it.refer(["b.example", "c.example"])
        await until(lambda: len(it.heard) == 2)
        assert it.heard == [Resolved("a.example"), Resolved("c.example", ("192.0.2.3",))]
