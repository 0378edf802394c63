"""What a contender asks of the API server while nothing happens, and what it tries while nobody answers."""

import asyncio
from collections.abc import Callable

from bench.cluster import packets, rights
from bench.cluster.ground import Ground
from bench.cluster.starting import answered
from bench.results import Outage


async def idle(ground: Ground, name: str, seconds: float) -> float:
    """Requests per minute that the API server answered to it."""
    mark = ground.cluster.audit.mark()
    await asyncio.sleep(seconds)
    return answered(ground.cluster.audit.since(mark, user=rights.user(name))) * 60 / seconds


async def killed(ground: Ground, seconds: float) -> Outage:
    """The API server is gone: connections are refused."""
    return await _without(ground, seconds, ground.cluster.kill, ground.cluster.start)


async def frozen(ground: Ground, seconds: float) -> Outage:
    """The API server does not go on (SIGSTOP): the kernel takes connections, and nobody answers."""
    return await _without(ground, seconds, ground.cluster.pause, ground.cluster.resume)


async def _without(ground: Ground, seconds: float, away: Callable[[], None], back: Callable[[], None]) -> Outage:
    with packets.counted(ground.cluster) as counter:
        await asyncio.to_thread(away)
        try:
            before = await asyncio.to_thread(counter.read)
            await asyncio.sleep(seconds)
            after = await asyncio.to_thread(counter.read)
        finally:
            await asyncio.to_thread(back)
    begun, sent = (later - earlier for later, earlier in zip(after, before, strict=True))
    return Outage(begun * 60 / seconds, sent * 60 / seconds)
