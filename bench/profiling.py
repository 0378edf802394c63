"""Where a contender spends its time at 64 connections: samples of perf's cpu-clock, by stage and by symbol.

cpu-clock needs no hardware counters, which a virtual machine seldom has. It sees the kernel too, and the kernel's part is
what nobody can save; the table of symbols leaves it out.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

from msgspec import Struct

from bench.accounts import threads
from bench.child import Child, BenchError, find_missing
from bench.peers import PEERS, Running
from bench.stage import Stage
from bench.traffic import Load

RATE = 4999  # samples per second; a prime, so that nothing periodic hides between them
CONNECTIONS = 64

# The first pattern that is found in a symbol or its file names the stage.
STAGES = (
    ("kernel", re.compile(r"\[kernel|\[k\]")),
    ("telemetry", re.compile(r"telemetry|access_log|_shm")),
    ("parse and serialise", re.compile(r"sallygate_wire|httparse|memchr|\bwire::")),
    ("route and snapshot", re.compile(r"::route|snapshot|lookup|foldhash|hashbrown")),
    ("exchange", re.compile(r"sallygate_engine|gateway::")),
    ("runtime", re.compile(r"tokio|mio::|futures|core::task")),
    ("allocation", re.compile(r"malloc|\bcfree\b|_int_free|realloc|calloc|alloc::")),
    ("copying", re.compile(r"mem(?:cpy|move|set|cmp|chr)")),
    ("TLS", re.compile(r"ssl|SSL|EVP_|crypto")),
    ("interpreter", re.compile(r"_Py|Py[A-Z]|libpython|python3")),
    ("C library", re.compile(r"libc\.so|\[vdso\]")),
)
ROW = re.compile(r"^\s*(?P<count>\d+)\s+(?P<thread>\S+)\s+(?P<object>\S+)\s+\[(?P<space>[k.])\]\s+(?P<symbol>.+?)\s*$")


class Hit(Struct, frozen=True):
    """Samples in one symbol."""

    samples: int
    thread: str
    symbol: str
    stage: str


def stage_of(row: str) -> str:
    return next((name for name, pattern in STAGES if pattern.search(row)), "other")


def parse_report(text: str) -> list[Hit]:
    """The rows of `perf report --stdio -F sample,comm,dso,sym`."""
    found = []
    for line in text.splitlines():
        match = ROW.match(line)
        if match is None:
            continue
        symbol = match["symbol"]
        words = f"{match['object']} [{'k' if match['space'] == 'k' else '.'}] {symbol}"
        found.append(Hit(int(match["count"]), match["thread"], symbol, stage_of(words)))
    return found


def render(hits: list[Hit], top: int, us_per_request: float) -> str:
    """Shares of all samples, and what they are of the microseconds of a request."""
    total = sum(hit.samples for hit in hits)
    if total == 0:
        return "perf took no sample\n"
    stages: Counter[str] = Counter()
    symbols: Counter[tuple[str, str]] = Counter()
    for hit in hits:
        stages[hit.stage] += hit.samples
        if hit.stage != "kernel":
            symbols[hit.stage, hit.symbol] += hit.samples
    lines = [f"{total} samples, {us_per_request:.2f} us of CPU per request", "", "   share      us  stage"]
    for name, samples in stages.most_common():
        lines.append(f"{samples / total:8.1%} {samples / total * us_per_request:7.2f}  {name}")
    lines += ["", "   share      us  stage                symbol (user space)"]
    for (name, symbol), samples in symbols.most_common(top):
        lines.append(f"{samples / total:8.1%} {samples / total * us_per_request:7.2f}  {name:20} {symbol[:120]}")
    return "\n".join(lines) + "\n"


def sample(stage: Stage, running: Running, seconds: float) -> tuple[list[Hit], float]:
    """Samples the contender under load. Also gives its CPU microseconds per request, the cost of sampling included."""
    file = stage.fresh("perf") / "perf.data"
    with Load(
        stage.tools, stage.folder, running.address, connections=CONNECTIONS, core=stage.core, seconds=seconds + 1
    ) as load:
        command = ["perf", "record", "-e", "cpu-clock", "-F", str(RATE), "-p", str(running.pid), "-o", str(file)]
        load.begin()
        before = cpu_ns(running)
        with Child(
            "perf", [*command, "--", "sleep", str(seconds)], file.parent, stdout=file.parent / "perf.stdout"
        ) as perf:
            perf.process.wait(seconds + 60)
        load.end()
        outcome = load.outcome()
        spent_ns = cpu_ns(running) - before
    if complaint := outcome.complaint():
        raise BenchError(complaint)
    return report(file), spent_ns / 1000 / outcome.requests


def cpu_ns(running: Running) -> int:
    return sum(thread.run_ns for thread in threads(running.pid).values())


def report(file: Path) -> list[Hit]:
    command = ["perf", "report", "-i", str(file), "--stdio", "--no-children", "-F", "sample,comm,dso,sym"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse_report(done.stdout)


def profile(stage: Stage, name: str, seconds: float, top: int) -> str:
    if find_missing("perf"):
        raise BenchError("perf is not installed (Debian: linux-perf)")
    peer = PEERS[name]
    if reason := peer.missing():
        raise BenchError(f"{name}: {reason}")
    with stage.backend(core=stage.core) as backend, stage.running(peer, backend, core=stage.core) as running:
        hits, us_per_request = sample(stage, running, seconds)
        return render(hits, top, us_per_request)
