"""The statistics: medians with their spread, ratios of paired rounds with an interval, and which rounds to drop.

Pure functions; randomness is passed in.
"""

import random
from collections.abc import Sequence
from statistics import median

from msgspec import Struct


class Spread(Struct, frozen=True):
    """A median and the range it comes from."""

    median: float
    low: float
    high: float
    count: int


class Ratio(Struct, frozen=True):
    """The median of per-round ratios and its 95 % bootstrap interval."""

    median: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values), len(values))


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the others lie, between neighbours by their distance."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(pairs: Sequence[tuple[float, float]], chance: random.Random, draws: int = 4000) -> Ratio | None:
    """First over second, round by round. Rounds whose second is not positive say nothing; None if no other is left."""
    ratios = [first / second for first, second in pairs if second > 0]
    if not ratios:
        return None
    medians = [median(chance.choices(ratios, k=len(ratios))) for _ in range(draws)]
    return Ratio(median(ratios), quantile(medians, 0.025), quantile(medians, 0.975), len(ratios))


def steady(readings: Sequence[float], tolerance: float) -> list[bool]:
    """Which readings of the witness are calm: at most `tolerance` above what it costs in calm moments.

    Calm is the lower fifth of the readings, not their median: disturbance only adds, and may last for most of a run.
    """
    calm = quantile(readings, 0.2)
    return [reading <= calm * (1 + tolerance) for reading in readings]
