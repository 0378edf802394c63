"""The engine in this process, and upstreams that the test plays."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.engine import Gate
from tests.support.raw_upstream import Upstream


@pytest.fixture
def make_gate() -> Iterator[Callable[..., Gate]]:
    """Engines with settings of the test's own."""
    with ExitStack() as stack:

        def make(**settings: int | str | list[str]) -> Gate:
            gate = Gate(**settings)
            stack.callback(gate.close)
            return gate

        yield make


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as one:
        yield one


@pytest.fixture
def gate(make_gate: Callable[..., Gate], upstream: Upstream) -> Gate:
    """An engine that sends everything for `HOST` to `upstream`."""
    gate = make_gate()
    gate.route_to(upstream)
    return gate
