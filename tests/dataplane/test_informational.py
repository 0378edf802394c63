"""Answers before the answer, and clients that wait for one before they send their body."""

import pytest

from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EXPECT = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\n".encode()


def get(version: str = "1.1") -> bytes:
    return f"GET / HTTP/{version}\r\nHost: {HOST}\r\n\r\n".encode()


def test_early_hints_reach_the_client_before_the_answer(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nServer: x\r\n\r\n")
        assert client.head() == ["HTTP/1.1 103 Early Hints", "Link: </a>"]
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n" + OK)
        assert client.head() == ["HTTP/1.1 102 Processing"]
        assert client.response().text == "ok"
    assert gate.wait_for(UpstreamConnectionsParked=1)


def test_a_100_that_nobody_waits_for_is_not_passed_on(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
        assert client.head()[0] == "HTTP/1.1 200 OK"


def test_an_http10_client_sees_no_informational_answer(gate: Gate, upstream: Upstream) -> None:
    """B6."""
    with gate.client() as client:
        client.send(get("1.0"))
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
        assert client.head()[0] == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(("count", "status"), [(16, 200), (17, 502)])
def test_informational_answers_are_not_endless(gate: Gate, upstream: Upstream, count: int, status: int) -> None:
    """B6."""
    with gate.client() as client:
        client.send(get())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * count + OK)
        assert client.response().status == status


@pytest.mark.parametrize("framing", ["Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"])
def test_a_client_that_waits_for_100_gets_one(gate: Gate, upstream: Upstream, framing: str) -> None:
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(EXPECT + framing.encode())
        assert client.head() == ["HTTP/1.1 100 Continue"]
        peer = upstream.accept()
        received = peer.head()
        assert "expect" not in received.names
        # The upstream's own is the second one, and says nothing new.
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"hello" if "Length" in framing else b"5\r\nhello\r\n0\r\n\r\n")
        assert (peer.read(5) if "Length" in framing else peer.chunks()) == b"hello"
        peer.send(OK)
        assert client.head()[0] == "HTTP/1.1 200 OK"
        assert client.read(2) == b"ok"
        client.send(get())
        assert peer.request().method == "GET"
        peer.send(OK)
        assert client.response().status == 200


def test_a_client_that_has_sent_its_body_needs_no_100(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(EXPECT + b"Content-Length: 5\r\n\r\nhello")
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.send(OK)
        assert client.head()[0] == "HTTP/1.1 200 OK"


def test_a_refusal_comes_instead_of_the_100_and_ends_the_connection(gate: Gate, upstream: Upstream) -> None:
    """E1: nobody can tell whether the next bytes are the body or the next request."""
    with gate.client() as client:
        client.send(EXPECT + b"Content-Length: 100000000\r\n\r\n")
        assert client.head()[0] == "HTTP/1.1 413 Content Too Large"
        client.until(b"\n")
        client.send(get())
        assert client.rest()[0] == b""
    assert upstream.untouched()


def test_another_expectation_cannot_be_met(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nExpect: miracles\r\n\r\n".encode())
        assert client.response().status == 417
        assert client.rest() == (b"", "closed")
    assert upstream.untouched()
