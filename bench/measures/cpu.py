"""CPU microseconds per request, from the scheduler's accounts, in interleaved rounds on one core.

All contenders run at the same time, each with its load already connected, and take turns of a fraction of a second. So
whatever happens to the machine happens to all of them, and a disturbed turn costs little.
"""

import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.accounts import pinned, spent, threads
from bench.child import BenchError
from bench.peers import Peer, Running
from bench.results import Level, Sample
from bench.spread import Ratio, ratio, spread, steady
from bench.stage import Stage
from bench.traffic import Backend, Load, Outcome
from bench.witness import witness

TOLERANCE = 0.1  # of a witness reading
FOREIGN = 0.3  # part of the core that others may have before a sample is dropped
ENOUGH = 3  # calm samples of a contender to say anything
PATIENCE = 5  # times the wanted rounds, until as many samples of everyone are calm
REFERENCES = ("nginx", "haproxy", "nginx-quiet", "haproxy-quiet", "nginx-unbuffered")
WARM_UP_MS = 500
SETTLE = 0.1  # seconds in which a thread beside the workers writes the rest of its log


def account(outcome: Outcome, by_role: dict[str, int], others_ns: int, *, new_upstream: int, reading: float) -> Sample:
    """Puts the readings of one turn together. `others_ns` is what client and backend used."""
    total = sum(by_role.values())
    requests = outcome.requests
    return Sample(
        requests=requests,
        cpu_us=total / 1000 / requests,
        by_role={role: ns / 1000 / requests for role, ns in by_role.items()},
        per_second=requests / outcome.seconds,
        p50_us=outcome.latency_us["p50"],
        p99_us=outcome.latency_us["p99"],
        new_upstream=new_upstream,
        witness=reading,
        foreign=max(0.0, 1 - (total + others_ns) / 1e9 / outcome.seconds),
    )


class Turn:
    """One contender and its load, connected and warm."""

    def __init__(
        self, name: str, running: Running, backend: Backend, load: Load, *, connections: int, core: int
    ) -> None:
        self.name = name
        self.connections = connections
        self.opened = 0  # upstream connections so far: a pool may still grow to the most it ever needs at once
        self.running = running
        self.backend = backend
        self.load = load
        self.core = core

    def witness(self) -> float:
        with pinned(self.core):
            return witness()

    def take(self) -> Sample:
        roles = {tid: role for role, tids in self.running.by_role().items() for tid in tids}
        pids = (self.running.pid, self.load.child.pid, self.backend.child.pid)
        accepted = self.backend.accepted()
        reading = self.witness()
        before = [threads(pid) for pid in pids]
        self.load.begin()
        outcome = self.load.outcome()
        if "host" in roles.values():
            time.sleep(SETTLE)
        after = [threads(pid) for pid in pids]
        reading = max(reading, self.witness())
        new_upstream = self.backend.accepted() - accepted
        self.check(outcome, new_upstream)
        proxy, *others = (spent(*pair) for pair in zip(before, after, strict=True))
        by_role: dict[str, int] = {}
        for tid, ns in proxy.items():
            role = roles.get(tid, "worker")
            by_role[role] = by_role.get(role, 0) + ns
        others_ns = sum(sum(other.values()) for other in others)
        return account(outcome, by_role, others_ns, new_upstream=new_upstream, reading=reading)

    def check(self, outcome: Outcome, new_upstream: int) -> None:
        if complaint := outcome.complaint():
            raise BenchError(f"{self.name}: {complaint}")
        self.opened += new_upstream
        if self.opened > 2 * self.connections:
            raise BenchError(
                f"{self.name} opened {self.opened} upstream connections for {self.connections} clients: no reuse"
            )
        if self.running.log is not None and self.running.log.exists():
            os.truncate(self.running.log, 0)  # every contender appends; a disk that fills up is no part of this


def clean(sample: Sample) -> bool:
    """Not shared with strangers, and on connections that were there before."""
    return sample.foreign <= FOREIGN and sample.new_upstream <= max(1, sample.requests // 1000)


def calm(rounds: list[dict[str, Sample]]) -> tuple[list[dict[str, bool]], bool]:
    """Which samples to keep, and whether there are too few of them."""
    flat = [sample for row in rounds for sample in row.values()]
    verdicts = iter(steady([sample.witness for sample in flat], TOLERANCE))
    kept = [{name: next(verdicts) and clean(sample) for name, sample in row.items()} for row in rounds]
    least = min(sum(row[name] for row in kept) for name in rounds[0])
    disturbed = least < min(ENOUGH, len(rounds))
    return ([dict.fromkeys(row, True) for row in rounds] if disturbed else kept), disturbed


def calm_rounds(rounds: list[dict[str, Sample]]) -> int:
    """Calm samples of the contender that has the fewest."""
    kept, disturbed = calm(rounds)
    return 0 if disturbed else min(sum(row[name] for row in kept) for name in rounds[0])


def summarise(connections: int, rounds: list[dict[str, Sample]], seed: int) -> Level:
    kept, disturbed = calm(rounds)
    names = list(rounds[0])
    values = {
        name: [row[name].cpu_us if keep[name] else None for row, keep in zip(rounds, kept, strict=True)]
        for name in names
    }
    return Level(
        connections=connections,
        rounds=rounds,
        kept=kept,
        disturbed=disturbed,
        cpu_us={name: spread([value for value in column if value is not None]) for name, column in values.items()},
        overhead=ratios(values, seed, base=values["floor"]) if "floor" in names else {},
        whole=ratios(values, seed, base=[0.0] * len(rounds)),
    )


def ratios(
    values: dict[str, list[float | None]], seed: int, *, base: Sequence[float | None]
) -> dict[str, dict[str, Ratio]]:
    """Each contender over each reference in the same round, both less `base`, where all three were calm."""
    found: dict[str, dict[str, Ratio]] = {}
    for first, ours in values.items():
        for second in REFERENCES:
            theirs = values.get(second)
            if theirs is None or first == second or ours is base:
                continue
            pairs = [
                (mine - ground, other - ground)
                for mine, other, ground in zip(ours, theirs, base, strict=True)
                if mine is not None and other is not None and ground is not None
            ]
            result = ratio(pairs, random.Random(seed))
            if result is not None:
                found.setdefault(first, {})[second] = result
    return found


def measure(
    stage: Stage,
    peers: list[Peer],
    *,
    levels: Sequence[int],
    rounds: int,
    seconds: float,
    seed: int,
    patience: int = PATIENCE,
) -> list[Level]:
    found = []
    with ExitStack() as stack:
        backend = stack.enter_context(stage.backend(core=stage.core))
        started = {peer.name: stack.enter_context(stage.running(peer, backend, core=stage.core)) for peer in peers}
        for connections in levels:
            with ExitStack() as loads:
                turns = []
                for name, running in started.items():
                    load = Load(
                        stage.tools, stage.folder, running.address,
                        connections=connections, core=stage.core, seconds=seconds, warm_up_ms=WARM_UP_MS,
                    )  # fmt: skip
                    turns.append(
                        Turn(
                            name, running, backend, loads.enter_context(load), connections=connections, core=stage.core
                        )
                    )
                rows: list[dict[str, Sample]] = []
                stage.say(
                    f"cpu: {connections} connections, {rounds} calm rounds of {len(turns)} turns of {seconds:g} s"
                )
                for number in range(rounds * patience):
                    # The order turns with each round, so that no contender always follows the same other.
                    order = [turns[(number + place) % len(turns)] for place in range(len(turns))]
                    taken = {turn.name: turn.take() for turn in order}
                    rows.append({name: taken[name] for name in started})
                    if number + 1 >= rounds and calm_rounds(rows) >= rounds:
                        break
                found.append(summarise(connections, rows, seed))
    return found
