"""The loop, with everything around it replaced by something that records."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet

import pytest

from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.objects.core import Service
from gateway.objects.meta import Metadata, ObjectKey
from gateway.pipeline import Pipeline
from gateway.publish.outcome import Cause
from gateway.settings.control import PaceSettings
from gateway.sources.source import Sink
from gateway.store.events import Delete, Event, Judged, Synced, Upsert
from gateway.verdicts.verdict import Origin
from tests.support.configuration import changes, host, route


def key(name: str) -> ObjectKey:
    return ObjectKey("Service", "default", name)


def upsert(name: str, file: str = "") -> Upsert:
    return Upsert(key(name), Service(Metadata(name, "default")), Origin(file or f"{name}.yaml"))


class FakeSource:
    edited = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._queue: asyncio.Queue[Sequence[Event]] = asyncio.Queue()
        self.broken = asyncio.Event()
        self.referred: list[AbstractSet[ObjectKey]] = []
        self.unread: set[ObjectKey] = set()

    def tell(self, *events: Event) -> None:
        self._queue.put_nowait(events)

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        self.referred.append(keys)

    @property
    def reading(self) -> bool:
        return bool(self.unread)

    async def run(self, sink: Sink) -> None:
        while True:
            sink(await self._queue.get())
            if self.broken.is_set():
                raise RuntimeError("a bug in a source")


class FakeStore:
    def __init__(self) -> None:
        self._dirty: set[ObjectKey] = set()
        self.applied: asyncio.Queue[Sequence[Event]] = asyncio.Queue()

    def apply(self, events: Sequence[Event]) -> None:
        self.applied.put_nowait(events)
        self._dirty |= {event.key for event in events if isinstance(event, Upsert | Delete)}

    def take_dirty(self) -> Collection[ObjectKey]:
        dirty, self._dirty = self._dirty, set()
        return dirty


class FakeTranslator:
    """Every object is a host of its name, with as many routes as it was changed."""

    def __init__(self) -> None:
        self.calls: list[set[ObjectKey]] = []
        self.poison: set[str] = set()
        self.referred: frozenset[ObjectKey] = frozenset()
        self.idle = False
        self._seen: dict[str, int] = {}

    def references(self) -> frozenset[ObjectKey]:
        return self.referred

    def update(self, dirty: Collection[ObjectKey]) -> Changes:
        self.calls.append(set(dirty))
        if any(one.name in self.poison for one in dirty):
            raise ZeroDivisionError("a bug in translate")
        for one in dirty:
            self._seen[one.name] = self._seen.get(one.name, 0) + 1
        return changes([host(one.name, route(one.name, f"/{self._seen[one.name]}")) for one in dirty])


class Desk:
    def __init__(self, pace: PaceSettings) -> None:
        self.sources = [FakeSource("one"), FakeSource("two")]
        self.store = FakeStore()
        self.translator = FakeTranslator()
        self.tree = Tree()
        self.offers: asyncio.Queue[Cause] = asyncio.Queue()
        self.unchanged: asyncio.Queue[Cause] = asyncio.Queue()
        self.judged = 0
        self.news = False
        self.complaints: asyncio.Queue[str] = asyncio.Queue()
        self.pipeline = Pipeline(
            self.sources,
            self.store,
            self.translator,
            self.tree,
            offer=self.offers.put_nowait,
            unchanged=self.unchanged.put_nowait,
            judged=self._judged,
            complain=self.complaints.put_nowait,
            pace=pace,
            monotonic=asyncio.get_running_loop().time,
        )
        self.running = asyncio.ensure_future(self.pipeline.run())

    def _judged(self) -> bool:
        self.judged += 1
        return self.news

    async def synced(self) -> None:
        for source in self.sources:
            source.tell(Synced(source.name))
        await self.offers.get()


@pytest.fixture
async def start() -> AsyncIterator[Callable[[PaceSettings], Desk]]:
    desks: list[Desk] = []

    def made(pace: PaceSettings) -> Desk:
        desks.append(Desk(pace))
        return desks[-1]

    yield made
    for desk in desks:
        desk.running.cancel()
        await asyncio.gather(desk.running, return_exceptions=True)


AT_ONCE = PaceSettings(quiet=0.0, hold=0.0)
Start = Callable[[PaceSettings], Desk]


async def test_nothing_is_published_before_every_source_has_synced(start: Start) -> None:
    desk = start(AT_ONCE)
    one, two = desk.sources
    one.tell(upsert("a"), Synced("one"))
    two.tell(upsert("b"))
    await desk.store.applied.get()
    await desk.store.applied.get()
    for _ in range(20):
        await asyncio.sleep(0)
    assert desk.offers.empty()
    assert not desk.translator.calls
    two.tell(Synced("two"))
    cause = await desk.offers.get()
    assert cause.origins == ("a.yaml", "b.yaml")
    assert desk.translator.calls == [{key("a"), key("b")}]


async def test_an_empty_world_is_published_too(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    assert desk.tree.root is not None


async def test_a_burst_is_one_publication(start: Start) -> None:
    desk = start(PaceSettings(quiet=0.05, hold=5.0))
    await desk.synced()
    calls = len(desk.translator.calls)
    for name in "abcde":
        desk.sources[0].tell(upsert(name))
        await asyncio.sleep(0)
    await desk.offers.get()
    assert len(desk.translator.calls) == calls + 1


async def test_a_burst_without_end_is_published_after_the_hold(start: Start) -> None:
    desk = start(PaceSettings(quiet=5.0, hold=0.02))

    async def babble() -> None:
        while True:
            desk.sources[0].tell(upsert("a"))
            await asyncio.sleep(0)

    babbling = asyncio.ensure_future(babble())
    await desk.synced()
    await desk.offers.get()
    babbling.cancel()


async def test_a_change_that_changes_nothing_served_is_not_offered(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    desk.sources[0].tell(Judged("a.yaml", ()))
    assert (await desk.unchanged.get()).origins == ("a.yaml",)
    assert desk.offers.empty()
    assert desk.judged == 2


async def test_a_change_that_brought_a_verdict_needs_no_other_word(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    desk.news = True
    desk.sources[0].tell(Judged("a.yaml", ()))
    desk.sources[0].tell(upsert("a"))
    await desk.offers.get()
    assert desk.unchanged.empty()


async def test_a_deleted_object_is_named(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    desk.sources[0].tell(Delete(key("a")))
    assert (await desk.offers.get()).origins == ("Service default/a deleted",)


async def test_a_bug_in_translate_costs_only_the_object_that_shows_it(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    desk.translator.poison.add("bad")
    desk.sources[0].tell(upsert("good"), upsert("bad"), upsert("fine"))
    await desk.offers.get()
    first = await desk.complaints.get()
    assert "ZeroDivisionError" in first
    assert "Traceback" in first
    assert "Service default/bad" in await desk.complaints.get()
    assert {call.pop().name for call in desk.translator.calls[-3:]} == {"good", "bad", "fine"}
    desk.sources[0].tell(upsert("good"))
    await desk.offers.get()
    assert desk.complaints.empty()


async def test_a_bug_in_encode_keeps_the_last_root_and_loses_no_change(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    before = desk.tree.root
    apply = desk.tree.apply

    def broken(_: Changes) -> None:
        raise ZeroDivisionError("a bug in encode")

    monkeypatch.setattr(desk.tree, "apply", broken)
    desk.sources[0].tell(upsert("a"))
    assert "a bug in encode" in await desk.complaints.get()
    assert desk.tree.root == before
    monkeypatch.setattr(desk.tree, "apply", apply)
    desk.sources[0].tell(upsert("b"))
    await desk.offers.get()
    expected = Tree().apply(changes([host("a", route("a", "/1")), host("b", route("b", "/1"))])).root
    assert desk.tree.root == expected


async def test_a_unit_that_cannot_be_encoded_does_not_hold_up_the_others(start: Start) -> None:
    desk = start(AT_ONCE)
    await desk.synced()
    desk.sources[0].tell(upsert("good"), upsert("bad\ud800", "x.yaml"))
    await desk.offers.get()
    assert desk.tree.root == Tree().apply(changes([host("good", route("good", "/1"))])).root
    assert "UnicodeEncodeError" in await desk.complaints.get()
    assert desk.complaints.empty()


async def test_a_source_that_raises_ends_the_process(start: Start) -> None:
    desk = start(AT_ONCE)
    desk.sources[0].broken.set()
    desk.sources[0].tell(upsert("a"))
    with pytest.raises(ExceptionGroup) as caught:
        await desk.running
    assert "a bug in a source" in str(caught.value.exceptions[0])
