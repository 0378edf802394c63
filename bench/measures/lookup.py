"""Nanoseconds per route lookup by number of routes, measured inside the engine by its example `lookup_bench`.

The example prints one JSON object: `{"rows": [{"routes": 1000, "ns": 123.4, ...}, ...]}`. It runs a few times on one
core and the best of each row counts: a lookup has no reason to be slow but the machine's.
"""

import subprocess

from msgspec import Struct, json

from bench import toolchain
from bench.accounts import pinned
from bench.child import BenchError
from bench.stage import Stage


class Row(Struct, frozen=True):
    routes: int
    ns: float


class Table(Struct, frozen=True):
    rows: list[Row]


def parse(text: str) -> dict[str, float]:
    return {str(row.routes): row.ns for row in json.decode(text, type=Table).rows}


def measure(stage: Stage, runs: int) -> dict[str, float] | None:
    """None while the engine has no such example."""
    program = toolchain.example("lookup_bench")
    if program is None:
        stage.say("lookup: the engine has no example lookup_bench")
        return None
    best: dict[str, float] = {}
    for number in range(runs):
        stage.say(f"lookup: run {number + 1} of {runs}")
        with pinned(stage.core):
            done = subprocess.run([program], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"lookup_bench failed: {done.stderr}")
        for routes, ns in parse(done.stdout).items():
            best[routes] = min(ns, best.get(routes, ns))
    return best
