"""Rounds of turns: contenders that run at the same time, each with its load already connected, take turns of a fraction
of a second. So whatever happens to the machine happens to all of them, and a disturbed turn costs little.

What the loads ask for is the business of the measures: this counts CPU per request, and says which turns were calm.
"""

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from bench.accounts import busy_ns, pinned, spent, threads
from bench.child import BenchError
from bench.peers import Peer, Running
from bench.results import Level, Sample
from bench.spread import Ratio, ratio, spread, steady
from bench.stage import Stage
from bench.traffic import PLAIN, Backend, Load, Outcome, Request
from bench.witness import witness

TOLERANCE = 0.1  # of a witness reading
FOREIGN = 0.3  # part of the core that others may have before a sample is dropped
ENOUGH = 3  # calm samples of a contender to say anything
REFERENCES = ("nginx", "nginx-newest", "haproxy", "envoy", "nginx-quiet", "haproxy-quiet", "nginx-unbuffered")
WARM_UP_MS = 500
SETTLE = 0.1  # seconds in which a thread beside the workers writes the rest of its log


class Cores(Struct, frozen=True):
    """Where the contenders run, and where client and backend do."""

    proxy: int
    others: int

    def busy_ns(self) -> int:
        return sum(busy_ns(core) for core in {self.proxy, self.others})


class Rounds(Struct, frozen=True):
    """How many calm ones are wanted, of turns of how many seconds; `patience` times as many at most."""

    wanted: int
    seconds: float
    patience: int
    seed: int


def account(outcome: Outcome, by_role: dict[str, int], foreign_ns: int, *, new_upstream: int, reading: float) -> Sample:
    """Puts the readings of one turn together. `foreign_ns` is what strangers used of the cores."""
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
        foreign=max(0.0, foreign_ns / 1e9 / outcome.seconds),
    )


class Turn:
    """One contender and its load, connected and warm."""

    def __init__(
        self, name: str, running: Running, backend: Backend, load: Load, *, connections: int, cores: Cores
    ) -> None:
        self.name = name
        self.connections = connections
        self.opened = 0  # upstream connections so far: a pool may still grow to the most it ever needs at once
        self.running = running
        self.backend = backend
        self.load = load
        self.cores = cores

    def witness(self) -> float:
        with pinned(self.cores.proxy):
            return witness()

    def take(self) -> Sample:
        roles = {tid: role for role, tids in self.running.by_role().items() for tid in tids}
        pids = (self.running.pid, self.load.child.pid, self.backend.child.pid)
        accepted = self.backend.accepted()
        reading = self.witness()
        before = [threads(pid) for pid in pids]
        busy = self.cores.busy_ns()
        self.load.begin()
        outcome = self.load.outcome()
        busy = self.cores.busy_ns() - busy
        if len(set(roles.values())) > 1:
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
        known_ns = sum(by_role.values()) + sum(sum(other.values()) for other in others)
        # One core is never idle, so that the clock says best what strangers had. Of two, the kernel's ticks must do.
        whole_ns = outcome.seconds * 1e9 if self.cores.proxy == self.cores.others else busy
        return account(outcome, by_role, int(whole_ns) - known_ns, new_upstream=new_upstream, reading=reading)

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


class Field:
    """Every contender, started, and the backend behind them."""

    def __init__(self, stage: Stage, cores: Cores, backend: Backend, started: dict[str, Running]) -> None:
        self.stage = stage
        self.cores = cores
        self.backend = backend
        self.started = started

    def level(self, what: str, rounds: Rounds, *, connections: int, request: Request = PLAIN) -> Level:
        """Rounds of the same request of everyone, until enough of them are calm."""
        with ExitStack() as loads:
            turns = []
            for name, running in self.started.items():
                load = loads.enter_context(
                    Load(
                        self.stage.tools, self.stage.folder, running.address,
                        connections=connections, core=self.cores.others, seconds=rounds.seconds,
                        warm_up_ms=WARM_UP_MS, request=request,
                    )
                )  # fmt: skip
                turns.append(Turn(name, running, self.backend, load, connections=connections, cores=self.cores))
            rows: list[dict[str, Sample]] = []
            self.stage.say(f"{what}: {rounds.wanted} calm rounds of {len(turns)} turns of {rounds.seconds:g} s")
            for number in range(rounds.wanted * rounds.patience):
                # The order turns with each round, so that no contender always follows the same other.
                order = [turns[(number + place) % len(turns)] for place in range(len(turns))]
                taken = {turn.name: turn.take() for turn in order}
                rows.append({name: taken[name] for name in self.started})
                if number + 1 >= rounds.wanted and calm_rounds(rows) >= rounds.wanted:
                    break
            return summarise(connections, rows, rounds.seed)


@contextmanager
def field(stage: Stage, peers: list[Peer], cores: Cores | None = None) -> Iterator[Field]:
    cores = cores or Cores(stage.core, stage.core)
    with ExitStack() as stack:
        backend = stack.enter_context(stage.backend(core=cores.others))
        started = {peer.name: stack.enter_context(stage.running(peer, backend, core=cores.proxy)) for peer in peers}
        yield Field(stage, cores, backend, started)
