"""The statistics, on numbers whose answers are known."""

import random

import pytest

from bench.spread import quantile, ratio, spread, steady


def test_spread_is_median_and_range() -> None:
    found = spread([3.0, 1.0, 10.0, 2.0])
    assert (found.median, found.low, found.high, found.count) == (2.5, 1.0, 10.0, 4)


@pytest.mark.parametrize(("part", "wanted"), [(0.0, 1.0), (0.5, 3.0), (0.25, 2.0), (0.9, 4.6), (1.0, 5.0)])
def test_quantiles_lie_between_neighbours(part: float, wanted: float) -> None:
    assert quantile([5.0, 3.0, 1.0, 4.0, 2.0], part) == pytest.approx(wanted)


def test_a_constant_ratio_has_no_interval() -> None:
    found = ratio([(1.0, 2.0), (2.0, 4.0), (5.0, 10.0)], random.Random(1))
    assert found is not None
    assert (found.median, found.low, found.high, found.count) == (0.5, 0.5, 0.5, 3)


def test_ratios_are_paired_so_that_drift_cancels_out() -> None:
    drift = [1.0, 3.0, 9.0, 2.0, 7.0]
    found = ratio([(0.6 * each, each) for each in drift], random.Random(1))
    assert found is not None
    assert found.high - found.low == pytest.approx(0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(7)
    hits = 0
    for _ in range(200):
        pairs = [(0.7 * (1 + chance.gauss(0, 0.1)), 1.0) for _ in range(16)]
        found = ratio(pairs, chance, draws=400)
        assert found is not None
        hits += found.low <= 0.7 <= found.high
    assert 175 <= hits <= 200


def test_rounds_without_a_positive_reference_say_nothing() -> None:
    assert ratio([(1.0, 0.0), (1.0, -2.0)], random.Random(1)) is None
    found = ratio([(1.0, 0.0), (1.0, 2.0)], random.Random(1))
    assert found is not None
    assert found.count == 1


def test_the_same_seed_gives_the_same_interval() -> None:
    pairs = [(float(n % 5 + 1), 3.0) for n in range(16)]
    assert ratio(pairs, random.Random(3)) == ratio(pairs, random.Random(3))


def test_calm_is_what_the_witness_costs_at_its_best() -> None:
    # Most readings are disturbed here: a median would call the calm ones deviant.
    readings = [560.0, 340.0, 550.0, 345.0, 570.0, 530.0, 342.0, 540.0, 341.0, 520.0]
    assert steady(readings, 0.1) == [reading < 400 for reading in readings]
