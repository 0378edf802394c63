"""Instructions per request in user space, counted by callgrind: the same on every machine and in every weather.

Ours is counted on three routes more: beside routes with every family of annotations, of which it has none, and with
annotations that have nothing to say to the request. The engine's example `replay` is counted on top where it exists:
the sans-I/O core alone, fed with recorded bytes.
"""

import json
import subprocess
from typing import Any

from bench import toolchain
from bench.callgrind import INSTRUCTIONS, Counted, Watched, parse_events
from bench.child import BenchError, find_missing
from bench.manifests import FOLDERS
from bench.peers import Peer
from bench.peers.sallygate import Sallygate
from bench.results import Instructions
from bench.stage import Stage

CONNECTIONS = 8
TOP = 15


def summary(counted: Counted) -> Instructions:
    costs = {name: own.get(INSTRUCTIONS, 0) for name, own in counted.functions.items()}
    dearest = sorted(costs.items(), key=lambda item: -item[1])[:TOP]
    top = [(name, cost / counted.requests) for name, cost in dearest]
    return Instructions(counted.requests, counted.per_request(INSTRUCTIONS), top)


def count(stage: Stage, peer: Peer, requests: int) -> Instructions:
    with stage.backend() as backend, Watched(stage, peer, backend) as watched:
        return summary(watched.count(CONNECTIONS, requests))


def lacks(stage: Stage) -> bool:
    if missing := find_missing("valgrind", "callgrind_control"):
        stage.say(f"instructions: {', '.join(missing)} not installed")
    return bool(missing)


def measure(stage: Stage, peers: list[Peer], requests: int) -> dict[str, Instructions]:
    if lacks(stage):
        return {}
    found = {}
    for peer in peers:
        stage.say(f"instructions: {peer.name}")
        try:
            found[peer.name] = count(stage, peer, requests)
        except BenchError as error:
            if peer.name == "sallygate":
                raise
            stage.say(f"instructions: {error}")  # not every program can be run like this
    return found


def routes(stage: Stage, requests: int) -> dict[str, Instructions]:
    """Ours by what is configured: what a request pays for annotations that it does not use."""
    if lacks(stage):
        return {}
    found = {}
    for name, write in FOLDERS.items():
        stage.say(f"instructions: sallygate, {name}")
        found[name] = count(stage, Sallygate(write), requests)
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
        totals.append(parse_events(file.read_text()).get(INSTRUCTIONS, 0))
    per_exchange = (totals[1] - totals[0]) / (exchanges[1] - exchanges[0])
    about = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
    return {"instructions_per_exchange": per_exchange, "example": about}
