"""Endpoints that are spoken to in HTTP/1.0."""

import pytest

from gateway.ir.policy import Policy, RequestBody
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream


@pytest.fixture
def gate(gate: Gate, upstream: Upstream) -> Gate:
    gate.route_to(upstream, policy=Policy(http10=True))
    return gate


def ask(*lines: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} / HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_every_request_has_a_connection_of_its_own(gate: Gate, upstream: Upstream, version: str) -> None:
    with gate.client() as client:
        for number in range(2):
            client.send(ask())
            with upstream.accept() as peer:
                received = peer.request(version="1.0")
                assert received.values("connection") == ["close"]
                peer.send(f"HTTP/{version} 200 OK\r\nContent-Length: 1\r\n\r\n{number}".encode())
                assert client.response().text == str(number)
                assert peer.ended()
    assert gate.wait_for(RequestsFinished=2)["UpstreamConnectionsParked"] == 0


def test_the_end_of_the_connection_ends_the_answer(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask())
        with upstream.accept() as peer:
            peer.request(version="1.0")
            peer.send(b"HTTP/1.0 200 OK\r\n\r\nhello")
        answer = client.response()
        assert (answer.text, answer.header("transfer-encoding")) == ("hello", "chunked")


@pytest.mark.parametrize("buffered", [True, False])
def test_a_body_in_chunks_is_sent_with_its_length(gate: Gate, upstream: Upstream, *, buffered: bool) -> None:
    """HTTP/1.0 knows no chunks, so the body is taken in whole whatever the route says."""
    gate.route_to(upstream, policy=Policy(http10=True, request_body=RequestBody(buffered=buffered)))
    with gate.client() as client:
        client.send(ask("Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n")
        client.send(b"2\r\nde\r\n0\r\n\r\n")
        peer = upstream.accept()
        received = peer.request(version="1.0")
        assert received.body == b"abcde"
        assert received.values("content-length") == ["5"]
        peer.answer()
        assert client.response().status == 200


def test_a_body_in_chunks_that_nothing_can_hold_fails(gate: Gate, upstream: Upstream) -> None:
    """There is neither room for it nor another way to send it."""
    body = bytes(100_000)
    with gate.client() as client:
        client.send(ask("Transfer-Encoding: chunked", method="POST") + b"%x\r\n" % len(body) + body)
        assert client.response().status == 500
    assert upstream.untouched()
    assert gate.records(1)[0]["fault"] == b"body_not_kept"


def test_no_protocol_is_switched(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask("Connection: upgrade", "Upgrade: tcp"))
        peer = upstream.accept()
        received = peer.request(version="1.0")
        assert "upgrade" not in received.names
        peer.send(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n")
        assert client.response().status == 502
