"""What callgrind counts of one process under load, and how its files are read.

A contender runs under valgrind as a whole, is warmed up, has its counters set to zero, serves a number of requests, and
is asked what it counted. Knows nothing of what is made of the figures.
"""

import re
import subprocess
from collections.abc import Iterator
from typing import Self

from msgspec import Struct

from bench.accounts import command_line, descendants
from bench.child import BenchError
from bench.peers import Peer, Running
from bench.stage import Stage
from bench.traffic import Backend, Load

COMMAND = ("valgrind", "--tool=callgrind", "--separate-threads=yes", "--quiet")
INSTRUCTIONS = "Ir"
NAME = re.compile(r"^(?P<key>c?fn)=\((?P<number>\d+)\)(?: (?P<name>.*))?$")
COST = re.compile(r"^(?:[+-]?\d+|\*)(?P<costs>(?: \d+)+)$")

Events = dict[str, int]


class Counted(Struct, frozen=True):
    """What a process did for all requests: events by the role of the thread, and by the function they happened in."""

    requests: int
    events: dict[str, Events]
    functions: dict[str, Events]

    def per_request(self, event: str) -> dict[str, float]:
        """One event by role."""
        return {role: found.get(event, 0) / self.requests for role, found in self.events.items()}


def add(to: Events, more: Events) -> None:
    for name, number in more.items():
        to[name] = to.get(name, 0) + number


def events_of(names: list[str], numbers: str) -> Events:
    """A line of costs. Zeros at its end are left out."""
    return dict(zip(names, map(int, numbers.split()), strict=False))


def parse_events(text: str) -> Events:
    """Everything that one callgrind file accounts for, by the names of its events."""
    names: list[str] = []
    for line in text.splitlines():
        if line.startswith("events:"):
            names = line.split()[1:]
        elif line.startswith(("totals:", "summary:")):
            return events_of(names, line.partition(":")[2])
    return {}


def parse_thread(text: str) -> int:
    """The number of the thread that a callgrind file of a process with separate threads is about."""
    found = re.search(r"^thread: (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 1


def parse_functions(text: str) -> dict[str, Events]:
    """A function's own events, by its name, out of a callgrind file.

    Read here because `callgrind_annotate` blames the main loop for all of a process that is dumped while inside it.
    Names are given once and then by number; the cost line after `calls=` is the callee's and counts there.
    """
    names: dict[str, str] = {}
    found: dict[str, Events] = {}
    events: list[str] = []
    current = ""
    foreign = False
    for line in text.splitlines():
        if line.startswith("events:"):
            events = line.split()[1:]
        elif match := NAME.match(line):
            names.setdefault(match["number"], match["name"] or "?")
            if match["key"] == "fn":
                current = names[match["number"]]
        elif line.startswith("calls="):
            foreign = True
        elif match := COST.match(line):
            if not foreign:
                add(found.setdefault(current, {}), events_of(events, match["costs"]))
            foreign = False
    return found


def control(pid: int, *switches: str) -> None:
    done = subprocess.run(["callgrind_control", *switches, str(pid)], capture_output=True, text=True, check=False)
    if done.returncode or "OK" not in done.stdout:
        raise BenchError(f"callgrind_control {' '.join(switches)}: {done.stdout}{done.stderr}")


def counted_pid(running: Running) -> int:
    """The process that valgrind has become; it keeps its number."""
    found = [pid for pid in [running.pid, *descendants(running.pid)] if "callgrind" in " ".join(command_line(pid))]
    return found[0] if found else running.pid


class Watched:
    """A contender below callgrind, for one load after another."""

    def __init__(self, stage: Stage, peer: Peer, backend: Backend, *switches: str) -> None:
        self.stage = stage
        self.name = peer.name
        self.folder = stage.fresh("callgrind")
        wrapper = (*COMMAND, *switches, f"--callgrind-out-file={self.folder}/callgrind.%p")
        self.context = stage.running(peer, backend, wrapper=wrapper)
        self.dumps = 0

    def __enter__(self) -> Self:
        self.running = self.context.__enter__()
        return self

    def __exit__(self, *about: object) -> None:
        self.context.__exit__(None, None, None)

    def count(self, connections: int, requests: int) -> Counted:
        with Load(
            self.stage.tools,
            self.stage.folder,
            self.running.address,
            connections=connections,
            core=None,
            requests=requests,
            warm_up_ms=2000,
        ) as load:
            pid = counted_pid(self.running)
            control(pid, "--zero")
            load.begin()
            outcome = load.outcome()
            if complaint := outcome.complaint():
                raise BenchError(f"{self.name}: {complaint}")
            control(pid, "--dump")
        self.dumps += 1
        events: dict[str, Events] = {}
        functions: dict[str, Events] = {}
        for role, text in self.threads(pid):
            add(events.setdefault(role, {}), parse_events(text))
            for name, own in parse_functions(text).items():
                add(functions.setdefault(name, {}), own)
        if not events:
            raise BenchError(f"{self.name}: callgrind left no counts of process {pid}")
        return Counted(outcome.requests, events, functions)

    def threads(self, pid: int) -> Iterator[tuple[str, str]]:
        """The role of each thread that did anything, and its file of the last dump."""
        main = self.running.role.__name__ == "role"  # ours tells its threads apart; the others have one
        for file in sorted(self.folder.glob(f"callgrind.{pid}.{self.dumps}-*")):
            text = file.read_text()
            if parse_events(text).get(INSTRUCTIONS):
                yield "host" if main and parse_thread(text) == 1 else "worker", text
