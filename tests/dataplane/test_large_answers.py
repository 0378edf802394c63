"""Answers that go through a pipe of the kernel's: whatever happens in their middle ends as it does for small ones."""

import os
import threading
from pathlib import Path

import msgspec
import pytest

from gateway.ir.policy import Policy, Timeouts
from tests.support.engine import HOST, Gate
from tests.support.raw_client import BrokenAnswerError
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

MEGA = 1 << 20
ASK = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def gate(gate: Gate, upstream: Upstream) -> Gate:
    gate.route_to(upstream)
    return gate


def pipes() -> set[str]:
    """The pipes of this process, which is the gateway's, too."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return {name for name in found if name.startswith("pipe:")}


def begin(client: WireClient, upstream: Upstream, total: int, first: bytes) -> Peer:
    """So much of a long answer is under way, and its client has not read any of it."""
    client.send(ASK)
    peer = upstream.accept()
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total + first)
    return peer


def through_a_pipe(client: WireClient, upstream: Upstream, total: int, first: bytes, before: set[str]) -> Peer:
    """The same, read so far, and a pipe has been seen to carry it."""
    peer = begin(client, upstream, total, b"")
    sender = threading.Thread(target=peer.send, args=(first,))
    sender.start()
    client.head()
    got = b""
    while len(got) < len(first):
        got += client.read(min(MEGA, len(first) - len(got)))
    sender.join()
    assert got == first
    assert pipes() - before, "no pipe was used"
    return peer


def test_what_comes_slowly_after_a_burst_comes_at_once(gate: Gate, upstream: Upstream) -> None:
    before = pipes()
    first = os.urandom(4 * MEGA)
    with gate.client() as client:
        peer = through_a_pipe(client, upstream, len(first) + 400_000, first, before)
        for piece in (b"a", b"b" * 20_000, b"c" * 100, b"d" * 100_000):
            peer.send(piece)
            assert client.read(len(piece)) == piece
        last = os.urandom(400_000 - 120_101)
        peer.send(last)
        assert client.read(len(last)) == last
        # Both connections are good for more.
        client.send(ASK)
        peer.request()
        peer.answer(b"next")
        assert client.response().body == b"next"
        gate.wait_for(UpstreamConnectionsParked=2)


def test_pipes_are_used_again(gate: Gate, upstream: Upstream) -> None:
    before = pipes()
    body = os.urandom(3 * MEGA)
    with gate.client() as client:
        peer = None
        for _ in range(5):
            client.send(ASK)
            peer = peer or upstream.accept()
            peer.request()
            sender = threading.Thread(target=peer.answer, args=(body,))
            sender.start()
            assert client.response().body == body
            sender.join()
    assert len(pipes() - before) == 1


def test_an_answer_that_is_cut_in_its_middle_is_seen_to_be_cut(gate: Gate, upstream: Upstream) -> None:
    first = os.urandom(4 * MEGA)
    with gate.client() as client:
        peer = through_a_pipe(client, upstream, 8 * MEGA, first, pipes())
        peer.close()
        with pytest.raises(BrokenAnswerError, match="reset"):
            client.read(1)
    gate.wait_for(FaultUpstreamAbort=1)


def test_bytes_after_the_answer_end_its_connection(gate: Gate, upstream: Upstream) -> None:
    first = os.urandom(4 * MEGA)
    with gate.client() as client:
        peer = through_a_pipe(client, upstream, len(first) + 100_000, first, pipes())
        peer.send(b"x" * 100_000 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert client.read(100_000) == b"x" * 100_000
        client.send(ASK)
        fresh = upstream.accept()
        fresh.request()
        fresh.answer(b"the next one's own")
        assert client.response().body == b"the next one's own"


def test_a_client_that_leaves_frees_the_upstream(gate: Gate, upstream: Upstream) -> None:
    first = os.urandom(4 * MEGA)
    with gate.client() as client:
        peer = through_a_pipe(client, upstream, 64 * MEGA, first, pipes())
    sender = threading.Thread(target=send_until_refused, args=(peer, 60 * MEGA))
    sender.start()
    gate.wait_for(RequestsAborted=1)
    sender.join()


def send_until_refused(peer: Peer, count: int) -> None:
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        peer.socket.sendall(bytes(count))


def test_an_upstream_that_stops_in_the_middle_runs_out_of_time(gate: Gate, upstream: Upstream) -> None:
    policy = msgspec.structs.replace(Policy(), timeouts=Timeouts(read_ms=300))
    gate.route_to(upstream, policy=policy)
    first = os.urandom(4 * MEGA)
    with gate.client() as client:
        through_a_pipe(client, upstream, 8 * MEGA, first, pipes())
        with pytest.raises(BrokenAnswerError, match="reset"):
            client.read(1)
    gate.wait_for(TimeoutUpstreamRead=1)
