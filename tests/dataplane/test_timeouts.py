"""Every wait has an end. The timeouts here are far shorter than any default; none is waited for on the clock."""

import socket
from collections.abc import Callable

import pytest

from gateway.ir.policy import Policy, Timeouts
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream

SHORT = 150
GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
MakeGate = Callable[..., Gate]


def once(**timeouts: int) -> Policy:
    return Policy(timeouts=Timeouts(**timeouts), tries=1, body_limit_bytes=0, request_body=STREAMED.request_body)


def test_an_upstream_that_does_not_answer_is_a_504(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=once(read_ms=SHORT))
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        assert client.response().status == 504
        assert peer.ended()
        client.send(GET)  # the client's connection is kept
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
    counters = gate.wait_for(RequestsFinished=2)
    assert counters["TimeoutUpstreamRead"] == counters["FaultUpstreamTimeout"] == 1


def test_an_upstream_that_answers_slowly_but_steadily_is_waited_for(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=once(read_ms=1_000))
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        client.head()
        for byte in b"hello":
            peer.send(bytes([byte]))
            assert client.read(1) == bytes([byte])


def test_an_answer_that_stops_is_cut(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=once(read_ms=SHORT))
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        client.head()
        assert client.rest() == (b"hel", "reset")
        assert peer.ended()
    assert gate.wait_for(RequestsFinished=1)["TimeoutUpstreamRead"] == 1


def test_an_upstream_that_does_not_take_the_request_is_a_504(make_gate: MakeGate) -> None:
    gate = make_gate()
    with Upstream(receive_buffer=1 << 12) as upstream, gate.client() as client:
        gate.route_to(upstream, policy=once(send_ms=SHORT))
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {64 << 20}\r\n\r\n".encode())
        upstream.accept()
        client.socket.settimeout(0.1)
        with pytest.raises((TimeoutError, ConnectionError)):
            client.socket.sendall(bytes(64 << 20))
        client.socket.settimeout(15)
        assert client.response().status == 504
    assert gate.wait_for(RequestsFinished=1)["TimeoutUpstreamWrite"] == 1


def test_an_endpoint_that_does_not_accept_is_a_504(gate: Gate) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        try:
            for _ in range(4):  # a queue of one, and the kernel's word is one more than that
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(full.getsockname())
            gate.route_to(full.getsockname(), policy=once(connect_ms=SHORT))
            with gate.client() as client:
                client.send(GET)
                assert client.response().status == 504
        finally:
            for each in waiting:
                each.close()
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["TimeoutUpstreamConnect"] == counters["UpstreamConnectTimeout"] == 1


def test_a_head_that_does_not_end_is_a_408(make_gate: MakeGate) -> None:
    gate = make_gate(header_timeout_ms=SHORT)
    with gate.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost:")
        refused = client.response()
        assert refused.status == 408
        assert refused.header("connection") == "close"
        assert client.rest() == (b"", "closed")
    assert gate.wait_for(RequestsFinished=1)["TimeoutRequestHead"] == 1


def test_a_head_that_trickles_has_no_more_time(make_gate: MakeGate) -> None:
    gate = make_gate(header_timeout_ms=SHORT)
    with gate.client() as client:
        client.send(b"GET / HTTP/1.1\r\nX: ")
        client.socket.settimeout(0.02)
        while True:
            client.send(b"y")
            try:
                assert client.head()[0] == "HTTP/1.1 408 Request Timeout"
                break
            except TimeoutError:
                continue
    assert gate.wait_for(RequestsFinished=1)["FaultClientTimeout"] == 1


def test_a_client_that_says_nothing_is_closed_without_a_word(make_gate: MakeGate) -> None:
    gate = make_gate(header_timeout_ms=SHORT)
    with gate.client() as client:
        assert client.rest() == (b"", "closed")
    counters = gate.wait_for(TimeoutClientIdle=1)
    assert counters["RequestsStarted"] == 0


def test_a_client_that_says_nothing_more_is_closed_without_a_word(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(client_idle_ms=SHORT)
    gate.route_to(upstream)
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        assert client.rest() == (b"", "closed")
    assert gate.wait_for(TimeoutClientIdle=1)["RequestsFinished"] == 1


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_body_that_stops_is_a_408(make_gate: MakeGate, upstream: Upstream, framing: str) -> None:
    gate = make_gate(client_body_timeout_ms=SHORT)
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n1\r\n".encode())
        peer = upstream.accept()
        peer.head()
        assert client.response().status == 408
        assert client.rest() == (b"", "closed")
        assert b"0\r\n\r\n" not in peer.rest()
    assert gate.wait_for(RequestsFinished=1)["TimeoutRequestBody"] == 1


@pytest.mark.parametrize(
    "framing", ["Content-Length: 67108864\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n4000000\r\n"]
)
def test_a_client_that_does_not_read_is_cut(make_gate: MakeGate, upstream: Upstream, framing: str) -> None:
    """However long the upstream would wait."""
    gate = make_gate(client_body_timeout_ms=SHORT)
    gate.route_to(upstream, policy=once(read_ms=60_000))
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        with pytest.raises(ConnectionError):
            peer.send(f"HTTP/1.1 200 OK\r\n{framing}".encode() + bytes(64 << 20))
        assert client.rest()[1] == "reset"
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["TimeoutClientWrite"] == counters["FaultClientTimeout"] == 1
    assert counters["TimeoutUpstreamRead"] == 0
