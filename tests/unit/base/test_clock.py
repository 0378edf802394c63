"""The clock for tests stands still, the other one runs."""

import time

import pytest

from gateway.base.clock import Clock, ManualClock, SystemClock


def test_the_manual_clock_moves_only_when_told_and_never_back() -> None:
    clock = ManualClock(5.0, 1_000.0)
    assert (clock.monotonic(), clock.now()) == (5.0, 1_000.0)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.now()) == (7.5, 1_002.5)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_the_system_clock_is_that_of_the_machine() -> None:
    clock: Clock = SystemClock()
    before = time.monotonic()
    assert before <= clock.monotonic() <= time.monotonic()
    assert abs(clock.now() - time.time()) < 60
