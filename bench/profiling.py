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


class Part(Struct, frozen=True):
    """A part of a request's time: what tells its symbols, and what it is for somebody who never saw the code."""

    name: str
    symbols: re.Pattern[str]
    what: str


# The first pattern that is found in a symbol or its file names the stage.
STAGES = (
    Part(
        "kernel: waiting",
        re.compile(
            r"\[k\].*(?:ep_|epoll|eventpoll|sched|task_switch|wake|enqueue|dequeue|pick_next|update_curr|irqrestore|rseq)"
        ),
        "epoll, and the change from one process to another; the floor pays it, too",
    ),
    Part(
        "kernel: network",
        re.compile(
            r"\[k\].*(?:tcp|inet|ip_|ipv4|sock|skb|sk_|net_|dev_|eth|napi|softirq|local_bh|loopback|nf_|sendto|recv)"
        ),
        "two receives and two sends, with the delivery of what is sent; the floor pays it, too",
    ),
    Part("kernel: other", re.compile(r"\[k\]"), "into the kernel and back, descriptors, memory, clocks, interrupts"),
    Part("telemetry", re.compile(r"telemetry|access_log|_shm"), "metrics and the record of the access log"),
    Part(
        "parse and serialise",
        re.compile(r"sallygate_wire|httparse|memchr|\bwire::"),
        "heads read, checked, and written for the other side",
    ),
    Part(
        "route and snapshot",
        re.compile(r"::route|snapshot|lookup|foldhash|hashbrown"),
        "which route, by host and path, in the current configuration",
    ),
    Part(
        "exchange",
        re.compile(r"sallygate_engine|gateway::"),
        "both sides driven: buffers, upstream pool, deadlines, balancing, what is forwarded",
    ),
    Part("runtime", re.compile(r"tokio|mio::|futures|core::task"), "tasks, and which sockets are ready"),
    Part("allocation", re.compile(r"malloc|\bcfree\b|_int_free|realloc|calloc|alloc::"), "memory taken and given back"),
    Part("copying", re.compile(r"mem(?:cpy|move|set|cmp|chr)"), "bytes copied and compared"),
    Part("TLS", re.compile(r"ssl|SSL|EVP_|crypto"), "records and handshakes"),
    Part("interpreter", re.compile(r"_Py|Py[A-Z]|libpython|python3"), "the host thread, which writes the log out"),
    Part("C library", re.compile(r"libc\.so|\[vdso\]"), "the thin layer above system calls, and clocks"),
)
OTHER = Part("other", re.compile(r""), "whatever no name tells")

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
    return next(part for part in (*STAGES, OTHER) if part.symbols.search(row)).name


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
        (kernel if hit.stage.startswith("kernel") else symbols)[hit.stage, hit.symbol] += hit.samples

    def row(samples: int, text: str) -> str:
        return f"{samples / total:8.1%} {samples / total * us_per_request:7.2f}  {text}"

    means = {part.name: part.what for part in (*STAGES, OTHER)}
    own = sum(samples for name, samples in stages.items() if not name.startswith("kernel"))
    lines = [f"{us_per_request:.2f} us of CPU per request, divided by {total} samples", ""]
    lines += [row(own, "in our own code"), row(total - own, "in the kernel, for us"), ""]
    lines += [f"   share      us  {'stage':20} what it is"]
    lines += [row(samples, f"{name:20} {means[name]}") for name, samples in stages.most_common()]
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
