"""Clients that send requests ahead: answered in order, one under way at a time, and bounded (row B3)."""

from tests.support.arena import arena
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream

PIPELINED_REQUESTS = 16
PIPELINED_BYTES = 64 * 1024
MEGA = 1 << 20


def get(path: str, host: str = HOST) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def test_many_are_answered_in_order_and_others_get_their_turn() -> None:
    count = 3_000
    with arena() as stage, stage.client() as client:
        stage.load.wait_for(10)
        client.send(b"".join(get(f"/{number}", "nobody.example") for number in range(count)))
        for _ in range(count):
            assert client.response().status == 404
        stage.load.wait_for(10)
        counters = stage.gate.wait_for(RequestsPipelined=count // 2)
        assert 0 < counters["PipelineTurns"] <= counters["RequestsPipelined"] // PIPELINED_REQUESTS


def test_one_is_under_way_at_a_time(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(b"".join(get(f"/{number}") for number in range(40)))
        peer = upstream.accept()
        for number in range(40):
            assert peer.request().target == f"/{number}"
            assert gate.counters()["UpstreamRequests"] == number + 1
            peer.answer(f"{number}".encode())
            assert client.response().text == str(number)
        assert upstream.untouched()
    gate.wait_for(RequestsPipelined=39)


def test_what_is_sent_ahead_waits_with_the_kernel(gate: Gate, upstream: Upstream) -> None:
    """The gateway has read no more of it than it may, however much a client sends."""
    with gate.client() as client:
        client.send(get("/first"))
        peer = upstream.accept()
        assert peer.request().target == "/first"
        client.socket.settimeout(0.5)
        ahead = get("/ahead") * 1_000
        sent = 0
        try:
            while sent < 64 * MEGA:
                sent += client.socket.send(ahead)
        except TimeoutError:
            pass
        assert sent < 64 * MEGA
        assert gate.counters()["ClientBytesReceived"] <= PIPELINED_BYTES
        peer.answer(b"first")
        assert client.response().text == "first"
        for _ in range(20):
            assert peer.request().target == "/ahead"
            peer.answer()
            assert client.response().status == 200


def test_a_head_that_is_not_whole_yet_waits_for_its_turn(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(get("/1") + get("/2")[:-1])
        peer = upstream.accept()
        assert peer.request().target == "/1"
        peer.answer(b"one")
        assert client.response().text == "one"
        client.send(b"\n" + get("/3"))
        assert peer.request().target == "/2"
        peer.answer(b"two")
        assert client.response().text == "two"
        assert peer.request().target == "/3"
        peer.answer(b"three")
        assert client.response().text == "three"
