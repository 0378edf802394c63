"""Connections that begin with a PROXY header: whose they are then, and who may say so.

Row X3 of the contract: only from trusted networks, bounded in bytes and in time.
"""

import contextlib
import select
import socket
import ssl
import struct
from typing import Final

import pytest
from msgspec.structs import replace

from gateway.ir.listener import ProxyHeaders
from gateway.ir.policy import HttpsRedirect, Policy
from gateway.ir.route import HostTable
from tests.support.engine import HOST, LISTENERS, Gate, Minted, forward, route
from tests.support.raw_client import RawClient
from tests.support.raw_upstream import Upstream

LOCAL: Final = ("127.0.0.0/8",)
ELSEWHERE: Final = ("192.0.2.0/24",)
GET: Final = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
LINE: Final = b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 1234\r\n"
SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"


def binary(body: bytes, *, command: int = 0x21, family: int = 0x11) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


def addresses(client: str = "203.0.113.7", port: int = 4711, came_to: int = 1234) -> bytes:
    return socket.inet_aton(client) + socket.inet_aton("198.51.100.1") + struct.pack("!HH", port, came_to)


def believe(gate: Gate, networks: tuple[str, ...] = LOCAL, *, timeout_ms: int = 10_000) -> None:
    headers = ProxyHeaders(networks, timeout_ms)
    gate.listeners = tuple(replace(one, proxy_headers=headers) for one in LISTENERS)
    gate.serve()


GOOD: Final = {
    "version 1": (LINE, "203.0.113.7", "1234"),
    "version 1, IPv6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n", "2001:db8::7", "80"),
    "version 2": (binary(addresses()), "203.0.113.7", "1234"),
    "version 2 with extensions": (
        binary(addresses() + b"\xea\x00\x06vpce-1" + b"\x04\x00\x02\0\0"),
        "203.0.113.7",
        "1234",
    ),
    "version 2, IPv6": (
        binary(socket.inet_pton(socket.AF_INET6, "2001:db8::7") + bytes(16) + b"\x12\x67\x00\x50", family=0x21),
        "2001:db8::7",
        "80",
    ),
}


@pytest.mark.parametrize("split", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("header", GOOD.values(), ids=GOOD.keys())
def test_the_client_is_whom_the_header_names(
    gate: Gate, upstream: Upstream, header: tuple[bytes, str, str], *, split: bool
) -> None:
    believe(gate)
    data, address, port = header
    with gate.client() as client:
        for piece in [bytes([byte]) for byte in data] if split else [data + GET]:
            client.send(piece)
        if split:
            client.send(GET)
        peer = upstream.accept()
        for number in range(2):
            received = peer.request()
            assert received.values("x-forwarded-for") == received.values("x-real-ip") == [address]
            assert received.values("x-forwarded-port") == [port]
            assert received.values("x-forwarded-proto") == ["http"]
            peer.answer()
            assert client.response().status == 200
            if number == 0:
                client.send(GET)
    (record, _) = gate.records(2)
    assert (record["remote_addr"], record["remote_port"]) == (address.encode(), b"4711")
    assert gate.counters()["ProxyHeadersRead"] == 1


@pytest.mark.parametrize(
    "header", [b"PROXY UNKNOWN\r\n", binary(b"", command=0x20, family=0), binary(addresses(), command=0x20)]
)
def test_a_load_balancer_that_speaks_for_itself_is_who_it_is(gate: Gate, upstream: Upstream, header: bytes) -> None:
    """Health checks."""
    believe(gate)
    with gate.client() as client:
        client.send(header + GET)
        peer = upstream.accept()
        received = peer.request()
        assert received.values("x-forwarded-for") == ["127.0.0.1"]
        assert received.values("x-forwarded-port") == [str(gate.address()[1])]
        peer.answer()
        assert client.response().status == 200


BAD: Final = {
    "no header": GET,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "another word": b"PROXIES TCP4 203.0.113.7 198.51.100.1 4711 1234\r\n" + GET,
    "half a line": b"PROXY TCP4 203.0.113.7 198.51.100.1 4711\r\n" + GET,
    "bare LF": LINE.replace(b"\r\n", b"\n") + GET,
    "too long": b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n" + GET,
    "an extension beyond the end": binary(addresses() + b"\x01\x00\xff"),
    "too many extensions": binary(addresses() + b"\x04\x0f\xff" + bytes(0xFFF)),
    "another version": binary(addresses(), command=0x11),
    "too short for its family": binary(addresses(), family=0x21),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_a_connection_that_does_not_begin_with_one_ends(gate: Gate, upstream: Upstream, data: bytes) -> None:
    """Without an answer, as nobody can tell in which protocol."""
    believe(gate)
    with gate.client() as client:
        client.send(data)
        assert client.rest()[0] == b""
    assert upstream.untouched()
    counters = gate.wait_for(ProxyHeadersRefused=1, ConnectionsClosedHttp=1)
    assert counters["RequestsStarted"] == 0


def test_of_anybody_else_it_is_a_bad_request(gate: Gate, upstream: Upstream) -> None:
    believe(gate, ELSEWHERE)
    with gate.client() as client:
        client.send(LINE + GET)
        assert client.response().status == 400
    with gate.client() as client:
        client.send(GET)
        peer = upstream.accept()
        assert peer.request().values("x-forwarded-for") == ["127.0.0.1"]
        peer.answer()
        assert client.response().status == 200
    assert gate.counters()["ProxyHeadersRead"] == 0


def test_only_the_first_bytes_are_a_header(gate: Gate, upstream: Upstream) -> None:
    believe(gate)
    with gate.client() as client:
        client.send(LINE + LINE + GET)
        assert client.response().status == 400
    assert upstream.untouched()


@pytest.mark.parametrize("begun", [b"", b"P", LINE[:-1], SIGNATURE, binary(addresses())[:-1]])
def test_one_that_does_not_come_in_time_is_not_waited_for(gate: Gate, begun: bytes) -> None:
    """Bytes that trickle in gain no time."""
    believe(gate, timeout_ms=200)
    with gate.client() as client:
        if begun:
            client.send(begun)
        assert select.select([client.socket], [], [], 10)[0]
        assert client.rest()[0] == b""
    gate.wait_for(TimeoutProxyHeader=1, ProxyHeadersRefused=1)


def test_a_client_that_leaves_before_it_is_forgotten(gate: Gate) -> None:
    believe(gate)
    with gate.client():
        pass
    with gate.client() as client:
        client.send(LINE[:9])
        client.reset()
    gate.wait_for(ConnectionsClosedHttp=2)


@pytest.mark.parametrize("apart", [False, True], ids=["with the hello", "before the hello"])
def test_it_comes_before_tls(gate: Gate, upstream: Upstream, *, apart: bool) -> None:
    minted = Minted.of(HOST)
    certificate = minted.certificate("one")
    gate.serve(HostTable(HOST, (route("/", forward(HOST)),), certificate.id), certificates=[certificate])
    believe(gate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = minted.trust().wrap_bio(incoming, outgoing, server_hostname=HOST)
    with RawClient(gate.address("https")) as client:
        header = LINE.replace(b"1234", b"443")
        if apart:
            client.send(header)
            gate.wait_for(ProxyHeadersRead=1)
            header = b""
        while not shaken(session):
            client.send(header + outgoing.read())
            header = b""
            incoming.write(client.socket.recv(65_536))
        session.write(GET)
        client.send(outgoing.read())
        peer = upstream.accept()
        received = peer.request()
        assert received.values("x-forwarded-for") == ["203.0.113.7"]
        assert received.values("x-forwarded-proto") == ["https"]
        peer.answer()
        answer = b""
        while not answer:
            incoming.write(client.socket.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):  # session tickets come first
                answer = session.read()
        assert answer.startswith(b"HTTP/1.1 200 ")


def shaken(session: ssl.SSLObject) -> bool:
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


@pytest.mark.parametrize(("port", "scheme"), [(443, "https"), (80, "http")])
def test_tls_that_the_load_balancer_ended_is_known_by_its_port(
    gate: Gate, upstream: Upstream, port: int, scheme: str
) -> None:
    gate.route_to(upstream, policy=Policy(https_redirect=HttpsRedirect()))
    believe(gate)
    with gate.client() as client:
        client.send(binary(addresses(came_to=port)) + GET)
        if scheme == "http":
            assert client.response().status == 308
            return
        peer = upstream.accept()
        received = peer.request()
        assert received.values("x-forwarded-proto") == received.values("x-scheme") == ["https"]
        assert received.values("x-forwarded-port") == ["443"]
        peer.answer()
        assert client.response().status == 200


def test_it_may_come_and_go_with_the_configuration(gate: Gate, upstream: Upstream) -> None:
    """A connection is read under the snapshot that it met."""
    with gate.client() as old:
        old.send(GET)
        peer = upstream.accept()
        peer.request()
        peer.answer()
        assert old.response().status == 200
        believe(gate)
        old.send(GET)
        assert peer.request().values("x-forwarded-for") == ["127.0.0.1"]
        peer.answer()
        assert old.response().status == 200
    with gate.client() as client:
        client.send(LINE + GET)
        assert peer.request().values("x-forwarded-for") == ["203.0.113.7"]
        peer.answer()
        assert client.response().status == 200
