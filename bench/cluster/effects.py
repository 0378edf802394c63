"""One object changes: how long until every connection sees it, from the moment when the change was sent."""

import asyncio
import random
import time
from typing import Final

from bench.cluster import objects
from bench.cluster.ground import WORDS, Ground
from bench.probing import Probes, has, turns_into

PATIENCE: Final = 60.0  # seconds
PAUSE: Final = 0.15  # seconds between two changes, and up to as much again: none rides on the one before
SERIES: Final = 30.0  # seconds; a contender that is slow gets fewer repetitions, not a longer run


async def created(ground: Ground, probes: Probes, repeats: int, chance: random.Random) -> list[float]:
    """Milliseconds from sending an Ingress of a new host to its first 200 on the last connection."""
    found: list[float] = []
    end = time.monotonic() + SERIES
    while len(found) < repeats and time.monotonic() < end:
        number = len(found)
        host = f"new-{number}.example.com"
        thing = objects.ingress(f"new-{number}", objects.namespace(number), host, f"app-{number}")
        await asyncio.sleep(PAUSE * (1 + chance.random()))
        question = probes.begin(host, has(200))
        sent = time.monotonic()
        await ground.writer.create(thing)
        found.append((await question.answered(PATIENCE, f"{host} is created") - sent) * 1000)
        await ground.writer.delete(thing)
        await probes.begin(host, has(404)).answered(PATIENCE, f"{host} is deleted")
    return found


async def moved(ground: Ground, probes: Probes, repeats: int, chance: random.Random) -> list[float]:
    """Milliseconds from sending a slice with another endpoint to the first answer of that on the last connection."""
    found: list[float] = []
    host = f"{objects.PROBE}.example.com"
    end = time.monotonic() + SERIES
    while len(found) < repeats and time.monotonic() < end:
        place = (ground.placed + 1) % len(ground.targets)
        _, thing, _ = objects.probed(ground.targets[place])
        change = {"ports": thing["ports"]}
        await asyncio.sleep(PAUSE * (1 + chance.random()))
        question = probes.begin(host, turns_into(WORDS[place].encode()))
        sent = time.monotonic()
        await ground.writer.patch(thing, change)
        ground.placed = place
        found.append((await question.answered(PATIENCE, f"the endpoint of {host} changed") - sent) * 1000)
    return found
