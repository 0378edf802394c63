"""Clients of HTTP/1.1 that leave, stall, trickle or talk nonsense, while others are served.

Names carry the number of the experiment in the catalogue of faults.
"""

import contextlib
import select
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ir.policy import Policy, RequestBody
from tests.support.arena import Arena, arena
from tests.support.engine import HOST
from tests.support.raw_upstream import EndedError, Peer
from tests.support.wire_client import WireClient

MEGA = 1 << 20


def descriptors() -> int:
    """How many this process has open, which the engine runs in."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def stage() -> Iterator[Arena]:
    with arena(
        header_timeout_ms=400,
        client_body_timeout_ms=400,
        client_send_grace_ms=200,
        client_send_bytes_per_second=1_000_000,
        client_read_grace_ms=200,
        client_read_bytes_per_second=1_000_000_000,
    ) as it:
        yield it


def test_f17_reset_in_the_head(stage: Arena) -> None:
    with stage.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHo")
        client.reset()
    assert stage.upstream.untouched()


def test_f17_reset_in_the_body(stage: Arena) -> None:
    stage.gate.route_to(stage.upstream, policy=Policy(request_body=RequestBody(buffered=False)))
    with stage.client() as client:
        stage.get(client, "/", "Content-Length: 10", method="POST")
        client.send(b"12345")
        peer = stage.upstream.accept()
        peer.head()
        peer.read(5)
        client.reset()
        assert peer.ended()  # the upstream's work is over with the client
    assert stage.gate.wait_for(RequestsAborted=1)["UpstreamConnectionsOpened"] >= 1


def test_f17_reset_while_the_upstream_thinks(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        client.reset()
        assert peer.ended()
    stage.gate.wait_for(RequestsAborted=1)


@pytest.mark.parametrize("half_closed", [False, True], ids=["open", "half-closed"])
@pytest.mark.parametrize("size", [0, 1, 100_000], ids=["nothing", "a byte", "more than a buffer"])
def test_f17_reset_while_the_upstream_thinks_after_more_was_sent(stage: Arena, size: int, *, half_closed: bool) -> None:
    """What was pipelined, or the end of the client's side, hides no reset behind it."""
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        client.send(b"G" * size)
        if half_closed:
            client.finish()
        stage.load.wait_for(5)  # the gateway has had its turns, and holds on
        assert not select.select([peer.socket], [], [], 0)[0]
        client.reset()
        assert peer.ended()
    stage.gate.wait_for(RequestsAborted=1)


def test_f17_reset_while_many_wait_costs_no_descriptor(stage: Arena) -> None:
    """Nothing stays open of those that were watched, and who was pipelined but stayed is answered in order."""
    stage.gate.wait_for(ConnectionsOpenedHttp=2, UpstreamConnectionsOpened=2)  # of the load
    before = descriptors()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(stage.client()) for _ in range(20)]
        peers = []
        for client in clients:
            stage.get(client, "/1")
            peers.append(stage.upstream.accept())
            peers[-1].request()
            stage.get(client, "/2")
        for client in clients[:-1]:
            client.reset()
        assert all(peer.ended() for peer in peers[:-1])
        peers[-1].answer(b"first")
        assert peers[-1].request().target == "/2"
        peers[-1].answer(b"second", 200, "Connection: close")
        assert [clients[-1].response().text for _ in range(2)] == ["first", "second"]
    stage.gate.wait_for(RequestsAborted=19)
    for peer in peers:
        peer.close()
    stage.gate.wait(lambda _: descriptors() <= before)


def test_f17_reset_in_the_response(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        client.head()
        client.reset()
        peer.feed(bytes(100 * MEGA))  # the gateway does not take it
    stage.gate.wait_for(RequestsAborted=1)


def test_f18_a_client_that_ends_its_side_is_answered(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        client.finish()
        peer = stage.upstream.accept()
        peer.request()
        peer.answer(b"late")
        assert client.response().text == "late"
        assert client.rest() == (b"", "closed")


def send_until_blocked(peer: Peer) -> int:
    sent = 0
    peer.socket.settimeout(0.3)
    try:
        while sent < 100 * MEGA:
            sent += peer.socket.send(bytes(MEGA))
    except TimeoutError:
        pass
    except ConnectionError:
        return sent
    return sent


def read_some(client: WireClient) -> bool:
    """Whatever has come of it; False when no more will."""
    try:
        return bool(client.socket.recv(1 << 20))
    except ConnectionError:
        return False


def test_f19_a_client_that_never_reads_holds_a_bounded_part_of_its_answer(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MEGA))
        assert send_until_blocked(peer) < 64 * MEGA  # what the kernel's buffers hold, and not the answer
        peer.socket.settimeout(15)
        with pytest.raises(EndedError):
            peer.read(1)
        assert client.rest()[1] == "reset"
    stage.gate.wait_for(TimeoutClientWrite=1)


def test_f20_a_client_that_reads_a_byte_now_and_then_is_cut(stage: Arena) -> None:
    with stage.client() as client:
        stage.get(client)
        peer = stage.upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1_000 * MEGA) + bytes(MEGA))
        while read_some(client):
            send_until_blocked(peer)
    counters = stage.gate.wait_for(FaultClientTimeout=1)
    assert counters["TimeoutClientRate"] + counters["TimeoutClientWrite"] == 1


def test_f21_connections_that_never_send_are_let_go(stage: Arena) -> None:
    clients = [stage.client() for _ in range(500)]
    try:
        stage.load.wait_for(50)
        stage.gate.wait_for(TimeoutClientIdle=500)
        assert all(client.closed() for client in clients)
    finally:
        for client in clients:
            client.close()


def test_f22_a_head_that_trickles_is_a_408(stage: Arena) -> None:
    with stage.client() as client:
        client.send(b"GET / HTTP/1.1\r\nX: ")
        while not select.select([client.socket], [], [], 0.02)[0]:
            client.send(b"y")
        assert client.response().status == 408
    assert stage.upstream.untouched()
    stage.gate.wait_for(TimeoutRequestHead=1)


def test_f23_a_flood_of_connections_without_a_byte_keeps_nobody_out() -> None:
    with arena(max_connections=200, header_timeout_ms=60_000) as stage, contextlib.ExitStack() as flood:
        for _ in range(1_000):
            flood.enter_context(socket.create_connection(stage.gate.address(), timeout=15))
        stage.load.wait_for(100)
        came = ("ConnectionsOpenedHttp", "ConnectionsRefusedLimit")
        # Who comes while all have only just come is refused; room is made as soon as they have been idle for a moment.
        stage.gate.wait(lambda seen: sum(seen[name] for name in came) >= 1_000 and seen["ConnectionsShed"] > 0)
        with stage.client() as client:
            stage.get(client)
            peer = stage.upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
        counters = stage.gate.wait_for(ConnectionsShed=1)
        assert counters["ConnectionsShed"] + counters["ConnectionsRefusedLimit"] >= 700


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_f22_a_body_that_trickles_is_a_408_and_meets_no_upstream(stage: Arena, framing: str) -> None:
    with stage.client() as client:
        stage.get(client, "/", framing, method="POST")
        while not select.select([client.socket], [], [], 0.02)[0]:
            client.send(b"1\r\ny\r\n")
        assert client.response().status == 408
    assert stage.upstream.untouched()
    stage.gate.wait_for(TimeoutClientRate=1)


def test_f24_a_storm_of_resets_leaves_nothing_behind(stage: Arena) -> None:
    opened = stage.gate.counters()["ConnectionsOpenedHttp"]
    clients = [socket.create_connection(stage.gate.address()) for _ in range(500)]
    for client in clients:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\n".encode())
    stage.gate.wait_for(ConnectionsOpenedHttp=opened + 500)
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    stage.gate.wait_for(ConnectionsClosedHttp=500)
    assert stage.upstream.untouched()


def test_f26_garbage_after_a_pipelined_request_cuts_no_answer(stage: Arena) -> None:
    with stage.client() as client:
        client.send(f"GET /1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() + b"\x16\x03\x01 garbage\r\n\r\n")
        peer = stage.upstream.accept()
        assert peer.request().target == "/1"
        peer.answer(bytes(100_000))
        assert len(client.response().body) == 100_000
        refused = client.response()
        assert (refused.status, refused.header("connection")) == (400, "close")
        assert client.closed()
    assert stage.upstream.untouched()
