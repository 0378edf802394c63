"""CPU microseconds per request where each has a client connection of its own: accept, serve, close.

Upstream connections are reused as ever. The floor takes no part, as it opens an upstream connection for each client.
"""

from bench.measures.rounds import Rounds, field
from bench.peers import Peer
from bench.results import Level
from bench.stage import Stage
from bench.traffic import Request

WAYS = {
    "announced": Request(fresh=True),
    "client closes": Request(fresh=True, announced=False),
}


def measure(stage: Stage, peers: list[Peer], connections: int, rounds: Rounds) -> dict[str, Level]:
    """By who closes: the proxy after `Connection: close`, or the client after the answer."""
    with field(stage, peers) as ground:
        return {
            way: ground.level(f"connect, {way}", rounds, connections=connections, request=request)
            for way, request in WAYS.items()
        }
