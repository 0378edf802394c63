"""Which failures are tried again, and where."""

import socket
from collections.abc import Iterator

import pytest

from gateway.ir.policy import Policy, Timeouts
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream


def ask(method: str = "GET", path: str = "/", body: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{length}\r\n{body}".encode()


@pytest.fixture
def dead() -> Iterator[tuple[str, int]]:
    """An address that refuses connections: it is bound, so nobody else takes it, and does not listen."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()


@pytest.mark.parametrize(("method", "body"), [("GET", ""), ("POST", "hello")])
def test_a_refused_connection_is_tried_elsewhere(
    gate: Gate, upstream: Upstream, dead: tuple[str, int], method: str, body: str
) -> None:
    """Whatever the method: nothing was sent."""
    gate.route_to(upstream, dead)
    with gate.client() as client:
        for number in range(4):
            client.send(ask(method, f"/{number}", body))
            if number == 0:
                peer = upstream.accept()
            received = peer.request()
            assert (received.target, received.body) == (f"/{number}", body.encode())
            peer.answer()
            assert client.response().status == 200
    counters = gate.wait_for(RequestsFinished=4)
    assert counters["RetriesConnect"] == counters["UpstreamConnectRefused"] == 2


def test_a_lone_endpoint_that_refuses_is_tried_once(gate: Gate, dead: tuple[str, int]) -> None:
    gate.route_to(dead)
    with gate.client() as client:
        client.send(ask())
        assert client.response().status == 502
        client.send(ask())
        assert client.response().status == 502
    counters = gate.wait_for(RequestsFinished=2)
    assert counters["UpstreamConnectRefused"] == 2
    assert counters["FaultUpstreamConnect"] == 2
    assert counters["RetriesConnect"] == 0


def test_tries_have_an_end(gate: Gate) -> None:
    sockets = [socket.socket() for _ in range(4)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        gate.route_to(*[each.getsockname() for each in sockets], policy=Policy(tries=3))
        with gate.client() as client:
            client.send(ask())
            assert client.response().status == 502
    finally:
        for each in sockets:
            each.close()
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["UpstreamConnectRefused"] == 3
    assert counters["RetriesConnect"] == 2
    assert counters["RetriesExhausted"] == 1
    (record,) = gate.records(1)
    assert record["tries"] == 3
    assert record["fault"] == b"connect_failed"


def test_no_endpoint_is_a_503(gate: Gate) -> None:
    gate.route_to()
    with gate.client() as client:
        client.send(ask())
        assert client.response().status == 503
    assert gate.wait_for(RequestsFinished=1)["FaultUpstreamNoEndpoint"] == 1


def test_a_kept_connection_that_dies_is_made_anew_for_a_get(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask(path="/1"))
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        client.send(ask(path="/2"))
        assert peer.request().target == "/2"
        peer.reset()
        peer = upstream.accept()
        assert peer.request().target == "/2"
        peer.answer(b"second")
        assert client.response().text == "second"
    assert gate.wait_for(RequestsFinished=2)["RetriesStale"] == 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
def test_what_was_sent_is_not_sent_twice_unless_that_is_harmless(gate: Gate, upstream: Upstream, method: str) -> None:
    with gate.client() as client:
        client.send(ask())
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().status == 200
        client.send(ask(method, "/2", "hello"))
        assert peer.request().body == b"hello"
        peer.close()
        assert client.response().status == 502
    assert upstream.untouched()
    assert gate.wait_for(RequestsFinished=2)["FaultUpstreamAbort"] == 1


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_fresh_connection_that_breaks_is_tried_elsewhere(gate: Gate, upstream: Upstream, method: str) -> None:
    with Upstream() as other, gate.client() as client:
        gate.route_to(upstream, other)
        pair = [upstream, other]
        client.send(ask(method, "/1", "hello"))
        first = next_of(pair)
        peer = first.accept()
        assert peer.request().body == b"hello"
        peer.close()
        pair.remove(first)
        peer = pair[0].accept()
        assert peer.request().body == b"hello"
        peer.answer()
        assert client.response().status == 200


def next_of(upstreams: list[Upstream]) -> Upstream:
    """The one that is being connected to."""
    while True:
        for each in upstreams:
            if each.pending():
                return each


def test_a_lone_endpoint_that_breaks_a_fresh_connection_is_a_502(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask())
        upstream.accept().close()
        assert client.response().status == 502
    assert upstream.untouched()


def test_an_endpoint_that_does_not_answer_is_passed_over(gate: Gate, upstream: Upstream) -> None:
    with Upstream() as other, gate.client() as client:
        gate.route_to(upstream, other, policy=Policy(timeouts=Timeouts(read_ms=100)))
        client.send(ask())
        first, second = (upstream, other) if next_of([upstream, other]) is upstream else (other, upstream)
        silent = first.accept()
        silent.request()
        peer = second.accept()
        assert silent.ended()
        peer.request()
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(RequestsFinished=1)["RetriesTimeout"] == 1


def test_an_answer_that_has_begun_is_not_tried_again(gate: Gate, upstream: Upstream) -> None:
    with Upstream() as other, gate.client() as client:
        gate.route_to(upstream, other)
        client.send(ask())
        peer = next_of([upstream, other]).accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        client.head()
        peer.close()
        assert client.rest() == (b"", "reset")
        assert upstream.untouched()
        assert other.untouched()


def test_a_body_that_is_gone_cannot_be_sent_again(gate: Gate, upstream: Upstream) -> None:
    """A PUT may be sent twice, but only by somebody who still has it."""
    with Upstream() as other, gate.client() as client:
        gate.route_to(upstream, other, policy=STREAMED)
        client.send(ask("PUT", "/", "x" * 10)[:-5])
        peer = next_of([upstream, other]).accept()
        peer.head()
        peer.read(5)
        client.send(b"x" * 4)
        peer.read(4)
        peer.reset()
        assert client.response().status == 502
        assert upstream.untouched()
        assert other.untouched()


def test_an_answer_before_the_upload_broke_is_passed_on(gate: Gate, upstream: Upstream) -> None:
    """A6: an upstream that refuses and closes has still answered."""
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {32 << 20}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.head()
        peer.answer(b"too much", 413, "Connection: close")
        peer.close()
        answer = client.response()
        assert (answer.status, answer.text) == (413, "too much")
