"""A snapshot says how connections are kept, and a change of that holds for those that are open."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.ir.connections import Connections
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream
from tests.support.wire_client import WireClient

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def gate(make_gate: Callable[..., Gate], upstream: Upstream) -> Gate:
    """Its worker is there, and has taken the one snapshot that there is: `ask` counts from here."""
    gate = make_gate()
    with gate.client() as client:
        client.send(GET)
        assert client.response().status == 503
    gate.route_to(upstream)
    gate.wait(lambda counters: counters["SnapshotsTaken"] == 1)
    return gate


def ask(gate: Gate, **asked: Any) -> None:
    """Comes back once the worker keeps connections so."""
    before = gate.counters()["SnapshotsTaken"]
    gate.connections = Connections(**asked)
    gate.serve()
    gate.wait(lambda counters: counters["SnapshotsTaken"] > before)


def get(client: WireClient, upstream: Upstream) -> str | None:
    """The Connection header of the answer to one more request, on an upstream connection of its own."""
    client.send(GET)
    peer = upstream.accept()
    peer.request()
    peer.answer()
    return client.response().header("connection")


def test_fewer_requests_hold_for_a_connection_that_is_open(gate: Gate, upstream: Upstream) -> None:
    ask(gate, upstream_idle=0)
    with gate.client() as client:
        assert get(client, upstream) is None
        ask(gate, upstream_idle=0, client_requests=2)
        assert get(client, upstream) == "close"
        assert client.rest() == (b"", "closed")


def test_without_idle_upstreams_each_request_has_a_new_connection(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        ask(gate, upstream_idle=0)
        for _ in range(3):
            get(client, upstream)
        assert gate.wait(lambda counters: counters["UpstreamIdlePoolFull"] == 3)
        ask(gate)
        get(client, upstream)
        client.send(GET)
        assert gate.wait(lambda counters: counters["UpstreamConnectionsParked"] == 1)


def test_an_upstream_connection_serves_as_many_requests_as_it_may(gate: Gate, upstream: Upstream) -> None:
    ask(gate, upstream_requests=1)
    with gate.client() as client:
        for _ in range(2):
            get(client, upstream)
        assert gate.wait(lambda counters: counters["UpstreamIdleWorn"] == 2)


def test_a_client_is_silent_no_longer_than_it_may(gate: Gate, upstream: Upstream) -> None:
    ask(gate, client_idle_ms=1, upstream_idle=0)
    with gate.client() as client:
        get(client, upstream)
        assert client.rest() == (b"", "closed")


def test_a_head_takes_no_longer_than_it_may(gate: Gate) -> None:
    ask(gate, header_timeout_ms=1)
    with gate.client() as client:
        client.send(GET[:-2])
        assert client.response().status == 408


@pytest.mark.parametrize(("asked", "status"), [({}, 200), ({"request_line_bytes": 1_024}, 414)])
def test_a_line_is_as_long_as_it_may_be(gate: Gate, upstream: Upstream, asked: dict[str, int], status: int) -> None:
    ask(gate, **asked)
    with gate.client() as client:
        client.send(f"GET /{'a' * 1_024} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        if status == 200:
            peer = upstream.accept()
            peer.request()
            peer.answer()
        assert client.response().status == status


@pytest.mark.parametrize(("asked", "status"), [({"head_bytes": 1_024}, 431), ({"head_bytes": 60 << 10}, 200)])
def test_a_head_is_as_long_as_it_may_be(gate: Gate, upstream: Upstream, asked: dict[str, int], status: int) -> None:
    ask(gate, **asked)
    with gate.client() as client:
        long = f"X-Long: {'a' * (40_000 if status == 200 else 2_000)}\r\n"
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n{long}\r\n".encode())
        if status == 200:
            peer = upstream.accept()
            assert len(peer.request().values("x-long")[0]) == 40_000
            peer.answer()
        assert client.response().status == status


@pytest.mark.parametrize("kept", [False, True])
def test_underscores_are_kept_where_they_are_asked_for(gate: Gate, upstream: Upstream, *, kept: bool) -> None:
    ask(gate, underscores=kept)
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nmy_name: sally\r\nx_real_ip: 1.2.3.4\r\n\r\n".encode())
        peer = upstream.accept()
        request = peer.request()
        assert request.values("my_name") == (["sally"] if kept else [])
        assert request.values("x_real_ip") == []
        peer.answer()
        client.response()
