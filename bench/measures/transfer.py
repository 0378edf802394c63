"""Bytes of large bodies that a contender carries in a second of its CPU time, down (responses) and up (requests)."""

from bench.measures.rounds import Rounds, field
from bench.peers import Peer
from bench.results import Level, Transfer
from bench.spread import Ratio, Spread
from bench.stage import Stage
from bench.traffic import BODIES, BODY_BYTES, Request


def inverse(spread: Spread, scale: float) -> Spread:
    return Spread(scale / spread.median, scale / spread.high, scale / spread.low, spread.count)


def carried(size: int, up: bool, level: Level) -> Transfer:
    """The CPU time of a body, turned over."""
    return Transfer(
        bytes=size,
        way="up" if up else "down",
        level=level,
        mb_per_cpu_second={
            name: inverse(each, size) for name, each in level.cpu_us.items()
        },  # bytes per µs are MB per s
        against={
            name: {
                other: Ratio(1 / each.median, 1 / each.high, 1 / each.low, each.count) for other, each in row.items()
            }
            for name, row in level.whole.items()
        },
    )


def measure(
    stage: Stage, peers: list[Peer], sizes: tuple[int, ...], connections: int, rounds: Rounds
) -> list[Transfer]:
    found = []
    with field(stage, peers) as ground:
        for size in sizes:
            for up in (False, True):
                request = (
                    Request(path=f"{BODIES}{BODY_BYTES}", upload_bytes=size)
                    if up
                    else Request(path=f"{BODIES}{size}", expect_bytes=size)
                )
                what = f"transfer: {size:,} bytes {'up' if up else 'down'}"
                found.append(carried(size, up, ground.level(what, rounds, connections=connections, request=request)))
    return found
