"""Where a contender spends its time at 64 connections: samples of perf's cpu-clock, by stage and by symbol.

cpu-clock needs no hardware counters, which a virtual machine seldom has. Sampling costs much in such a machine, so the
microseconds are measured before it and the samples only divide them.
"""

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from msgspec import Struct

from bench.accounts import threads
from bench.child import BenchError, Child, find_missing
from bench.peers import PEERS, Running
from bench.stage import Stage
from bench.traffic import Load

RATE = 1999  # samples per second; a prime, so that nothing periodic hides between them
BEFORE = 2.0  # seconds that are measured without sampling
KERNEL_TOP = 12  # symbols of the kernel; it is the same for everybody
CONNECTIONS = 64

# The first pattern that is found in a symbol or its file names the stage.
STAGES = (
    ("kernel", re.compile(r"\[k\]")),
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
ROW = re.compile(
    r"^\s*(?P<samples>\d+)\s*\|(?P<thread>[^|]+)\|(?P<object>[^|]+)\|\[(?P<space>[k.])\]\s+(?P<symbol>.+)$"
)


class Hit(Struct, frozen=True):
    """Samples in one symbol."""

    samples: int
    thread: str
    symbol: str
    stage: str


def stage_of(row: str) -> str:
    return next((name for name, pattern in STAGES if pattern.search(row)), "other")


def parse_report(text: str) -> list[Hit]:
    """The rows of `perf report --stdio -t '|' -F sample,comm,dso,sym`."""
    found = []
    for line in text.splitlines():
        match = ROW.match(line)
        if match is None:
            continue
        symbol = match["symbol"].strip()
        words = f"{match['object'].strip()} [{match['space']}] {symbol}"
        found.append(Hit(int(match["samples"]), match["thread"].strip(), symbol, stage_of(words)))
    return found


def render(hits: list[Hit], top: int, us_per_request: float) -> str:
    """Shares of all samples, and what they are of the microseconds of a request."""
    total = sum(hit.samples for hit in hits)
    if total == 0:
        return "perf took no sample\n"
    stages: Counter[str] = Counter()
    by_thread: Counter[str] = Counter()
    symbols: Counter[tuple[str, str]] = Counter()
    kernel: Counter[tuple[str, str]] = Counter()
    for hit in hits:
        stages[hit.stage] += hit.samples
        by_thread[hit.thread] += hit.samples
        (kernel if hit.stage == "kernel" else symbols)[hit.stage, hit.symbol] += hit.samples

    def row(samples: int, text: str) -> str:
        return f"{samples / total:8.1%} {samples / total * us_per_request:7.2f}  {text}"

    lines = [f"{total} samples, {us_per_request:.2f} us of CPU per request", "", "   share      us  stage"]
    lines += [row(samples, name) for name, samples in stages.most_common()]
    lines += ["", "   share      us  thread"]
    lines += [row(samples, name) for name, samples in by_thread.most_common()]
    lines += ["", "   share      us  stage                symbol"]
    shown = [*symbols.most_common(top), *kernel.most_common(KERNEL_TOP)]
    lines += [row(samples, f"{name:20} {symbol[:120]}") for (name, symbol), samples in shown]
    return "\n".join(lines) + "\n"


def sample(stage: Stage, running: Running, seconds: float) -> tuple[list[Hit], float]:
    """Measures the contender's CPU microseconds per request, then samples it under the same load."""
    file = stage.fresh("perf") / "perf.data"
    with Load(
        stage.tools,
        stage.folder,
        running.address,
        connections=CONNECTIONS,
        core=stage.core,
        seconds=seconds + 5,
    ) as load:
        command = ["perf", "record", "-e", "cpu-clock", "-F", str(RATE), "-p", str(running.pid), "-o", str(file)]
        us_per_request = unsampled(running, load)
        load.begin()
        folder = file.parent
        with Child("perf", [*command, "--", "sleep", str(seconds)], folder, stdout=folder / "perf.stdout") as perf:
            perf.process.wait(seconds + 60)
        load.end()
        if complaint := load.outcome().complaint():
            raise BenchError(complaint)
    return report(file), us_per_request


def unsampled(running: Running, load: Load) -> float:
    before = cpu_ns(running)
    load.begin()
    time.sleep(BEFORE)
    load.end()
    outcome = load.outcome()
    if complaint := outcome.complaint():
        raise BenchError(complaint)
    return (cpu_ns(running) - before) / 1000 / outcome.requests


def cpu_ns(running: Running) -> int:
    return sum(thread.run_ns for thread in threads(running.pid).values())


def report(file: Path) -> list[Hit]:
    command = ["perf", "report", "-i", str(file), "--stdio", "--no-children", "-t", "|", "-F", "sample,comm,dso,sym"]
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
