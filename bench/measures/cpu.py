"""CPU microseconds per request, from the scheduler's accounts, in interleaved rounds: all on one core, which is the
figure, and with the contender on a core of its own, which shows what wake-ups between cores add.
"""

from collections.abc import Sequence

from bench.facts import usable_cores
from bench.measures.rounds import Cores, Rounds, field
from bench.peers import Peer
from bench.results import Level
from bench.stage import Stage


def measure(stage: Stage, peers: list[Peer], levels: Sequence[int], rounds: Rounds) -> list[Level]:
    with field(stage, peers) as ground:
        return [ground.level(f"cpu: {each} connections", rounds, connections=each) for each in levels]


def crossed(stage: Stage, peers: list[Peer], levels: Sequence[int], rounds: Rounds) -> list[Level]:
    """The contenders on the stage's core, client and backend together on another one. Nothing where there is one."""
    others = usable_cores() - {stage.core}
    if not others:
        stage.say("crossed: there is only one core")
        return []
    with field(stage, peers, Cores(stage.core, min(others))) as ground:
        return [ground.level(f"cpu across two cores: {each} connections", rounds, connections=each) for each in levels]
