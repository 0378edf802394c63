"""A reflector that runs against a fake API server, and all that it tells."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from gateway.kube.client import Client
from gateway.kube.health import Health
from gateway.kube.pace import Pace
from gateway.kube.population import Batch
from gateway.kube.reflector import Reflector
from gateway.kube.target import Target
from gateway.kube.watching import InitialEvents
from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.objects.problems import Problem
from gateway.settings.cluster import ClusterSettings
from tests.support.fake_api_server import FakeApiServer
from tests.support.fake_clock import FakeClock


class Heard:
    """What the callbacks were called with, and the state that it comes to."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.objects: dict[ObjectKey, Object] = {}
        self.flaws: dict[ObjectKey, tuple[Problem, ...]] = {}
        self.synced = 0
        self.health: list[Health] = []
        self.lines: list[str] = []
        self._waiting: list[tuple[Callable[[], object], asyncio.Future[None]]] = []

    def tell(self, batch: Batch) -> None:
        assert batch, "an empty batch says nothing"
        assert not batch.upserts.keys() & batch.deletes
        self.batches.append(batch)
        self.objects.update(batch.upserts)
        for key in batch.deletes:
            self.objects.pop(key, None)
        self.flaws.update(batch.flaws)
        self.flaws = {key: problems for key, problems in self.flaws.items() if problems}
        self._look()

    def sync(self) -> None:
        self.synced += 1
        self._look()

    def hear(self, health: Health) -> None:
        self.health.append(health)
        self._look()

    def say(self, line: str) -> None:
        self.lines.append(line)
        self._look()

    async def until(self, true: Callable[[], object]) -> None:
        """Looked at whenever a callback is called."""
        if true():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((true, future))
        await future

    async def names(self, *names: str) -> None:
        """Until exactly these are there."""
        await self.until(lambda: sorted(key.name for key in self.objects) == sorted(names))

    def version(self, name: str) -> str:
        return next(one.metadata.resource_version for key, one in self.objects.items() if key.name == name)

    def _look(self) -> None:
        for true, future in self._waiting:
            if not future.done() and true():
                future.set_result(None)


class Running:
    def __init__(self, reflector: Reflector, heard: Heard, clock: FakeClock) -> None:
        self.reflector = reflector
        self.heard = heard
        self.clock = clock
        self.go_on = asyncio.Event()
        """After `read`, before `run`."""

    async def run(self, *, read: bool) -> None:
        if read:
            await self.reflector.read()
            await self.go_on.wait()
        await self.reflector.run()

    @property
    def counters(self) -> dict[str, float | None]:
        return {name: getattr(self.reflector.counters, name) for name in self.reflector.counters.__struct_fields__}


@contextlib.asynccontextmanager
async def client_of(server: FakeApiServer, clock: FakeClock) -> AsyncIterator[Client]:
    client = await Client.connect(ClusterSettings(apiserver_host=server.url), clock=clock, environ={})
    try:
        yield client
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def reflecting(
    server: FakeApiServer,
    target: Target,
    *,
    clock: FakeClock | None = None,
    pace: Pace | None = None,
    initial_events: InitialEvents | None = None,
    read: bool = False,
) -> AsyncIterator[Running]:
    """Without jitter: every wait is the longest that it may be."""
    clock = clock or FakeClock()
    heard = Heard()
    async with client_of(server, clock) as client:
        reflector = Reflector(
            client,
            target,
            tell=heard.tell,
            synced=heard.sync,
            health=heard.hear,
            say=heard.say,
            initial_events=initial_events,
            clock=clock,
            uniform=lambda: 1.0,
            pace=pace,
        )
        running = Running(reflector, heard, clock)
        task = asyncio.create_task(running.run(read=read))
        try:
            yield running
        finally:
            done = task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert not done, "it must run for ever"
