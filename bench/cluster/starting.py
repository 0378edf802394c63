"""A cold start: from the start of the process until it is ready, and until routes from all over are really served."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from bench.child import BenchError
from bench.cluster import rights
from bench.cluster.contenders import Contender, Place, Started
from bench.cluster.ground import Ground
from bench.traffic import ask
from tests.cluster.audit import Request

POLL: Final = 0.005
PATIENCE: Final = 120.0  # seconds
SAMPLE: Final = 40  # hosts


class Start(Struct, frozen=True):
    """Seconds; `ready` is None for one that does not say so. `requests` were sent to the API server until then, and
    `cpu` is what all its processes took.
    """

    ready: float | None
    served: float
    cpu: float
    requests: int


def answered(rows: Sequence[Request]) -> int:
    """Requests. A watch counts when it is accepted, and not a second time when it ends."""
    return sum((row.stage == "ResponseStarted") is (row.verb == "watch") for row in rows)


@asynccontextmanager
async def started(ground: Ground, contender: Contender) -> AsyncIterator[tuple[Started, float]]:
    """It, and the moment of its start. It is ended in the end."""
    folder = ground.stage.fresh(contender.name)
    place = Place(await ground.kubeconfig(contender.name, folder), folder)
    began = time.monotonic()
    running = contender.start(place)
    try:
        yield running, began
    finally:
        await asyncio.to_thread(running.child.stop)


async def wait(ground: Ground, contender: Contender, running: Started, began: float, hosts: Sequence[str]) -> Start:
    mark = ground.cluster.audit.mark()
    ready = None
    last, *_ = reversed(hosts)
    while not (running.is_ready and await serves(running, last)):
        if time.monotonic() - began > PATIENCE or running.child.process.poll() is not None:
            raise running.child.failure(f"does not serve {last} after {time.monotonic() - began:.0f} s")
        if ready is None and running.ready_file is not None and running.is_ready:
            ready = time.monotonic() - began
        await asyncio.sleep(POLL)
    if ready is None and running.ready_file is not None:
        ready = time.monotonic() - began
    for host in hosts[:: max(1, len(hosts) // SAMPLE)]:
        while not await serves(running, host):
            if time.monotonic() - began > PATIENCE:
                raise BenchError(f"{contender.name} serves {last}, and does not serve {host}")
            await asyncio.sleep(POLL)
    served = time.monotonic() - began
    cpu = running.cpu()
    rows = ground.cluster.audit.since(mark, user=rights.user(contender.name))
    return Start(ready, served, cpu, answered(rows))


async def serves(running: Started, host: str) -> bool:
    try:
        return (await asyncio.to_thread(ask, running.http, "/", host))[0] == 200
    except OSError:
        return False
