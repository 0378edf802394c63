"""User memory of an idle client connection: a fresh process, many connections, one request on each, then silence."""

from bench.accounts import memory
from bench.child import BenchError
from bench.peers import Peer
from bench.results import Memory
from bench.stage import Stage
from bench.traffic import Holder, Load


def measure(stage: Stage, peers: list[Peer], connections: int) -> dict[str, Memory]:
    found = {}
    with stage.backend() as backend:
        for peer in peers:
            stage.say(f"memory: {peer.name}")
            with stage.running(peer, backend) as running:
                # What the first requests of a process allocate once is not the price of a connection.
                with Load(stage.tools, stage.folder, running.address, connections=8, core=None, requests=2000) as load:
                    load.begin()
                    if complaint := load.outcome().complaint():
                        raise BenchError(f"{peer.name}: {complaint}")
                before = memory(running.pid)
                with Holder(stage.tools, stage.folder, running.address, connections=connections):
                    after = memory(running.pid)
            found[peer.name] = Memory(
                connections,
                (after["Pss"] - before["Pss"]) * 1024 / connections,
                (after["Rss"] - before["Rss"]) * 1024 / connections,
                before["Pss"],
                after["Pss"],
            )
    return found
