"""Bodies both ways as they come: framing, size, back-pressure, early answers, and answers that have none."""

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.ir.policy import Policy
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Peer, Upstream

MEGA = 1 << 20
UNLIMITED = STREAMED
MakeGate = Callable[..., Gate]


@pytest.fixture
def gate(gate: Gate, upstream: Upstream) -> Gate:
    gate.route_to(upstream, policy=Policy(request_body=STREAMED.request_body))
    return gate


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Where a test does what would otherwise wait for itself."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def post(framing: str, *lines: str, path: str = "/") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {HOST}", framing, *lines, "", ""]).encode()


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 100, 16_384, 100_000, 5 * MEGA])
def test_a_request_body_with_a_length(gate: Gate, upstream: Upstream, aside: ThreadPoolExecutor, size: int) -> None:
    gate.route_to(upstream, policy=UNLIMITED)
    body = os.urandom(size)
    with gate.client() as client:
        sent = aside.submit(client.send, post(f"Content-Length: {size}") + body)
        peer = upstream.accept()
        received = peer.request()
        assert received.values("content-length") == [str(size)]
        assert received.body == body
        sent.result()
        peer.answer()
        assert client.response().status == 200


@pytest.mark.parametrize(("size", "piece"), [(0, 1), (10, 1), (100_000, 7_000), (5 * MEGA, 3 * MEGA), (MEGA, 100)])
def test_a_request_body_in_chunks(
    gate: Gate, upstream: Upstream, aside: ThreadPoolExecutor, size: int, piece: int
) -> None:
    gate.route_to(upstream, policy=UNLIMITED)
    body = os.urandom(size)
    with gate.client() as client:
        sent = aside.submit(client.send, post("Transfer-Encoding: chunked") + chunked(body, piece))
        peer = upstream.accept()
        received = peer.request()
        assert received.values("transfer-encoding") == ["chunked"]
        assert received.body == body
        sent.result()
        peer.answer()
        assert client.response().status == 200


def test_chunk_extensions_and_trailers_are_not_passed_on(gate: Gate, upstream: Upstream) -> None:
    """A9, K3, K6."""
    with gate.client() as client:
        client.send(post("Transfer-Encoding: chunked", "Trailer: X-Sum"))
        client.send(b"3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\n\r\n")
        peer = upstream.accept()
        received = peer.head()
        assert "trailer" not in received.names
        assert peer.read(13) == b"3\r\nabc\r\n0\r\n\r\n"
        peer.answer()
        assert client.response().status == 200
        client.send(post("Content-Length: 0", path="/next"))
        assert peer.head().values("content-length") == ["0"]
        peer.answer()
        assert client.response().status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_a_method_that_usually_has_none_may_have_a_body(gate: Gate, upstream: Upstream, method: str) -> None:
    """B1: it is framed and passed on, never left on the connection."""
    with gate.client() as client:
        client.send(f"{method} /a HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhello".encode())
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.send(b"HTTP/1.1 204 X\r\n\r\n")
        assert client.response(to_head=method == "HEAD").status == 204
        client.send(f"{method} /b HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        received = peer.request()
        assert received.target == "/b"
        assert not {"content-length", "transfer-encoding"} & set(received.names)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("size", [0, 1, 5_000, 100_000, 5 * MEGA])
def test_a_response_body(gate: Gate, upstream: Upstream, aside: ThreadPoolExecutor, framing: str, size: int) -> None:
    body = os.urandom(size)
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()

        def answer() -> None:
            if framing == "length":
                peer.answer(body)
            elif framing == "chunked":
                peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 9_999))
            else:
                peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
                peer.close()

        sent = aside.submit(answer)
        answered = client.response()
        sent.result()
        assert answered.body == body
        assert answered.header("content-length") == (str(size) if framing == "length" else None)
        assert answered.header("transfer-encoding") == (None if framing == "length" else "chunked")
        counter = "UpstreamConnectionsClosed" if framing == "close" else "UpstreamConnectionsParked"
        gate.wait_for(**{counter: 1})


def test_chunks_go_to_the_client_as_they_come(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.head()
        for piece in (b"one", b"two", b"three"):
            peer.send(b"%x;x=y\r\n%b\r\n" % (len(piece), piece))
            assert client.read(len(piece) + 5) == b"%x\r\n%b\r\n" % (len(piece), piece)
        peer.send(b"0\r\nX-Sum: 1\r\n\r\n")
        assert client.until(b"\r\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_client_that_does_not_read_holds_the_upstream_back(gate: Gate, upstream: Upstream, framing: str) -> None:
    """What the gateway keeps for a slow client has a bound, however long the answer is."""
    with gate.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        peer.request()
        total = 32 * MEGA
        if framing == "length":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % total)
        taken = send_until_blocked(peer.socket, total)
        assert taken < total
        # It goes on where it stopped, and nothing is lost or doubled.
        feeder = threading.Thread(target=feed, args=(peer, total - taken, framing))
        feeder.start()
        assert digest(client.response().body) == digest(bytes(total))
        feeder.join()


@pytest.mark.parametrize("framing", ["Content-Length: 33554432", "Transfer-Encoding: chunked"])
def test_an_upstream_that_does_not_read_holds_the_client_back(make_gate: MakeGate, framing: str) -> None:
    gate = make_gate()
    with Upstream(receive_buffer=1 << 14) as upstream, gate.client() as client:
        gate.route_to(upstream, policy=UNLIMITED)
        client.send(post(framing))
        total = 32 * MEGA
        if "chunked" in framing:
            client.send(b"%x\r\n" % total)
        peer = upstream.accept()
        taken = send_until_blocked(client.socket, total)
        assert taken < total

        def rest() -> None:
            client.send(bytes(total - taken))
            if "chunked" in framing:
                client.send(b"\r\n0\r\n\r\n")

        feeder = threading.Thread(target=rest)
        feeder.start()
        assert digest(peer.request().body) == digest(bytes(total))
        feeder.join()
        peer.answer()
        assert client.response().status == 200


def send_until_blocked(connection: socket.socket, total: int) -> int:
    """Zeros, until the kernel takes no more for half a second."""
    sent = 0
    connection.settimeout(0.5)
    try:
        while sent < total:
            sent += connection.send(bytes(min(MEGA, total - sent)))
    except TimeoutError:
        pass
    finally:
        connection.settimeout(15)
    return sent


def feed(peer: Peer, count: int, framing: str) -> None:
    peer.send(bytes(count))
    if framing == "chunked":
        peer.send(b"\r\n0\r\n\r\n")


def digest(body: bytes) -> tuple[int, str]:
    return len(body), hashlib.blake2b(body).hexdigest()


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_an_early_answer_ends_the_upload(gate: Gate, upstream: Upstream, framing: str) -> None:
    """A6: the upstream's connection is closed, the client's is kept once its body has been read away."""
    with gate.client() as client:
        client.send(post(framing, path="/early"))
        peer = upstream.accept()
        assert peer.head().target == "/early"
        peer.answer(b"no", 403)
        assert client.response().status == 403
        assert peer.ended()
        body = b"x" * 10 if "Length" in framing else b"a\r\n" + b"x" * 10 + b"\r\n0\r\n\r\n"
        client.send(body + f"GET /next HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        assert peer.request().target == "/next"
        peer.answer()
        assert client.response().status == 200


def test_an_early_answer_to_a_long_upload_ends_the_connection(
    gate: Gate, upstream: Upstream, aside: ThreadPoolExecutor
) -> None:
    """A6: what is not read away within bounds is not taken for a request."""
    gate.route_to(upstream, policy=UNLIMITED)
    with gate.client() as client:
        client.send(post(f"Content-Length: {64 * MEGA}"))
        peer = upstream.accept()
        peer.head()
        peer.answer(b"no", 403)
        assert client.response().status == 403
        assert client.rest()[0] == b""
    assert gate.wait_for(ConnectionsClosedHttp=1)["UpstreamConnectionsParked"] == 0


def test_a_long_upload_that_is_refused_can_read_why(gate: Gate, upstream: Upstream, aside: ThreadPoolExecutor) -> None:
    """A client that writes all of its body before it reads must still find the answer."""
    size = 8 * MEGA
    with gate.client() as client:
        client.send(post(f"Content-Length: {size}") + bytes(size))
        assert client.response().status == 413
    assert upstream.untouched()


def test_an_answer_that_comes_while_the_body_is_being_sent(gate: Gate, upstream: Upstream) -> None:
    """Both directions run at once: the answer's body ends after the request's."""
    with gate.client() as client:
        client.send(post("Content-Length: 6") + b"abc")
        peer = upstream.accept()
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123")
        client.head()
        assert client.read(3) == b"123"
        assert peer.read(3) == b"abc"
        client.send(b"def")
        assert peer.read(3) == b"def"
        peer.send(b"456")
        assert client.read(3) == b"456"
    gate.wait_for(UpstreamConnectionsParked=1)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n"),
    ],
)
def test_answers_without_a_body(gate: Gate, upstream: Upstream, method: str, answer: str) -> None:
    with gate.client() as client:
        for number in range(2):
            client.send(f"{method} /{number} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            if number == 0:
                peer = upstream.accept()
            assert peer.request().target == f"/{number}"
            peer.send(answer.encode())
            head = client.head()
            assert ("Content-Length: 5" in head) == ("Content-Length: 5" in answer)
            assert not [line for line in head if line.startswith(("Transfer-Encoding", "Content-Length: 0"))]
    counters = gate.wait_for(UpstreamConnectionsParked=2)
    assert counters["UpstreamConnectionsReused"] == 1


def test_a_client_that_leaves_in_its_body_leaves_no_whole_request_behind(gate: Gate, upstream: Upstream) -> None:
    """K5: the upstream sees that the request is not whole."""
    with gate.client() as client:
        client.send(post("Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
        peer = upstream.accept()
        peer.head()
        assert peer.read(8) == b"3\r\nabc\r\n"
        client.reset()
        assert peer.ended()
    assert gate.wait_for(RequestsFinished=1)["RequestsAborted"] == 1


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Content-Length: 9"])
def test_a_body_that_ends_too_soon_is_refused(gate: Gate, upstream: Upstream, framing: str) -> None:
    """K5, A4: the client has ended its side, and can still read the answer."""
    with gate.client() as client:
        client.send(post(framing) + b"3\r\nabc\r\n"[: 8 if "chunked" in framing else 3])
        peer = upstream.accept()
        peer.head()
        client.finish()
        assert client.response().status == 400
        assert client.rest() == (b"", "closed")
        assert b"0\r\n\r\n" not in peer.rest()


def test_a_broken_chunk_in_mid_body_is_refused(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(post("Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
        peer = upstream.accept()
        peer.head()
        assert peer.read(8) == b"3\r\nabc\r\n"
        client.send(b"0x3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response().status == 400
        assert client.rest()[0] == b""
        assert peer.ended()
    assert gate.wait_for(RequestsFinished=1)["FaultClientFraming"] == 1
