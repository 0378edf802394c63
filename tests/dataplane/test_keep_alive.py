"""The life of a client connection: one request after another, until one side says that it is over."""

from collections.abc import Callable

import pytest

from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def test_requests_follow_each_other_on_both_connections(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get("/0"))
        peer = upstream.accept()
        for number in range(5):
            assert peer.request().target == f"/{number}"
            peer.answer(f"answer {number}".encode())
            answer = client.response()
            assert answer.text == f"answer {number}"
            assert answer.header("connection") is None
            client.send(get(f"/{number + 1}"))
        assert peer.request().target == "/5"
        peer.answer()
        assert client.response().status == 200
    counters = gate.wait_for(ConnectionsClosedHttp=1)
    assert counters["ConnectionsOpenedHttp"] == 1
    assert counters["UpstreamConnectionsOpened"] == 1
    assert counters["UpstreamConnectionsReused"] == 5


def test_pipelined_requests_are_answered_in_order_and_one_at_a_time(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(b"".join(get(f"/{number}") for number in range(10)))
        peer = upstream.accept()
        for number in range(10):
            assert peer.request().target == f"/{number}"
            assert upstream.untouched()
            peer.answer(str(number).encode())
        assert [client.response().text for _ in range(10)] == [str(number) for number in range(10)]


def test_a_bad_later_request_does_not_cut_earlier_answers(gate: Gate, upstream: Upstream) -> None:
    """B3, A2: what was asked before the fault is answered, then the fault, then nothing more."""
    with gate.client() as client:
        client.send(get("/1") + get("/2") + b"GET /3 HTTP/1.1\r\nHost : a\r\n\r\n" + get("/4"))
        peer = upstream.accept()
        for number in (1, 2):
            assert peer.request().target == f"/{number}"
            peer.answer(b"x" * 100_000)
        assert len(client.response().body) == 100_000
        assert len(client.response().body) == 100_000
        refused = client.response()
        assert refused.status == 400
        assert refused.header("connection") == "close"
        assert client.closed()
        peer.close()
    assert upstream.untouched()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_request_may_follow_a_body_in_the_same_packet(gate: Gate, upstream: Upstream, framing: str) -> None:
    head = f"POST /1 HTTP/1.1\r\nHost: {HOST}\r\n"
    one = (
        "Content-Length: 5\r\n\r\nhello"
        if framing == "length"
        else "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    with gate.client() as client:
        client.send((head + one).encode() + get("/2"))
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.answer(b"1")
        assert peer.request().target == "/2"
        peer.answer(b"2")
        assert [client.response().text, client.response().text] == ["1", "2"]


def test_a_client_that_says_close_is_closed_after_its_answer(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        peer = upstream.accept()
        assert "connection" not in peer.request().names
        peer.answer()
        answer = client.response()
        assert answer.header("connection") == "close"
        assert client.rest() == (b"", "closed")
    # The upstream's connection is another matter.
    gate.wait_for(UpstreamConnectionsParked=1)


def test_an_http10_client_is_closed_unless_it_asks_to_stay(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().header("connection") == "keep-alive"
        client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        peer.request()
        peer.answer()
        assert client.response().header("connection") == "close"
        assert client.rest() == (b"", "closed")


@pytest.mark.parametrize("chunked", [True, False])
def test_an_http10_client_gets_a_body_of_unknown_length_up_to_the_end(
    gate: Gate, upstream: Upstream, *, chunked: bool
) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        if chunked:
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
        else:
            peer.send(b"HTTP/1.1 200 OK\r\n\r\nabcdef")
            peer.close()
        head = client.head()
        assert "Connection: close" in head
        assert not [line for line in head if line.startswith(("Content-Length", "Transfer-Encoding"))]
        assert client.rest() == (b"abcdef", "closed")


def test_an_http10_client_without_host_meets_whoever_serves_unknown_hosts(gate: Gate, upstream: Upstream) -> None:
    """H3."""
    with gate.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.response().status == 404
    gate.route_to(upstream, host="")
    with gate.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        peer = upstream.accept()
        assert peer.request().headers[0][0] == "Host"
        peer.answer()
        assert client.response().status == 200


def test_one_empty_line_before_a_request_is_skipped(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(b"\r\n" + GET + b"\r\n" + GET)
        peer = upstream.accept()
        for _ in range(2):
            peer.request()
            peer.answer()
            assert client.response().status == 200


def test_a_client_that_stops_sending_is_still_answered(gate: Gate, upstream: Upstream) -> None:
    """A half-closed client has sent its request and waits."""
    with gate.client() as client:
        client.send(GET)
        client.finish()
        peer = upstream.accept()
        peer.request()
        peer.answer(b"late")
        assert client.response().text == "late"
        assert client.rest() == (b"", "closed")


def test_a_head_that_comes_byte_by_byte_is_read_once_it_is_whole(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        for byte in GET:
            client.send(bytes([byte]))
        peer = upstream.accept()
        assert peer.request().target == "/"
        peer.answer()
        assert client.response().status == 200


def test_connections_over_the_limit_are_refused(make_gate: Callable[..., Gate], upstream: Upstream) -> None:
    gate = make_gate(max_connections=1)
    gate.route_to(upstream)
    with gate.client() as first:
        first.send(GET)
        peer = upstream.accept()
        peer.request()
        with gate.client() as second:
            assert second.closed()
        peer.answer()
        assert first.response().status == 200
    assert gate.wait_for(ConnectionsRefusedLimit=1)["ConnectionsOpenedHttp"] == 1
