"""How much of everything the measure `cluster` does."""

from msgspec import Struct


class Amount(Struct, frozen=True):
    """Times are in seconds."""

    ingresses: int = 5000
    secrets: int = 1000
    rounds: int = 2
    repeats: int = 50  # of each single change in a round
    changes: int = 1000  # mixed ones under load
    settled: float = 30  # before memory is looked at
    watched: float = 30  # of idleness, and of each outage
