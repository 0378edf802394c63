"""A publisher, its tree, and a scripted data plane on a real unix socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.encode.tree import Tree
from gateway.ir.changes import Changes
from gateway.publish.outcome import Cause, Outcome
from gateway.publish.publisher import Pace, Publisher
from tests.support.fake_dataplane import FakeDataPlane

T = TypeVar("T")

PACE = Pace(patience=0.0, retry_first=0.001, retry_longest=0.01, segments_cap=20_000)


class Bench:
    def __init__(self, path: Path) -> None:
        self.tree = Tree()
        self.dataplane = FakeDataPlane(path)
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.publisher = Publisher(
            path,
            self.tree,
            tell=self.outcomes.put_nowait,
            pid=7,
            monotonic=time.monotonic,
            now=lambda: datetime(2030, 1, 1, tzinfo=UTC),
            pace=PACE,
        )

    def publish(self, change: Changes, origin: str = "a.yaml") -> bytes:
        root = self.tree.apply(change).root
        self.publisher.offer(Cause(time.monotonic(), (origin,)))
        return root

    async def outcome(self, kind: type[T]) -> T:
        """The next outcome of a kind; others are passed over."""
        while True:
            outcome = await self.outcomes.get()
            if isinstance(outcome, kind):
                return outcome


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "dataplane.sock")
    await made.dataplane.start()
    running = asyncio.ensure_future(made.publisher.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await made.dataplane.stop()
