"""A burst ends after a quiet period, and at the latest after the hold-off."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.base.clock import ManualClock, SystemClock
from gateway.base.debounce import Debounce, Gate


def test_nothing_is_due_without_an_event() -> None:
    debounce = Debounce()
    assert debounce.due is None
    assert not debounce.take(1e9)


def test_one_event_is_due_after_the_quiet_period() -> None:
    debounce = Debounce(quiet=0.02, hold=0.25)
    debounce.event(1.0)
    assert not debounce.take(1.01)
    assert debounce.take(1.02)
    assert not debounce.take(9.0)


def test_events_that_go_on_are_due_after_the_hold_off() -> None:
    debounce = Debounce(quiet=0.02, hold=0.25)
    now = 0.0
    while not debounce.take(now):
        debounce.event(now)
        now += 0.01
    assert now == pytest.approx(0.25)


@given(st.lists(st.floats(0.0, 0.1), min_size=1))
def test_due_is_never_later_than_either_bound(gaps: list[float]) -> None:
    debounce = Debounce(quiet=0.02, hold=0.25)
    now = 0.0
    for gap in gaps:
        now += gap
        debounce.event(now)
    assert debounce.due == pytest.approx(min(now + 0.02, gaps[0] + 0.25))


async def test_the_gate_opens_once_per_burst() -> None:
    gate = Gate(SystemClock(), Debounce(quiet=0.001, hold=0.01))
    for _ in range(2):
        gate.poke()
        gate.poke()
        async with asyncio.timeout(20):
            await gate.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await gate.wait()


async def test_the_gate_opens_at_once_when_the_burst_is_over_already() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.poke()
    clock.advance(1.0)
    async with asyncio.timeout(20):
        await gate.wait()
