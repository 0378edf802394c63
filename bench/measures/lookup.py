"""Nanoseconds per route lookup by number of routes, measured inside the engine by its example `lookup_bench`.

The example prints one JSON object: `{"lookups": [{"hosts": 100, "paths": 10, "lookup_ns": 123.4}], "miss_ns": 99}`.
It runs a few times on one core and the best of each row counts: a lookup has no reason to be slow but the machine's.
"""

import subprocess

from msgspec import json

from bench import toolchain
from bench.accounts import pinned
from bench.child import BenchError
from bench.results import Lookup, LookupRow
from bench.stage import Stage


def parse(text: str) -> Lookup:
    return json.decode(text, type=Lookup)


def best(runs: list[Lookup]) -> Lookup:
    rows = zip(*(run.lookups for run in runs), strict=True)
    lookups = [LookupRow(same[0].hosts, same[0].paths, min(row.lookup_ns for row in same)) for same in rows]
    return Lookup(lookups, min(run.miss_ns for run in runs))


def measure(stage: Stage, runs: int) -> Lookup | None:
    """None while the engine has no such example."""
    program = toolchain.example("lookup_bench")
    if program is None:
        stage.say("lookup: the engine has no example lookup_bench")
        return None
    done = []
    for number in range(runs):
        stage.say(f"lookup: run {number + 1} of {runs}")
        with pinned(stage.core):
            run = subprocess.run([program], capture_output=True, text=True, check=False)
        if run.returncode:
            raise BenchError(f"lookup_bench failed: {run.stderr}")
        done.append(parse(run.stdout))
    return best(done)
