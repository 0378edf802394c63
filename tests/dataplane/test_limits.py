"""Bounds on what a client may send."""

from collections.abc import Callable

import pytest

from gateway.ir.policy import Policy
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream


def post(*lines: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"GET /{'a' * 9_000} HTTP/1.1\r\nHost: {HOST}\r\n\r\n", 414),
        (f"GET /{'a' * 9_000}", 414),
        (f"GET /{'a' * 100_000}", 414),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX: {'y' * 33_000}\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX: {'y' * 100_000}", 431),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\n" + "X: y\r\n" * 128 + "\r\n", 431),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\n" + f"X: {'y' * 300}\r\n" * 120, 431),
        (f"{'M' * 33} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n", 400),
    ],
)
def test_a_head_that_is_too_large_is_refused_without_waiting_for_its_end(
    gate: Gate, upstream: Upstream, sent: str, status: int
) -> None:
    with gate.client() as client:
        client.send(sent.encode())
        refused = client.response()
        assert refused.status == status
        assert refused.header("connection") == "close"
        assert client.rest()[0] == b""
    assert upstream.untouched()


@pytest.mark.parametrize("pieces", [1, 7, 300])
def test_a_head_as_large_as_allowed_is_forwarded(gate: Gate, upstream: Upstream, pieces: int) -> None:
    value = "y" * 250
    head = f"GET /{'a' * 8_000} HTTP/1.1\r\nHost: {HOST}\r\n" + f"X: {value}\r\n" * 90 + "\r\n"
    assert len(head) > 30_000
    size = len(head) // pieces + 1
    with gate.client() as client:
        for at in range(0, len(head), size):
            client.send(head[at : at + size].encode())
        peer = upstream.accept()
        assert peer.request().values("X") == [value] * 90
        peer.answer()
        assert client.response().status == 200


def test_a_line_that_trickles_over_the_limit_is_refused(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET /{'a' * 8_185}".encode())
        for _ in range(4):
            client.send(b"b")
        assert client.response().status == 414
    assert upstream.untouched()


@pytest.mark.parametrize(("limit", "length", "status"), [(10, 10, 200), (10, 11, 413), (0, 3 << 20, 200)])
def test_a_declared_body_is_judged_before_it_is_read(
    gate: Gate, upstream: Upstream, limit: int, length: int, status: int
) -> None:
    gate.route_to(upstream, policy=Policy(body_limit_bytes=limit, request_body=STREAMED.request_body))
    with gate.client() as client:
        client.send(post(f"Content-Length: {length}"))
        if status == 200:
            peer = upstream.accept()
            peer.head()
            client.send(bytes(length))
            peer.read(length)
            peer.answer()
        assert client.response().status == status
        if status == 413:
            assert client.closed()
            assert upstream.untouched()


def test_the_default_limit_is_one_mebibyte(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(post(f"Content-Length: {(1 << 20) + 1}"))
        assert client.response().status == 413
    assert gate.wait_for(RequestsFinished=1)["FaultClientLimit"] == 1
    assert upstream.untouched()


def test_chunks_over_the_limit_are_cut_where_they_pass_it(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(body_limit_bytes=10, request_body=STREAMED.request_body))
    with gate.client() as client:
        client.send(post("Transfer-Encoding: chunked") + b"a\r\n0123456789\r\n")
        peer = upstream.accept()
        peer.head()
        assert peer.read(15) == b"a\r\n0123456789\r\n"
        client.send(b"1\r\nX\r\n0\r\n\r\n")
        refused = client.response()
        assert refused.status == 413
        assert refused.header("connection") == "close"
        assert client.rest()[0] == b""
        assert peer.ended()


def test_chunks_over_the_limit_in_the_first_packet_meet_no_upstream(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(body_limit_bytes=10))
    with gate.client() as client:
        client.send(post("Transfer-Encoding: chunked") + b"b\r\n01234567890\r\n0\r\n\r\n")
        assert client.response().status == 413
    assert upstream.untouched()


def test_a_refused_body_that_has_arrived_is_read_away(gate: Gate, upstream: Upstream) -> None:
    """B2: the connection is good for the next request."""
    gate.route_to(upstream, policy=Policy(body_limit_bytes=10))
    with gate.client() as client:
        client.send(post("Content-Length: 11") + b"01234567890")
        assert client.response().status == 413
        client.send(post("Content-Length: 1") + b"x")
        peer = upstream.accept()
        assert peer.request().body == b"x"


def test_one_slow_client_keeps_nobody_waiting(make_gate: Callable[..., Gate], upstream: Upstream) -> None:
    gate = make_gate()
    gate.route_to(upstream)
    with gate.client() as slow, gate.client() as quick:
        slow.send(b"GET / HT")
        quick.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert quick.response().status == 200
