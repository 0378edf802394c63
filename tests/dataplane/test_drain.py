"""How an engine leaves: nobody new, nobody cut who would have ended in time."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Upstream

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"


class Draining:
    """A drain that runs aside."""

    def __init__(self, gate: Gate, deadline_ms: int = 20_000) -> None:
        self._report: dict[str, int] = {}
        self._thread = threading.Thread(target=lambda: self._report.update(gate.engine.drain(deadline_ms)))
        self._thread.start()

    def report(self) -> dict[str, int]:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self._report


def wait_until_refused(gate: Gate) -> None:
    """The listening sockets are gone: the drain has begun. Asked of the kernel, because who connects to find out may
    still be let in, and is then one more idle connection.
    """
    listening = re.compile(rf":{gate.address()[1]:04X} 00000000:0000 0A ")
    while listening.search(Path("/proc/net/tcp").read_text()):
        pass


def test_a_request_under_way_is_finished(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        draining = Draining(gate)
        wait_until_refused(gate)
        peer.answer(b"at last")
        answer = client.response()
        assert (answer.text, answer.header("connection")) == ("at last", "close")
        assert client.rest() == (b"", "closed")
        report = draining.report()
        assert report["aborted"] == 0


def test_a_body_under_way_is_finished(gate: Gate, upstream: Upstream) -> None:
    """Both bodies go on, in pieces, while the engine waits."""
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 6\r\n\r\nabc".encode())
        peer = upstream.accept()
        peer.head()
        draining = Draining(gate)
        wait_until_refused(gate)
        client.send(b"def")
        assert peer.read(6) == b"abcdef"
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12")
        client.head()
        assert client.read(2) == b"12"
        peer.send(b"34")
        assert client.read(2) == b"34"
        assert draining.report()["aborted"] == 0


def test_an_idle_connection_is_closed(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as idle, gate.client() as fresh:
        idle.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert idle.response().status == 200
        gate.wait_for(ConnectionsOpenedHttp=2)
        report = gate.engine.drain(20_000)
        assert report == {"finished": 0, "aborted": 0, "idle_closed": 2}
        assert idle.rest() == (b"", "closed")
        assert fresh.rest() == (b"", "closed")
        assert gate.engine.drain(20_000) == report


def test_what_does_not_end_is_cut_at_the_deadline(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        assert gate.engine.drain(100) == {"finished": 0, "aborted": 1, "idle_closed": 0}
        assert client.rest()[0] == b""
        assert peer.ended()


def test_a_tunnel_lives_until_the_deadline(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"))
        peer = upstream.accept()
        peer.request()
        peer.send(SWITCH)
        client.head()
        draining = Draining(gate)
        wait_until_refused(gate)
        client.send(b"still")
        assert peer.read(5) == b"still"
        peer.send(b"here")
        assert client.read(4) == b"here"
        gate.engine.drain(50)  # nearer now
        assert client.rest()[0] == b""
        assert draining.report()["aborted"] == 1


def test_a_tunnel_that_ends_ends_the_drain(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"))
        peer = upstream.accept()
        peer.request()
        peer.send(SWITCH)
        client.head()
        draining = Draining(gate)
        wait_until_refused(gate)
        peer.close()
        client.close()
        report = draining.report()
        assert (report["aborted"], report["idle_closed"]) == (0, 0)


def test_before_it_drains_every_answer_closes(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().header("connection") is None
        gate.engine.set_draining()
        with gate.client() as other:  # still accepted
            while other.get("unknown.example").header("connection") is None:
                pass
        client.send(GET)
        peer.request()
        peer.answer()
        answer = client.response()
        assert (answer.text, answer.header("connection")) == ("ok", "close")
        assert client.rest() == (b"", "closed")


@pytest.mark.parametrize("workers", [1, 3])
def test_whoever_has_connected_is_served(make_gate: Callable[..., Gate], upstream: Upstream, workers: int) -> None:
    """A connection in the accept queue is as good as accepted."""
    gate = make_gate(workers=workers)
    gate.route_to(upstream)
    clients = [gate.client() for _ in range(20)]
    try:
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n")
        report = gate.engine.drain(20_000)
        assert [client.response().status for client in clients] == [404] * 20
        assert report["aborted"] == 0
    finally:
        for client in clients:
            client.close()
