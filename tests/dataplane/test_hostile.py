"""Bytes that nobody meant well: nothing stops, nobody else waits, and nothing crosses from one request to another."""

import contextlib
import random
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from tests.support.engine import HOST, Gate
from tests.support.origin import Answer, Origin
from tests.support.raw_upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUESTS = (
    f"GET / HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n\r\n".encode(),
    f"POST /a?b=c HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhello".encode(),
    f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    + b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
)
ANSWERS = (
    OK,
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nok\r\n0\r\nX: y\r\n\r\n",
)
NASTY = (b"\r", b"\n", b"\0", b" ", b"\t", b":", b",", b"\r\n", b"\xff", b"0", b";")


def spoiled(seed: int, good: bytes) -> bytes:
    """One to three bytes are lost, doubled, inserted or replaced."""
    chance = random.Random(seed)
    data = bytearray(good)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                del data[at]
            case 1:
                data[at:at] = chance.choice(NASTY)
            case 2:
                data[at : at + 1] = chance.choice(NASTY)
            case _:
                data[at:at] = data[at : at + chance.randint(1, 20)]
    return bytes(data)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin("fine") as one:
        yield one


def works(gate: Gate) -> bool:
    with gate.client() as client:
        return client.get("fine.example").text == "fine"


def test_spoiled_requests_hurt_nobody(gate: Gate, origin: Origin) -> None:
    """Whatever arrives upstream is a request that a strict reader understands, and never two where one was sent."""
    gate.route_to(("127.0.0.1", origin.port))
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    for seed in range(300):
        before = len(origin.requests)
        with gate.client() as client:
            client.send(spoiled(seed, REQUESTS[seed % len(REQUESTS)]))
            with contextlib.suppress(OSError):
                client.finish()
            client.rest()
        assert len(origin.requests) - before <= 1, seed
    assert works(gate)
    counters = gate.wait(lambda counters: counters["RequestsStarted"] == counters["RequestsFinished"])
    assert counters["Panics"] == 0


def test_spoiled_answers_hurt_nobody(gate: Gate, upstream: Upstream, origin: Origin) -> None:
    """Each client gets its own answer or none."""
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    for seed in range(150):
        with gate.client() as client:
            client.send(REQUESTS[0].replace(b"GET", b"POST"))
            peer = upstream.accept()
            peer.request()
            peer.send(spoiled(seed, ANSWERS[seed % len(ANSWERS)]))
            peer.close()
            with contextlib.suppress(OSError):  # it may be reset by now
                client.finish()
            client.rest()
        gate.wait(lambda counters: counters["UpstreamConnectionsOpened"] == counters["UpstreamConnectionsClosed"])
    assert works(gate)
    assert gate.counters()["Panics"] == 0


@pytest.mark.parametrize("size", [1, 1_000, 100_000])
def test_noise_hurts_nobody(gate: Gate, origin: Origin, size: int) -> None:
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    for seed in range(20):
        chance = random.Random(seed)
        for listener in ("http", "https"):
            # It may be closed before all of it is sent.
            with contextlib.suppress(OSError), socket.create_connection(gate.address(listener)) as client:
                client.sendall(chance.randbytes(size))
                client.shutdown(socket.SHUT_WR)
    assert works(gate)


def test_clients_that_vanish_anywhere_hurt_nobody(gate: Gate, origin: Origin) -> None:
    gate.route_to(("127.0.0.1", origin.port))
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    origin.script = lambda request: Answer(pieces=(b"fine",) if request.method == "GET" else (b"x" * 100_000,))
    for request in REQUESTS:
        for cut in range(0, len(request) + 1, 3):
            client = gate.client()
            client.send(request[:cut])
            client.reset()
    assert works(gate)
    counters = gate.wait(lambda counters: counters["ConnectionsOpenedHttp"] == counters["ConnectionsClosedHttp"])
    assert counters["RequestsStarted"] == counters["RequestsFinished"]


def test_upstreams_that_vanish_anywhere_hurt_nobody(gate: Gate, upstream: Upstream, origin: Origin) -> None:
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    for answer in ANSWERS:
        for cut in range(0, len(answer), 3):
            with gate.client() as client:
                client.send(REQUESTS[1])
                peer = upstream.accept()
                peer.request()
                peer.send(answer[:cut])
                peer.reset()
                rest, end = client.rest() if cut > 100 else (b"", "reset")
                assert end == "reset" or rest.startswith(b"HTTP/1.1 502"), cut
    assert works(gate)


def test_a_connection_that_never_sends_costs_others_nothing(make_gate: Callable[..., Gate], origin: Origin) -> None:
    gate = make_gate()
    gate.route_to(("127.0.0.1", origin.port), host="fine.example")
    silent = [gate.client() for _ in range(200)]
    try:
        assert works(gate)
        assert gate.wait_for(ConnectionsOpenedHttp=201, RequestsFinished=1)["RequestsFinished"] == 1
    finally:
        for client in silent:
            client.close()
    gate.wait(lambda counters: counters["ConnectionsClosedHttp"] == 201)


def test_pipelined_requests_without_end_are_answered_in_bounded_memory(make_gate: Callable[..., Gate]) -> None:
    """A client that asks and never reads is waited for, not collected."""
    gate = make_gate(client_requests=1_000_000_000)
    gate.route_to()
    with gate.client() as client:
        client.socket.settimeout(0.3)
        request = b"GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n" * 1_000
        with contextlib.suppress(TimeoutError):
            while True:
                client.socket.send(request)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with gate.client() as other:
        assert other.get("unknown.example").status == 404
