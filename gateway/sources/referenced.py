"""Secrets and ConfigMaps that somebody refers to: each is read and watched by its name, for as long as that is so.

So the gateway holds no key that it does not serve, and rights on single names suffice. One that is newly referred to is
read at once, by a list, as that needs no connection of its own; once all are read that somebody waits for, watches go
on from there. Each watch is a connection, and where there are more Secrets than may have one, they take turns: between
its turns a Secret stays as it is.
"""

import asyncio
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from gateway.base.clock import Clock
from gateway.kube.health import Health
from gateway.kube.population import Batch
from gateway.kube.reflector import Reflector
from gateway.kube.target import Target
from gateway.objects.meta import ObjectKey
from gateway.settings.watch import WatchPace
from gateway.sources.judging import events_of, judged, malformed
from gateway.sources.source import Sink
from gateway.sources.turns import Turns
from gateway.store.events import Delete, Event, Unread

BEGUN = "it has not been read yet"
WAIT = "it is tried again"

Reflect = Callable[[Target, Callable[[Batch], None], Callable[[], None], Callable[[Health], None]], Reflector]


class _Entry:
    """One Secret. `settled`: there is something to say of it, be it that it cannot be read."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.settled = asyncio.Event()
        self.held = False  # a version of it is in the store
        self.told = False  # the store has been told that it is unread
        self.error = ""


class ReferencedSecrets:
    """`reflect` makes a reflector. Everything happens on the event loop, and `run` ends what was begun."""

    def __init__(self, reflect: Reflect, *, clock: Clock, pace: WatchPace) -> None:
        self._reflect = reflect
        self._clock = clock
        self._pace = pace
        self._sink: Sink = lambda _events: None
        self._entries: dict[ObjectKey, _Entry] = {}
        self._unsettled: set[ObjectKey] = set()
        self._readers = asyncio.Semaphore(pace.readers)
        self._all_read = asyncio.Event()
        self._all_read.set()
        self._turns = Turns(pace.watches, pace.turn, clock)
        self._failed: asyncio.Future[None] | None = None

    @property
    def reading(self) -> bool:
        return bool(self._unsettled)

    def __len__(self) -> int:
        return sum(key.kind == "Secret" for key in self._entries)

    async def run(self, sink: Sink) -> None:
        """Until cancelled. Raises what a reflector raised, which is a bug."""
        self._sink = sink
        self._failed = asyncio.get_running_loop().create_future()
        turns = asyncio.create_task(self._turns.run(), name="turns of secrets")
        try:
            await self._failed
        finally:
            tasks = [turns, *(entry.task for entry in self._entries.values() if entry.task is not None)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        """These and no others, from now on."""
        events: list[Event] = []
        for key in self._entries.keys() - keys:
            events += self._drop(key)
        for key in sorted(keys - self._entries.keys()):
            events.append(self._begin(key))
        if events:
            self._sink(events)

    # --- one Secret ---

    def _begin(self, key: ObjectKey) -> Event:
        entry = self._entries[key] = _Entry()
        entry.told = True
        self._unsettled.add(key)
        self._all_read.clear()
        entry.task = asyncio.create_task(self._follow(key, entry), name=f"secret {key.namespace}/{key.name}")
        entry.task.add_done_callback(self._ended)
        return Unread(key, BEGUN, WAIT)

    def _drop(self, key: ObjectKey) -> Iterator[Event]:
        entry = self._entries.pop(key)
        self._mark_settled(key, entry)
        if entry.task is not None:
            entry.task.cancel()
        yield Unread(key)
        yield Delete(key)
        yield judged(key)

    async def _follow(self, key: ObjectKey, entry: _Entry) -> None:
        def tell(batch: Batch) -> None:
            self._take(key, entry, batch)

        def synced() -> None:
            self._settle(key, entry)

        def hear(health: Health) -> None:
            self._hear(key, entry, health)

        reflector = self._reflect(Target(key.kind, key.namespace, key.name), tell, synced, hear)
        async with asyncio.TaskGroup() as tasks:
            admitted = asyncio.Event()
            async with self._readers:
                running = tasks.create_task(_reflect(reflector, admitted))
                await self._read(key, entry)
                if self._turns.full:
                    await _stop(running)
            while True:
                async with self._turns.place() as over:
                    await self._all_read.wait()  # a watch must not delay what a publication waits for
                    admitted.set()
                    if running.done():
                        running = tasks.create_task(reflector.run())
                    await over.wait()
                    await _stop(running)

    async def _read(self, key: ObjectKey, entry: _Entry) -> None:
        """Until it is known what there is to say of it, but not for ever."""
        try:
            async with self._clock.timeout(self._pace.patience):
                await entry.settled.wait()
        except TimeoutError:
            self._give_up(key, entry)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed is None or self._failed.done():
            return
        error = task.exception()
        if error is not None:
            self._failed.set_exception(error)

    # --- what its reflector tells ---

    def _take(self, key: ObjectKey, entry: _Entry, batch: Batch) -> None:
        events = list(events_of(batch))
        if key in batch.upserts:
            entry.held = True
        elif key in batch.deletes:
            entry.held = False
        if not entry.held and key in batch.flaws:
            events.append(malformed(key, batch.flaws[key]))
            entry.told = bool(batch.flaws[key])
            entry.error = "malformed" if entry.told else ""
        elif entry.held and entry.told:
            events.append(Unread(key))
            entry.told, entry.error = False, ""
        self._mark_settled(key, entry)
        self._sink(events)

    def _settle(self, key: ObjectKey, entry: _Entry) -> None:
        """Everything has been told, be it nothing: then there is no such Secret."""
        self._mark_settled(key, entry)
        if entry.told and entry.error != "malformed":
            entry.told, entry.error = False, ""
            self._sink([Unread(key)])

    def _hear(self, key: ObjectKey, entry: _Entry, health: Health) -> None:
        """A known Secret stays as it is. Of an unknown one it is told why, once nobody waits for it."""
        if health.healthy or entry.held:
            return
        entry.error = health.error
        if health.denial is not None:
            reason, _, fix = health.error.partition("; ")
            self._mark_settled(key, entry)
            self._tell_unread(key, entry, f"the gateway is {reason}", fix)
        elif entry.settled.is_set() and entry.told:
            self._tell_unread(key, entry, health.error, WAIT)

    def _give_up(self, key: ObjectKey, entry: _Entry) -> None:
        self._mark_settled(key, entry)
        late = f"the API server has not answered within {self._pace.patience:g} s"
        self._tell_unread(key, entry, entry.error or late, WAIT)

    def _tell_unread(self, key: ObjectKey, entry: _Entry, reason: str, fix: str) -> None:
        entry.told = True
        self._sink([Unread(key, reason, fix)])

    def _mark_settled(self, key: ObjectKey, entry: _Entry) -> None:
        self._unsettled.discard(key)
        if not self._unsettled:
            self._all_read.set()
        entry.settled.set()


async def _reflect(reflector: Reflector, admitted: asyncio.Event) -> None:
    await reflector.read()
    await admitted.wait()
    await reflector.run()


async def _stop(running: asyncio.Task[None]) -> None:
    """A reflector goes on where it was when it is run again, but must not run twice at a time."""
    running.cancel()
    await asyncio.wait({running})
