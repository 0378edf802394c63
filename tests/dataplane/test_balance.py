"""How requests are spread over endpoints."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gateway.ir.backend import Balance
from tests.support.engine import HOST, Gate
from tests.support.origin import Origin
from tests.support.raw_upstream import Upstream

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def trio() -> Iterator[list[Origin]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Origin(name)) for name in ("one", "two", "three")]


def addresses(origins: list[Origin]) -> list[tuple[str, int]]:
    return [("127.0.0.1", origin.port) for origin in origins]


def test_round_robin_gives_everybody_a_turn(gate: Gate, trio: list[Origin]) -> None:
    gate.route_to(*addresses(trio))
    with gate.client() as client:
        served = [client.get(HOST).text for _ in range(30)]
    assert set(Counter(served).values()) == {10}
    assert all(len(set(served[at : at + 3])) == 3 for at in range(28))


def test_round_robin_goes_on_where_it_was_when_routes_change(gate: Gate, trio: list[Origin]) -> None:
    served = []
    for number in range(30):
        gate.route_to(*addresses(trio))
        gate.route_to(*addresses(trio), host=f"other-{number}.example")
        with gate.client() as client:
            served.append(client.get(HOST).text)
    assert set(Counter(served).values()) == {10}


def test_least_request_leaves_the_busy_one_alone(gate: Gate, upstream: Upstream) -> None:
    """Of two endpoints both are drawn every time, so the idle one always wins."""
    with Upstream() as other, gate.client() as waiting:
        gate.route_to(upstream, other, balance=Balance.LEAST_REQUEST)
        waiting.send(GET)
        busy, idle = (upstream, other) if first_of(upstream, other) is upstream else (other, upstream)
        held = busy.accept()
        held.request()
        with gate.client() as client:
            client.send(GET)
            peer = idle.accept()
            for _ in range(20):
                peer.request()
                peer.answer()
                assert client.response().status == 200
                client.send(GET)
        assert busy.untouched()
        held.answer()
        assert waiting.response().status == 200


def first_of(*upstreams: Upstream) -> Upstream:
    while True:
        for each in upstreams:
            if each.pending():
                return each


def test_least_request_uses_everybody(gate: Gate, trio: list[Origin]) -> None:
    gate.route_to(*addresses(trio), balance=Balance.LEAST_REQUEST)
    with gate.client() as client:
        served = {client.get(HOST).text for _ in range(200)}
    assert served == {"one", "two", "three"}


def test_an_endpoint_that_is_gone_is_asked_no_more(gate: Gate, trio: list[Origin]) -> None:
    gate.route_to(*addresses(trio))
    with gate.client() as client:
        assert {client.get(HOST).text for _ in range(3)} == {"one", "two", "three"}
        gate.route_to(*addresses(trio[:1]))
        assert {client.get(HOST).text for _ in range(9)} == {"one"}
        gate.route_to(*addresses(trio[1:]))
        assert {client.get(HOST).text for _ in range(9)} == {"two", "three"}
