"""Instructions per request in user space, counted by callgrind: the same on every machine and in every weather.

Whole processes are counted: each contender runs under valgrind, is warmed up, has its counters set to zero, serves a
number of requests, and is asked what it counted. The engine's example `replay` is counted on top where it exists: the
sans-I/O core alone, fed with recorded bytes.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from bench import toolchain
from bench.accounts import command_line, descendants
from bench.child import BenchError, find_missing
from bench.peers import Peer, Running
from bench.results import Instructions
from bench.stage import Stage
from bench.traffic import Load

CONNECTIONS = 8
TOP = 15
CALLGRIND = ("valgrind", "--tool=callgrind", "--separate-threads=yes", "--quiet")
NAME = re.compile(r"^(?P<key>c?fn)=\((?P<number>\d+)\)(?: (?P<name>.*))?$")
COST = re.compile(r"^(?:[+-]?\d+|\*) \d+$")


def parse_total(text: str) -> int:
    """The instructions that one callgrind file accounts for."""
    for line in text.splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1])
    return 0


def parse_thread(text: str) -> int:
    """The number of the thread that a callgrind file of a process with separate threads is about."""
    found = re.search(r"^thread: (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 1


def parse_functions(text: str) -> dict[str, int]:
    """Own instructions by function out of a callgrind file.

    Read here because `callgrind_annotate` blames the main loop for all of a process that is dumped while inside it.
    Names are given once and then by number; the cost line after `calls=` is the callee's and counts there.
    """
    names: dict[str, str] = {}
    found: dict[str, int] = {}
    current = ""
    foreign = False
    for line in text.splitlines():
        if match := NAME.match(line):
            names.setdefault(match["number"], match["name"] or "?")
            if match["key"] == "fn":
                current = names[match["number"]]
        elif line.startswith("calls="):
            foreign = True
        elif COST.match(line):
            if not foreign:
                found[current] = found.get(current, 0) + int(line.split()[1])
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


def count(stage: Stage, peer: Peer, running: Running, folder: Path, requests: int) -> Instructions:
    with Load(
        stage.tools,
        stage.folder,
        running.address,
        connections=CONNECTIONS,
        core=None,
        requests=requests,
        warm_up_ms=2000,
    ) as load:
        pid = counted_pid(running)
        control(pid, "--zero")
        load.begin()
        outcome = load.outcome()
        if complaint := outcome.complaint():
            raise BenchError(f"{peer.name}: {complaint}")
        control(pid, "--dump")
    main = running.role.__name__ == "role"  # ours tells its threads apart; the others have one
    by_role: dict[str, float] = {}
    own: dict[str, int] = {}
    files = [file for file in sorted(folder.glob(f"callgrind.{pid}.1*")) if parse_total(file.read_text())]
    for file in files:
        text = file.read_text()
        role = "host" if main and parse_thread(text) == 1 else "worker"
        by_role[role] = by_role.get(role, 0.0) + parse_total(text) / outcome.requests
        for name, cost in parse_functions(text).items():
            own[name] = own.get(name, 0) + cost
    if not by_role:
        raise BenchError(f"{peer.name}: callgrind left no counts of process {pid}")
    dearest = sorted(own.items(), key=lambda item: -item[1])[:TOP]
    top = [(name, cost / outcome.requests) for name, cost in dearest]
    return Instructions(outcome.requests, by_role, top)


def measure(stage: Stage, peers: list[Peer], requests: int) -> dict[str, Instructions]:
    if missing := find_missing("valgrind", "callgrind_control"):
        stage.say(f"instructions: {', '.join(missing)} not installed")
        return {}
    found = {}
    with stage.backend() as backend:
        for peer in peers:
            stage.say(f"instructions: {peer.name}")
            folder = stage.fresh("callgrind")
            wrapper = (*CALLGRIND, f"--callgrind-out-file={folder}/callgrind.%p")
            try:
                with stage.running(peer, backend, wrapper=wrapper) as running:
                    found[peer.name] = count(stage, peer, running, folder, requests)
            except BenchError as error:
                if peer.name == "sallygate":
                    raise
                stage.say(f"instructions: {error}")  # not every program can be run like this
    return found


def replay(stage: Stage) -> dict[str, Any] | None:
    """Instructions per exchange of the core alone: two runs of the example `replay`, so that its start cancels out."""
    program = toolchain.example("replay")
    if program is None or find_missing("valgrind"):
        return None
    totals = []
    exchanges = (1000, 11000)
    for number in exchanges:
        file = stage.fresh("replay") / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={file}", str(program), str(number)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"the example replay failed: {done.stderr}")
        totals.append(parse_total(file.read_text()))
    per_exchange = (totals[1] - totals[0]) / (exchanges[1] - exchanges[0])
    about = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
    return {"instructions_per_exchange": per_exchange, "example": about}
