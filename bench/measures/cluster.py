"""The control plane at scale: a real API server with thousands of objects, and the controllers side by side on it.

In each round every contender has a turn alone: it starts cold, is idle for a while, and sees single objects change. The
last turn goes on with what it asks while nothing happens and while the API server is away. Then the Secrets come, and
every contender starts once more, and takes very many changes under load.
"""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Iterator

from msgspec import Struct, field

from bench.child import BenchError
from bench.cluster import asking, effects, mixed, objects, starting
from bench.cluster.amount import Amount
from bench.cluster.contenders import CONTENDERS, Contender
from bench.cluster.ground import Ground, ground, missing
from bench.cluster.starting import Start
from bench.probing import Probes, has
from bench.results import Cluster, ColdStart, Controller, Effect, Mixed, Outage
from bench.spread import quantile, spread
from bench.stage import Stage

OURS = "sallygate"
RECOVERY = 90.0  # seconds after an outage in which a new Ingress must be served again


class _Seen(Struct):
    """What was seen of one contender so far."""

    starts: list[Start] = field(default_factory=list)
    secret_starts: list[Start] = field(default_factory=list)
    created: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    control_pss_mib: float = 0.0
    pss_mib: float = 0.0
    idle: float = 0.0
    killed: Outage | None = None
    frozen: Outage | None = None
    mixed: Mixed | None = None


def measure(stage: Stage, amount: Amount, names: list[str], seed: int) -> Cluster | None:
    """None where there can be no cluster; why is said."""
    reason = missing()
    if reason is not None:
        stage.say(f"cluster: {reason}")
        return None
    return asyncio.run(_measure(stage, amount, names, random.Random(seed)))


async def _measure(stage: Stage, amount: Amount, names: list[str], chance: random.Random) -> Cluster:
    absent = {name: why for name in names if (why := CONTENDERS[name].missing()) is not None}
    contenders = [CONTENDERS[name] for name in names if name not in absent]
    seen = {each.name: _Seen() for each in contenders}
    load: list[float] = []
    async with ground(stage) as place:
        began = time.monotonic()
        await place.fill(list(seen), amount.ingresses)
        filled = time.monotonic() - began
        stage.say(f"cluster: filled after {filled:.0f} s")
        for number in range(amount.rounds):
            place_in_turn = number % len(contenders)
            for contender in contenders[place_in_turn:] + contenders[:place_in_turn]:
                load.append(os.getloadavg()[0])
                stage.say(f"cluster: round {number + 1} of {amount.rounds}: {contender.name}")
                last = number == amount.rounds - 1
                with _failing(stage, contender, contenders, absent):
                    await _turn(place, contender, amount, seen[contender.name], chance, last=last)
        await place.secure(amount.secrets)
        for contender in list(contenders):
            load.append(os.getloadavg()[0])
            with _failing(stage, contender, contenders, absent):
                await _secret_turns(place, contender, amount, seen[contender.name])
    return Cluster(
        ingresses=amount.ingresses,
        slices=amount.ingresses * objects.SLICES,
        secrets=amount.secrets,
        fill_seconds=filled,
        load=load,
        controllers={each.name: _summary(each.version(), seen[each.name]) for each in contenders},
        absent=absent,
    )


@contextlib.contextmanager
def _failing(stage: Stage, contender: Contender, contenders: list[Contender], absent: dict[str, str]) -> Iterator[None]:
    """One that fails is out, with the reason; the others go on. Without ours there is nothing to measure."""
    try:
        yield
    except BenchError as error:
        if contender.name == OURS:
            raise
        stage.say(f"cluster: {contender.name} is out: {error}")
        contenders.remove(contender)
        absent[contender.name] = str(error).splitlines()[0]


async def _turn(
    place: Ground, contender: Contender, amount: Amount, seen: _Seen, chance: random.Random, *, last: bool
) -> None:
    hosts = [objects.host(number) for number in range(amount.ingresses)]
    async with starting.started(place, contender) as (running, began):
        seen.starts.append(await starting.wait(place, contender, running, began, hosts))
        if last:
            await asyncio.sleep(amount.settled)
            seen.control_pss_mib, seen.pss_mib = running.pss_mib("control"), running.pss_mib()
        probes = await Probes.to(running.http)
        try:
            seen.created += await effects.created(place, probes, amount.repeats, chance)
            seen.moved += await effects.moved(place, probes, amount.repeats, chance)
        finally:
            probes.close()
        if last:
            place.stage.say(f"cluster: {contender.name}: idle, and two outages")
            seen.idle = await asking.idle(place, contender.name, amount.watched)
            seen.killed = await asking.killed(place, amount.watched)
            await _recovered(place, running.http, "killed")
            seen.frozen = await asking.frozen(place, amount.watched)
            await _recovered(place, running.http, "frozen")


async def _recovered(place: Ground, address: str, outage: str) -> None:
    """A figure of somebody who has given up is none: after an outage new objects must be served again."""
    host = f"after-{outage}.example.com"
    thing = objects.ingress(f"after-{outage}", objects.namespace(0), host, "app-0")
    await place.writer.create(thing)
    probes = await Probes.to(address, 1)
    try:
        await probes.begin(host, has(200)).answered(RECOVERY, f"{host} after the outage")
    finally:
        probes.close()
        await place.writer.delete(thing)


async def _secret_turns(place: Ground, contender: Contender, amount: Amount, seen: _Seen) -> None:
    """Cold starts with the Secrets; then the changes under load."""
    hosts = [objects.host(number) for number in range(amount.ingresses)]
    for number in range(amount.rounds):
        place.stage.say(f"cluster: {contender.name} with {amount.secrets} Secrets, {number + 1} of {amount.rounds}")
        async with starting.started(place, contender) as (running, began):
            seen.secret_starts.append(await starting.wait(place, contender, running, began, hosts))
            if number == amount.rounds - 1:
                seen.mixed = await mixed.change(place, running, amount.changes)


def _summary(version: str, seen: _Seen) -> Controller:
    assert seen.killed is not None
    assert seen.frozen is not None
    assert seen.mixed is not None
    return Controller(
        version=version,
        start=_start(seen.starts),
        secrets_start=_start(seen.secret_starts),
        created=_effect(seen.created),
        moved=_effect(seen.moved),
        control_pss_mib=seen.control_pss_mib,
        pss_mib=seen.pss_mib,
        idle_per_minute=seen.idle,
        killed=seen.killed,
        frozen=seen.frozen,
        mixed=seen.mixed,
    )


def _start(starts: list[Start]) -> ColdStart:
    ready = [each.ready for each in starts if each.ready is not None]
    return ColdStart(
        spread(ready) if ready else None,
        spread([each.served for each in starts]),
        spread([each.cpu for each in starts]),
        spread([each.requests for each in starts]),
    )


def _effect(values: list[float]) -> Effect:
    return Effect(spread(values), quantile(values, 0.99))
