"""Rounds of samples into figures."""

import pytest

from bench.measures.rounds import account, calm, calm_rounds, summarise
from bench.results import Sample
from bench.traffic import Outcome

LATENCY = {"mean": 10.0, "p50": 9.0, "p90": 12.0, "p99": 20.0, "p999": 30.0, "max": 40.0}


def sample(cpu_us: float, *, witness: float = 340.0, foreign: float = 0.0, new_upstream: int = 0) -> Sample:
    return Sample(1000, cpu_us, {"worker": cpu_us}, 1e5, 9.0, 20.0, new_upstream, witness, foreign)


def row(floor: float, ours: float, nginx: float) -> dict[str, Sample]:
    return {"floor": sample(floor), "sallygate": sample(ours), "nginx": sample(nginx)}


def test_an_account_divides_by_requests_and_keeps_roles_apart() -> None:
    outcome = Outcome(0.5, 1000, {"200": 1000}, 0, {}, LATENCY)
    found = account(outcome, {"worker": 9_000_000, "host": 1_000_000}, 250_000_000, new_upstream=0, reading=340.0)
    assert found.cpu_us == pytest.approx(10.0)
    assert found.by_role == {"worker": 9.0, "host": 1.0}
    assert found.per_second == 2000
    assert found.foreign == pytest.approx(0.5)


def test_own_cost_is_above_the_floor_and_paired_by_round() -> None:
    level = summarise(64, [row(10, 13, 20), row(20, 26, 40), row(12, 15.6, 24)], seed=1)
    assert level.overhead["sallygate"]["nginx"].median == pytest.approx(0.3)
    assert level.whole["sallygate"]["nginx"].median == pytest.approx(0.65)
    assert level.cpu_us["floor"].median == 12
    assert "floor" not in level.overhead
    assert not level.disturbed


def test_a_disturbed_sample_is_dropped_and_the_others_of_its_round_stay() -> None:
    rounds = [row(10, 13, 20) for _ in range(6)]
    rounds[2]["sallygate"] = sample(90, witness=560.0)
    rounds[3]["nginx"] = sample(90, foreign=0.6)
    rounds[4]["nginx"] = sample(90, new_upstream=40)
    level = summarise(64, rounds, seed=1)
    assert level.cpu_us["sallygate"].count == 5
    assert level.cpu_us["sallygate"].high == 13
    assert level.cpu_us["nginx"].count == 4
    assert level.cpu_us["floor"].count == 6
    assert level.overhead["sallygate"]["nginx"].count == 3
    assert calm_rounds(rounds) == 4


def test_too_few_calm_samples_are_not_hidden() -> None:
    rounds = [row(10, 13, 20) for _ in range(6)]
    for number in range(4):
        rounds[number]["nginx"] = sample(30, witness=560.0)
    kept, disturbed = calm(rounds)
    assert disturbed
    assert all(all(each.values()) for each in kept)
    assert calm_rounds(rounds) == 0


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(1.0, 5, {"200": 5}, 0, {"length": 1}, LATENCY), "length"),
        (Outcome(1.0, 5, {"200": 4, "502": 1}, 0, {"length": 0}, LATENCY), "502"),
        (Outcome(1.0, 5, {"200": 4}, 0, {}, LATENCY), "4 answers"),
        (Outcome(1.0, 5, {"200": 5}, 2, {}, LATENCY), "2 client connections"),
    ],
)
def test_a_run_with_anything_wrong_is_not_counted(outcome: Outcome, words: str) -> None:
    assert words in (outcome.complaint() or "")


def test_a_clean_run_has_no_complaint() -> None:
    assert Outcome(1.0, 5, {"200": 5}, 0, {"length": 0}, LATENCY).complaint() is None
