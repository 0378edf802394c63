"""Delays double, stay within their bound, and start anew after success."""

import pytest

from gateway.base.backoff import Backoff


def test_delays_double_up_to_the_longest_and_start_anew() -> None:
    backoff = Backoff(first=1.0, longest=5.0, uniform=lambda: 1.0)
    assert [backoff.next() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.next() == 1.0


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 2.0), (0.5, 3.0)])
def test_delays_are_spread_over_their_upper_half(chance: float, delay: float) -> None:
    assert Backoff(first=4.0, longest=9.0, uniform=lambda: chance).next() == delay


def test_months_of_failure_do_not_overflow() -> None:
    backoff = Backoff(first=1.0, longest=60.0, uniform=lambda: 1.0)
    assert [backoff.next() for _ in range(2_000)][-1] == 60.0
