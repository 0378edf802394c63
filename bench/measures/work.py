"""Not a figure but its ground: that every contender does the same work. Headers added, and requests logged."""

from bench.child import BenchError, until
from bench.peers import Peer, Running
from bench.results import Work
from bench.stage import Stage
from bench.traffic import Load, ask

REQUIRED = frozenset({"x-request-id", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})
OURS = frozenset({"host", "accept-encoding"})  # what the asking client sends


def headers_of(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().strip().lower() for line in head.splitlines()[1:] if b":" in line]


def lines(running: Running) -> int:
    return running.log.read_bytes().count(b"\n") if running.log is not None and running.log.exists() else 0


def measure(stage: Stage, peers: list[Peer], requests: int) -> dict[str, Work]:
    found = {}
    with stage.backend() as backend:
        for peer in peers:
            with stage.running(peer, backend) as running:
                status, head = ask(running.address, "/__head")
                if status != 200:
                    raise BenchError(f"{peer.name} answered {status} to a plain request")
                added = sorted(set(headers_of(head)) - OURS)
                if peer.name != "floor" and (without := REQUIRED - set(added)):
                    raise BenchError(f"{peer.name} does not do the same work: no {', '.join(sorted(without))}")
                expected = 0
                if running.log is not None:
                    until(lambda running=running: lines(running) > 0, 10, f"{peer.name}: log a request")  # type: ignore[misc]
                    before = lines(running)
                    with Load(
                        stage.tools, stage.folder, running.address,
                        connections=8, core=None, requests=requests, warm_up_ms=0,
                    ) as load:  # fmt: skip
                        load.begin()
                        if complaint := load.outcome().complaint():
                            raise BenchError(f"{peer.name}: {complaint}")
                    expected = before + requests
                    until(
                        lambda running=running, expected=expected: lines(running) >= expected,  # type: ignore[misc]
                        10,
                        f"{peer.name}: log {requests} requests",
                    )
                found[peer.name] = Work(added, lines(running), expected)
    return found
