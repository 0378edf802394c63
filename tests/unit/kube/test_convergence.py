"""Whatever happens to objects and server, in any order: in the end, what a reflector told is what the server holds."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kube.target import Target
from tests.support.api_faults import Answer, Body, Fault, Reset
from tests.support.api_store import Backup, Name
from tests.support.fake_api_server import FakeApiServer, serving
from tests.support.fake_clock import FakeClock
from tests.support.reflecting import Running, reflecting

NAMES = ("a", "b", "c", "d")
FAULTS: tuple[Fault, ...] = (
    Answer(500),
    Answer(503, retry_after=3),
    Answer(429, "TooManyRequests", retry_after=1),
    Answer(410, "Expired", "too old"),
    Answer(504, "Timeout", "Too large resource version: 9, current: 1"),
    Answer(422, "Invalid", "sendInitialEvents: Forbidden"),
    Answer(403, "Forbidden"),
    Reset(),
    Body(b""),
    Body(b"{}"),
    Body(b'{"type":"BOOKMARK","object":{}}\n'),
    Body(b'{"type":"ERROR","object":null}\n'),
)


class World:
    def __init__(self, server: FakeApiServer, one: Running) -> None:
        self.server = server
        self.one = one
        self.backup: Backup = server.store.backup()

    def apply(self, name: str, host: str) -> None:
        self.server.apply("Ingress", name, spec={"rules": [{"host": host}]})

    def spoil(self, name: str) -> None:
        self.server.apply("Ingress", name, spec={"rules": [{"host": 80}]})

    def delete(self, name: str) -> None:
        if Name("Ingress", "default", name) in self.server.store.objects:
            self.server.delete("Ingress", name)

    def elsewhere(self) -> None:
        self.server.apply("Service", "s")

    def bookmark(self) -> None:
        self.server.send_bookmarks()

    def end(self) -> None:
        self.server.end_watches()

    def reset(self) -> None:
        self.server.drop_connections()

    def report(self, code: int) -> None:
        for watch in self.server.watches:
            watch.send_status(code, "Expired" if code == 410 else "InternalError", "no")

    def garble(self, part: bytes) -> None:
        for watch in self.server.watches:
            watch.send(part)

    def repeat(self, index: int) -> None:
        history = self.server.store.history
        for watch in self.server.watches:
            if history:
                watch.send_event(history[index % len(history)])

    def silence(self) -> None:
        for watch in self.server.watches:
            watch.silent = True

    def compact(self) -> None:
        self.server.store.compact()

    def fail(self, fault: Fault, verb: str, times: int) -> None:
        self.server.faults.add(fault, verb, times=times)

    def save(self) -> None:
        self.backup = self.server.store.backup()

    async def restore(self) -> None:
        """It must be noticed before new versions overtake the old ones: that is the limit a reflector names."""
        self.server.faults.clear()
        if self.server.store.version == self.backup.version:
            return
        await self.one.heard.until(lambda: self.one.heard.synced)
        await self.server.watched("ingresses")
        before = list(self.server.watches)
        self.server.store.put_back(self.backup)
        self.server.drop_connections()
        # A watch that begins where the server is: what it has not seen of the past it will not ask for any more.
        await self.server.until(lambda: any(each not in before and each.seen for each in self.server.watches))

    async def breathe(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


Step = Callable[[World], Awaitable[None] | None]


def _steps() -> st.SearchStrategy[Step]:
    names = st.sampled_from(NAMES)
    hosts = st.sampled_from(("x.example.com", "y.example.com"))
    fault = st.sampled_from(FAULTS)
    verbs = st.sampled_from(("", "list", "watch"))
    garbage = st.sampled_from((b"\n", b"{", b'{"type":"NEW","object":{}}\n', b"\xff\n", b'{"type":"DELETED"}\n'))
    return st.one_of(
        st.builds(lambda name, host: lambda world: world.apply(name, host), names, hosts),
        st.builds(lambda name, host: lambda world: world.apply(name, host), names, hosts),
        st.builds(lambda name: lambda world: world.spoil(name), names),
        st.builds(lambda name: lambda world: world.delete(name), names),
        st.builds(lambda name: lambda world: world.delete(name), names),
        st.builds(lambda code: lambda world: world.report(code), st.sampled_from((410, 500))),
        st.builds(lambda part: lambda world: world.garble(part), garbage),
        st.builds(lambda index: lambda world: world.repeat(index), st.integers(0, 20)),
        st.builds(
            lambda what, verb, times: lambda world: world.fail(what, verb, times), fault, verbs, st.integers(1, 3)
        ),
        st.sampled_from(
            (
                World.elsewhere,
                World.bookmark,
                World.end,
                World.reset,
                World.silence,
                World.compact,
                World.save,
                World.restore,
                World.breathe,
                World.breathe,
            )
        ),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mode=st.sampled_from(("on", "off", "refused")), before=st.integers(0, 4), steps=st.lists(_steps(), max_size=30))
def test_every_history_ends_in_the_state_of_the_server(mode: str, before: int, steps: list[Step]) -> None:
    asyncio.run(_bounded(mode, before, steps))


async def _bounded(mode: str, before: int, steps: list[Step]) -> None:
    async with asyncio.timeout(30):  # one that waits for ever is a failure with its steps, not a run without an end
        await _play(mode, before, steps)


async def _play(mode: str, before: int, steps: list[Step]) -> None:
    async with serving() as server:
        server.initial_events = mode
        for name in NAMES[:before]:
            server.apply("Ingress", name)
        clock = FakeClock(free=True)
        async with reflecting(server, Target("Ingress"), clock=clock) as one:
            if mode == "off":  # nobody else moves the clock to the end of waiting for initial events
                await server.watched("ingresses")
                await clock.bounded(10)
                clock.advance(10)
            world = World(server, one)
            for step in steps:
                waiting = step(world)
                if waiting is not None:
                    await waiting
            server.faults.clear()
            server.end_watches()
            last = server.apply("Ingress", "last")
            await one.heard.until(
                lambda: any(
                    found.metadata.resource_version == last["metadata"]["resourceVersion"]
                    for found in one.heard.objects.values()
                )
            )
            _compare(server, one)


def _compare(server: FakeApiServer, one: Running) -> None:
    assert one.heard.synced == 1
    there = {value["metadata"]["name"]: value for value in server.store.of("Ingress")}
    told = {key.name: found for key, found in one.heard.objects.items()}
    flawed = {key.name for key in one.heard.flaws}
    broken = {name for name, value in there.items() if value.get("spec", {}).get("rules") == [{"host": 80}]}
    assert flawed == broken
    assert told.keys() - broken == there.keys() - broken
    assert told.keys() <= there.keys()
    for name in there.keys() - broken:
        assert told[name].metadata.resource_version == there[name]["metadata"]["resourceVersion"]
        assert told[name].metadata.uid == there[name]["metadata"]["uid"]
    assert len(server.seen) <= 400, "bounded, whatever happened"
