"""Lines of memory that a cache does not hold, per request: the more connections there are, the more each request finds
cold. Simulated by callgrind, in user space, with caches of one size on every machine.

What a real machine charges is more: the kernel works in the same caches in between, and that nobody can simulate here.
"""

from bench.callgrind import INSTRUCTIONS, Counted, Events, Watched, add
from bench.child import BenchError, find_missing
from bench.peers import Peer
from bench.profiling import stage_of
from bench.results import Lines, Misses
from bench.stage import Stage

# Size, ways and line. The last level stands for the second one of a server's core, which is its own.
CACHES = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")
COUNTED = frozenset({"sallygate", "nginx"})  # the others say nothing new, and take minutes


def lines(events: Events, requests: int) -> Lines:
    def per_request(*names: str) -> float:
        return sum(events.get(name, 0) for name in names) / requests

    return Lines(
        instructions=per_request(INSTRUCTIONS),
        code=per_request("I1mr"),
        data=per_request("D1mr", "D1mw"),
        second=per_request("ILmr", "DLmr", "DLmw"),
    )


def summary(connections: int, counted: Counted) -> Misses:
    whole: Events = {}
    for events in counted.events.values():
        add(whole, events)
    stages: dict[str, Events] = {}
    for name, own in counted.functions.items():
        add(stages.setdefault(stage_of(name), {}), own)
    return Misses(
        connections=connections,
        requests=counted.requests,
        all=lines(whole, counted.requests),
        stages={name: lines(own, counted.requests) for name, own in stages.items()},
    )


def measure(stage: Stage, peers: list[Peer], levels: tuple[int, ...], requests: int) -> dict[str, list[Misses]]:
    if missing := find_missing("valgrind", "callgrind_control"):
        stage.say(f"misses: {', '.join(missing)} not installed")
        return {}
    found: dict[str, list[Misses]] = {}
    for peer in peers:
        try:
            with stage.backend() as backend, Watched(stage, peer, backend, *CACHES) as watched:
                for connections in levels:
                    stage.say(f"misses: {peer.name}, {connections} connections")
                    found.setdefault(peer.name, []).append(summary(connections, watched.count(connections, requests)))
        except BenchError as error:
            if peer.name == "sallygate":
                raise
            stage.say(f"misses: {error}")
    return found
