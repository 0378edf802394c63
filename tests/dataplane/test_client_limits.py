"""How long a client's connection lives, how slow it may be, and who goes first when there are too many."""

import contextlib
import select
from collections.abc import Callable

import pytest

from gateway.ir.policy import Policy, RequestBody
from tests.support.engine import HOST, Gate
from tests.support.raw_upstream import Upstream
from tests.support.site import until
from tests.support.wire_client import WireClient

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
STREAMED = Policy(body_limit_bytes=0, request_body=RequestBody(buffered=False))
MakeGate = Callable[..., Gate]


def test_a_connection_ends_after_so_many_requests(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(client_requests=3)
    gate.route_to(upstream)
    with gate.client() as client:
        for number in range(3):
            client.send(GET)
            if number == 0:
                peer = upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().header("connection") == ("close" if number == 2 else None)
        assert client.rest() == (b"", "closed")


def test_the_last_request_may_be_one_that_the_gateway_answers(make_gate: MakeGate) -> None:
    gate = make_gate(client_requests=2)
    with gate.client() as client:
        client.send(GET)
        assert client.response().header("connection") is None
        client.send(GET)
        assert client.response().header("connection") == "close"
        assert client.rest() == (b"", "closed")


def test_a_connection_ends_when_it_is_old(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(client_age_ms=0)
    gate.route_to(upstream)
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert client.response().header("connection") == "close"
        assert client.rest() == (b"", "closed")
    gate.wait_for(UpstreamConnectionsParked=1)


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_is_a_408(
    make_gate: MakeGate, upstream: Upstream, framing: str, *, buffered: bool
) -> None:
    """However punctually its bytes come."""
    gate = make_gate(client_send_grace_ms=200, client_send_bytes_per_second=100_000)
    gate.route_to(upstream, policy=Policy(request_body=RequestBody(buffered=buffered)))
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n".encode())
        client.socket.settimeout(0.05)
        status = trickle(client.send, client.head)
        assert status == "HTTP/1.1 408 Request Timeout"
    assert upstream.untouched() is buffered
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["TimeoutClientRate"] == counters["FaultClientTimeout"] == 1
    assert gate.records(1)[0]["fault"] == b"client_too_slow"


def trickle(send: Callable[[bytes], None], head: Callable[[], list[str]]) -> str:
    """One byte of body at a time, until there is an answer."""
    while True:
        send(b"1\r\nx\r\n")
        try:
            return head()[0]
        except TimeoutError:
            continue


def test_a_body_that_comes_in_time_is_none_of_that(make_gate: MakeGate, upstream: Upstream) -> None:
    """The upstream is slow here, and the client waits for it."""
    gate = make_gate(client_send_grace_ms=0, client_send_bytes_per_second=1_000_000_000)
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhello".encode())
        peer = upstream.accept()
        assert peer.request().body == b"hello"
        peer.answer()
        assert client.response().status == 200


def test_a_client_that_reads_a_little_now_and_then_is_cut(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(client_read_grace_ms=100, client_read_bytes_per_second=1_000_000_000)
    gate.route_to(upstream, policy=STREAMED)
    total = 1 << 30  # more than ever gets through
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        peer.socket.settimeout(0.5)
        client.head()
        feed(peer.socket.send)
        while read_some(client):
            feed(peer.socket.send)
    assert gate.wait_for(RequestsFinished=1)["TimeoutClientRate"] == 1


def read_some(client: WireClient) -> bool:
    """Whatever has come of it; False when no more will."""
    try:
        return bool(client.socket.recv(1 << 20))
    except ConnectionError:
        return False


def feed(send: Callable[[bytes], int]) -> None:
    """As much as is taken, until nobody takes more for a moment, or for ever."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        for _ in range(64):
            send(bytes(1 << 20))


def test_the_longest_idle_make_room_for_those_who_come(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(max_connections=10)
    gate.route_to(upstream)
    clients = [gate.client() for _ in range(9)]
    try:
        for number, client in enumerate(clients):
            client.send(GET)
            if number == 0:
                peer = upstream.accept()
            peer.request()
            peer.answer()
            assert client.response().status == 200
            gate.wait_for(RequestsFinished=number + 1)
        assert gate.wait_for(ConnectionsOpenedHttp=9)["ConnectionsShed"] == 0
        with gate.client() as late:  # from 85 % on
            gate.wait_for(ConnectionsShed=1)
            late.send(GET)
            peer.request()
            peer.answer()
            assert late.response().status == 200
            shed = [client for client in clients if is_closed(client.socket.fileno())]
            assert len(shed) == 1
    finally:
        for client in clients:
            client.close()


def is_closed(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_whoever_is_busy_is_left_alone(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(max_connections=2)
    gate.route_to(upstream)
    with gate.client() as busy:
        busy.send(GET)
        peer = upstream.accept()
        peer.request()
        with gate.client() as second:
            gate.wait_for(ConnectionsOpenedHttp=2)
            with gate.client() as third:
                assert third.closed()
            assert second.closed()  # it had sent nothing
        peer.answer()
        assert busy.response().status == 200
    counters = gate.wait_for(ConnectionsShed=1)
    assert counters["ConnectionsRefusedLimit"] == 1


def test_who_is_served_needs_a_file_for_his_upstream_too(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(max_files=4, header_timeout_ms=60_000)
    gate.route_to(upstream)
    with gate.client() as busy:
        busy.send(GET)
        peer = upstream.accept()
        peer.request()
        with gate.client() as second, gate.client() as third:
            gate.wait_for(ConnectionsOpenedHttp=3)  # which need four files
            with gate.client() as fourth:
                assert fourth.closed()
            until(lambda: [is_closed(one.socket.fileno()) for one in (second, third)].count(True) == 1)
        peer.answer()
        assert busy.response().status == 200
    counters = gate.wait_for(ConnectionsClosedHttp=3)
    assert (counters["ConnectionsShed"], counters["ConnectionsRefusedLimit"]) == (1, 1)


def test_idle_upstreams_take_a_quarter_of_the_files(make_gate: MakeGate, upstream: Upstream) -> None:
    gate = make_gate(max_files=8)
    gate.route_to(upstream)
    with gate.client() as first, gate.client() as second, gate.client() as third:
        peers = []
        for client in (first, second, third):
            client.send(GET)
            peers.append(upstream.accept())
            peers[-1].request()
        for client, peer in zip((first, second, third), peers, strict=True):
            peer.answer()
            assert client.response().status == 200
        counters = gate.wait_for(UpstreamIdlePoolFull=1)
        assert counters["UpstreamConnectionsParked"] == 2
