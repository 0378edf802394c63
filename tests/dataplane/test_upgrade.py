"""Connections whose protocol is switched, and those where it is not."""

import base64
import contextlib
import hashlib
from collections.abc import Callable

import pytest

from gateway.ir.policy import Policy, Timeouts
from tests.support.engine import HOST, STREAMED, Gate
from tests.support.raw_upstream import Peer, Upstream
from tests.support.wire_client import WireClient

KEY = "wLTcPPjqoSKXZyBBOJ4dPw=="
ACCEPT = base64.b64encode(hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
SWITCH = (
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
).encode()
OTHER = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"


def ask(token: str = "websocket", method: str = "GET") -> bytes:
    lines = [f"{method} /chat HTTP/1.1", f"Host: {HOST}", f"Upgrade: {token}", "Connection: Upgrade"]
    if token == "websocket":
        lines += [f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"]
    return "\r\n".join([*lines, "", ""]).encode()


def switched(client: WireClient, upstream: Upstream, early: bytes = b"") -> Peer:
    client.send(ask() + early)
    peer = upstream.accept()
    peer.request()
    peer.send(SWITCH)
    assert client.head()[0] == "HTTP/1.1 101 Switching Protocols"
    return peer


@pytest.mark.parametrize(("token", "method"), [("websocket", "GET"), ("SPDY/3.1", "POST")])
def test_a_tunnel_carries_bytes_both_ways(gate: Gate, upstream: Upstream, token: str, method: str) -> None:
    """U1: any token, by any method."""
    with gate.client() as client:
        client.send(ask(token, method))
        peer = upstream.accept()
        received = peer.request()
        assert received.values("connection") == ["upgrade"]
        assert received.values("upgrade") == [token]
        peer.send(SWITCH.replace(b"websocket", token.encode()))
        head = client.head()
        assert f"Upgrade: {token}" in head
        assert "Connection: upgrade" in head
        assert f"Sec-WebSocket-Accept: {ACCEPT}" in head
        for piece in (b"a", b"\x00\xff" * 500, b"GET / HTTP/1.1\r\n\r\n"):
            client.send(piece)
            assert peer.read(len(piece)) == piece
            peer.send(piece[::-1])
            assert client.read(len(piece)) == piece[::-1]
    assert peer.ended()
    peer.close()
    counters = gate.wait_for(RequestsFinished=1)
    assert counters["TunnelsClosed"] == 1
    assert counters["TunnelBytesReceived"] == counters["TunnelBytesSent"] == 1019
    assert counters["UpstreamConnectionsParked"] == 0
    assert counters["Responses1xx"] == 1


def test_bytes_before_the_switch_wait_for_it(gate: Gate, upstream: Upstream) -> None:
    """A7."""
    with gate.client() as client:
        client.send(ask() + b"early")
        peer = upstream.accept()
        peer.request()
        client.send(b" bird")
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        assert client.head()[0].startswith("HTTP/1.1 103")
        peer.send(SWITCH + b"greeting")
        assert client.head()[0].startswith("HTTP/1.1 101")
        assert client.read(8) == b"greeting"
        assert peer.read(10) == b"early bird"


def test_bytes_after_a_refused_upgrade_are_the_next_request(gate: Gate, upstream: Upstream) -> None:
    """A7: the framing says where it begins."""
    with gate.client() as client:
        client.send(ask() + f"GET /next HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        peer = upstream.accept()
        assert peer.request().target == "/chat"
        peer.answer(b"no", 426)
        assert client.response().status == 426
        assert peer.request().target == "/next"
        peer.answer()
        assert client.response().status == 200


def test_bytes_after_a_refused_upgrade_that_are_no_request_end_the_connection(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask() + b"\x81\x05hello\r\n")
        peer = upstream.accept()
        peer.request()
        peer.answer(b"no", 403)
        assert client.response().status == 403
        assert client.response().status == 400
        assert client.rest()[0] == b""


@pytest.mark.parametrize(
    "lines",
    [
        ("Upgrade: websocket",),
        ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: x"),
        ("Upgrade: TLS/1.2", "Connection: Upgrade"),
        ("Upgrade: websocket, h2c", "Connection: Upgrade"),
        (),
    ],
)
def test_a_switch_that_was_not_asked_for_is_a_bad_answer(gate: Gate, upstream: Upstream, lines: tuple[str]) -> None:
    """U1, U2, B6."""
    with gate.client() as client:
        client.send("\r\n".join(["GET / HTTP/1.1", f"Host: {HOST}", *lines, "", ""]).encode())
        peer = upstream.accept()
        assert not {"upgrade", "connection", "http2-settings"} & set(peer.request().names)
        peer.send(SWITCH)
        assert client.response().status == 502
        assert peer.ended()
    assert gate.wait_for(RequestsFinished=1)["TunnelsOpened"] == 0


def test_a_switch_in_http10_is_not_asked_for(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        client.send(ask().replace(b"HTTP/1.1", b"HTTP/1.0"))
        peer = upstream.accept()
        assert "upgrade" not in peer.request().names
        peer.answer()
        assert client.response().status == 200


def test_a_switch_before_the_request_is_whole_is_a_bad_answer(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=STREAMED)
    with gate.client() as client:
        client.send(ask("SPDY/3.1", "POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"))
        peer = upstream.accept()
        peer.head()
        peer.send(OTHER)
        assert client.response().status == 502
        assert peer.ended()


BAD_SWITCHES = {
    "no accept": SWITCH.replace(b"Sec-WebSocket-Accept", b"X-Accept"),
    "somebody else's accept": SWITCH.replace(ACCEPT.encode(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    "the key itself": SWITCH.replace(ACCEPT.encode(), KEY.encode()),
    "the accept in other letters": SWITCH.replace(ACCEPT.encode(), ACCEPT.swapcase().encode()),
    "two accepts": SWITCH.replace(b"\r\n\r\n", f"\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode()),
    "another protocol": SWITCH.replace(b"websocket", b"SPDY/3.1"),
    "no protocol": SWITCH.replace(b"Upgrade: websocket\r\n", b""),
}


@pytest.mark.parametrize("switch", BAD_SWITCHES.values(), ids=BAD_SWITCHES.keys())
def test_an_upstream_that_did_not_understand_the_handshake_gets_no_tunnel(
    gate: Gate, upstream: Upstream, switch: bytes
) -> None:
    """U4: it would read frames as requests, and what its cache learns of that is for everybody."""
    with gate.client() as client:
        client.send(ask() + b"\x81\x00")
        peer = upstream.accept()
        peer.request()
        peer.send(switch)
        assert client.response().status == 502
        assert peer.ended()
    assert gate.wait_for(RequestsFinished=1)["TunnelsOpened"] == 0


def test_the_switch_must_be_to_the_protocol_that_was_asked_for(gate: Gate, upstream: Upstream) -> None:
    """B6, U1."""
    with gate.client() as client:
        client.send(ask("tcp"))
        peer = upstream.accept()
        peer.request()
        peer.send(OTHER)
        assert client.response().status == 502
        assert peer.ended()


def test_a_client_of_another_version_is_told_which_one_is_spoken(gate: Gate, upstream: Upstream) -> None:
    """U4."""
    with gate.client() as client:
        client.send(ask().replace(b"Version: 13", b"Version: 8"))
        answer = client.response()
        assert answer.status == 426
        assert answer.header("sec-websocket-version") == "13"
        assert answer.header("upgrade") == "websocket"
        assert [value for name, value in answer.headers if name == "Connection"] == ["upgrade", "close"]
        assert client.rest()[0] == b""
    assert upstream.untouched()


def test_one_side_may_end_before_the_other(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        peer = switched(client, upstream)
        client.send(b"last words")
        client.finish()
        assert peer.rest() == b"last words"
        peer.send(b"an answer all the same")
        peer.close()
        assert client.rest() == (b"an answer all the same", "closed")


def test_a_tunnel_ends_with_its_upstream(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client:
        peer = switched(client, upstream)
        peer.send(b"bye")
        peer.reset()
        assert client.rest()[0] in {b"bye", b""}
    gate.wait_for(TunnelsClosed=1, ConnectionsClosedHttp=1)


def test_a_silent_tunnel_is_ended(gate: Gate, upstream: Upstream) -> None:
    gate.route_to(upstream, policy=Policy(timeouts=Timeouts(read_ms=200)))
    with gate.client() as client:
        peer = switched(client, upstream)
        for _ in range(4):  # longer than the timeout in all, but never silent that long
            client.send(b"tick")
            assert peer.read(4) == b"tick"
        assert peer.ended()
        assert client.rest()[0] == b""
    assert gate.wait_for(TunnelsClosed=1)["TimeoutTunnelIdle"] == 1


def test_a_tunnel_under_way_survives_a_new_configuration(gate: Gate, upstream: Upstream) -> None:
    with gate.client() as client, Upstream() as other:
        peer = switched(client, upstream)
        gate.route_to(other)
        client.send(b"still")
        assert peer.read(5) == b"still"
        peer.send(b"here")
        assert client.read(4) == b"here"


def test_a_slow_reader_holds_a_tunnel_back(make_gate: Callable[..., Gate], upstream: Upstream) -> None:
    gate = make_gate()
    gate.route_to(upstream)
    with gate.client() as client:
        peer = switched(client, upstream)
        peer.socket.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += peer.socket.send(bytes(1 << 20))
        assert sent < 64 << 20
        assert client.read(sent) == bytes(sent)
