"""Bodies that are taken in whole before an endpoint is asked, in memory and on disk."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.ir.policy import Policy, RequestBody, Retries
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream

MEGA = 1 << 20
UNLIMITED = Policy(body_limit_bytes=0)
MakeGate = Callable[..., Gate]


@pytest.fixture
def disk(make_gate: MakeGate, upstream: Upstream, tmp_path: Path) -> Gate:
    """A gate that has a folder for bodies."""
    gate = make_gate(body_folder=str(tmp_path))
    gate.route_to(upstream, policy=UNLIMITED)
    return gate


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def head(framing: str, *lines: str, method: str = "POST", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} / HTTP/{version}", f"Host: {HOST}", framing, *lines, "", ""]).encode()


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_slow_client_keeps_no_endpoint_waiting(gate: Gate, upstream: Upstream, framing: str) -> None:
    body = b"0123456789" if "Length" in framing else chunked(b"0123456789", 4)
    with gate.client() as client, gate.client() as other:
        client.send(head(framing))
        for byte in body[:-1]:
            client.send(bytes([byte]))
        other.send(f"GET /other HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        assert peer.request().target == "/other"  # the first to come, although it was sent last
        peer.answer()
        assert other.response().status == 200
        assert upstream.untouched()
        client.send(body[-1:])
        received = peer.request()
        assert (received.target, received.body) == ("/", b"0123456789")
        assert received.values("content-length") == ["10"]
        assert "transfer-encoding" not in received.names
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(RequestsFinished=2)["BodiesSpilled"] == 0


@pytest.mark.parametrize("size", [0, 1, 8_192, 8_193, 100_000, 5 * MEGA])
@pytest.mark.parametrize("piece", [0, 7_000, MEGA])
def test_what_is_too_much_for_memory_waits_on_disk(
    disk: Gate, upstream: Upstream, tmp_path: Path, size: int, piece: int
) -> None:
    """`piece` 0 is a body with a length, others are chunks. None of it is left on disk, not even a name."""
    body = os.urandom(size)
    with disk.client() as client:
        client.send(head("Transfer-Encoding: chunked" if piece else f"Content-Length: {size}"))
        client.send(chunked(body, piece) if piece else body)
        peer = upstream.accept()
        received = peer.request()
        assert received.values("content-length") == [str(size)]
        assert received.body == body
        assert list(tmp_path.iterdir()) == []
        peer.answer()
        assert client.response().status == 200
        client.send(f"GET /next HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert peer.request().target == "/next"
        peer.answer()
        assert client.response().status == 200
    spilled = disk.wait_for(RequestsFinished=2)["BodiesSpilled"]
    assert spilled == 1 if size > 64 * 1024 else spilled <= 1
    assert disk.counters()["BodiesNotKept"] == 0


def test_a_body_that_comes_with_its_head_needs_no_room(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(body_memory_bytes=0, body_disk_bytes=0)
    gate.route_to(upstream, policy=Policy(request_body=RequestBody(memory_bytes=0)))
    with gate.client() as client:
        client.send(head("Content-Length: 5000") + bytes(5_000))
        peer = upstream.accept()
        assert peer.request().body == bytes(5_000)
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(RequestsFinished=1)["BodiesNotKept"] == 0


Room = dict[str, int | str]
ROOMS: dict[str, Room] = {
    "no folder": {},
    "too little room": {"body_folder": tempfile.gettempdir(), "body_disk_bytes": 100_000},
    "a folder that is gone": {"body_folder": "/nowhere/at/all"},
}


@pytest.mark.parametrize("piece", [0, 1_000, MEGA])
@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS.keys())
def test_without_room_it_is_sent_on_as_it_comes(
    make_gate: MakeGate, upstream: Upstream, aside: ThreadPoolExecutor, piece: int, room: Room
) -> None:
    gate = make_gate(**room)
    gate.route_to(upstream, policy=UNLIMITED)
    body = os.urandom(2 * MEGA)
    with gate.client() as client:
        client.send(head("Transfer-Encoding: chunked" if piece else f"Content-Length: {len(body)}"))
        sent = aside.submit(client.send, chunked(body, piece) if piece else body)
        peer = upstream.accept()
        received = peer.request()
        sent.result()
        assert received.values("transfer-encoding") == (["chunked"] if piece else [])
        assert received.body == body
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(RequestsFinished=1)["BodiesNotKept"] == 1


def test_room_on_disk_is_given_back(make_gate: MakeGate, upstream: Upstream, tmp_path: Path) -> None:
    gate = make_gate(body_folder=str(tmp_path), body_memory_bytes=100, body_disk_bytes=70_000)
    gate.route_to(upstream)
    with gate.client() as client:
        for number in range(5):
            client.send(head("Content-Length: 60000"))
            client.send(bytes(60_000))
            if number == 0:
                peer = upstream.accept()
            assert peer.request().body == bytes(60_000)
            peer.answer()
            assert client.response().status == 200
    with gate.client() as client:  # also by one that leaves in mid-body
        client.send(head("Content-Length: 60001") + bytes(60_000))
        client.reset()
    gate.wait_for(RequestsFinished=6)
    with gate.client() as client:
        client.send(head("Content-Length: 60000"))
        client.send(bytes(60_000))
        assert peer.request().body == bytes(60_000)
        peer.answer()
        assert client.response().status == 200
    assert gate.wait_for(RequestsFinished=7)["BodiesNotKept"] == 0


@pytest.mark.parametrize("size", [5, 300_000])
def test_a_body_that_was_taken_in_can_be_sent_to_another_endpoint(
    disk: Gate, upstream: Upstream, aside: ThreadPoolExecutor, size: int
) -> None:
    body = os.urandom(size)
    with Upstream() as other, disk.client() as client:
        policy = Policy(body_limit_bytes=0, retries=Retries(non_idempotent=True))
        disk.route_to(upstream, other, policy=policy)
        client.send(head(f"Content-Length: {size}"))
        sent = aside.submit(client.send, body)
        first, second = upstream, other
        while not first.pending():
            first, second = second, first
        peer = first.accept()
        assert peer.request().body == body
        peer.close()
        peer = second.accept()
        assert peer.request().body == body
        sent.result()
        peer.answer()
        assert client.response().status == 200
    assert disk.wait_for(RequestsFinished=1)["RetriesBroken"] == 1


@pytest.mark.parametrize("framing", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_end_meets_no_endpoint(gate: Gate, upstream: Upstream, framing: str) -> None:
    with gate.client() as client:
        client.send(head(framing) + b"3\r\nabc\r\n"[: 8 if "chunked" in framing else 3])
        client.finish()
        assert client.response().status == 400
        assert client.rest() == (b"", "closed")
    assert upstream.untouched()


def test_chunks_over_the_limit_meet_no_endpoint(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(body_limit_bytes=10))
    with gate.client() as client:
        client.send(head("Transfer-Encoding: chunked") + b"a\r\n0123456789\r\n")
        client.send(b"1\r\nX\r\n0\r\n\r\n")
        refused = client.response()
        assert refused.status == 413
        assert refused.header("connection") == "close"
    assert upstream.untouched()


def test_a_client_that_waits_for_100_is_asked_before_an_endpoint_is(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(head("Content-Length: 5", "Expect: 100-continue"))
        assert client.head() == ["HTTP/1.1 100 Continue"]
        assert upstream.untouched()
        client.send(b"hello")
        peer = upstream.accept()
        received = peer.request()
        assert received.body == b"hello"
        assert "expect" not in received.names
        peer.answer()
        assert client.response().status == 200


def test_an_upgrade_with_a_body_is_asked_for_once_the_body_is_there(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(head("Content-Length: 5", "Connection: upgrade", "Upgrade: echo") + b"he")
        client.send(b"llo" + b"early")
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.send(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        assert client.head()[0].startswith("HTTP/1.1 101 ")
        assert peer.read(5) == b"early"
        peer.send(b"late")
        assert client.read(4) == b"late"


def test_a_client_that_leaves_in_its_body_meets_no_endpoint(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(head("Content-Length: 5") + b"he")
        client.reset()
    assert gate.wait_for(RequestsFinished=1)["RequestsAborted"] == 1
    assert upstream.untouched()


def test_a_body_of_an_http10_client_is_taken_in_too(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(head("Content-Length: 5", version="1.0"))
        client.send(b"hello")
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.answer()
        assert client.response().status == 200


def test_memory_in_all_has_a_bound(make_gate: MakeGate, upstream: Upstream, tmp_path: Path) -> None:
    """Many bodies that each fit into memory do not all: those that come last go to disk."""
    gate = make_gate(body_folder=str(tmp_path), body_memory_bytes=10_000)
    gate.route_to(upstream)
    clients = [gate.client() for _ in range(4)]
    for client in clients:
        client.send(head("Content-Length: 8001"))
        client.send(bytes(8_000))
    counters = gate.wait_for(BodiesSpilled=3)
    assert counters["BodiesNotKept"] == 0
    for client in clients:
        client.send(b"x")
        peer = upstream.accept()
        assert peer.request().body == bytes(8_000) + b"x"
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        assert client.response().status == 200
        client.close()


def test_a_client_without_a_length_is_heard_to_its_end_by_both_sides(gate: Gate, upstream: Upstream) -> None:
    """What follows a body on its connection is the next request."""
    with gate.client() as client:
        client.send(head("Transfer-Encoding: chunked") + b"5\r\nhel")
        client.send(b"lo\r\n0\r\n\r\n" + f"GET /next HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.answer(b"1")
        assert peer.request().target == "/next"
        peer.answer(b"2")
        assert [client.response().text, client.response().text] == ["1", "2"]


def test_buffers_of_the_kernel_are_no_way_around(gate: Gate, upstream: Upstream) -> None:
    """A client that cannot be told from a slow one: it has sent nothing but its head."""
    with gate.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.send(head("Content-Length: 5"))
        gate.wait_for(RequestsStarted=1)
        assert upstream.untouched()
