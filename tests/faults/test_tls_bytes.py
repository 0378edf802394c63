"""Bytes that are damaged on their way inside TLS: the connection ends, nothing of it is believed, nobody else notices.

Names carry the number of the experiment in the catalogue of faults.
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from gateway.ir.policy import Policy
from gateway.ir.route import UpstreamTls
from tests.support.arena import Arena, arena
from tests.support.engine import HOST, Minted
from tests.support.raw_client import SECONDS

REQUEST: Final = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
VERSIONS: Final = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
#: Bytes of a record: its type, the first of its content, and the last of its tag.
PLACES: Final = {"type": 0, "content": 5, "tag": -1}


class Channel:
    """TLS over a socket, whose records can be damaged after they were made."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, name: str | None = None) -> None:
        self._plain = plain
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=name is None, server_hostname=name)
        plain.settimeout(SECONDS)

    def shake_hands(self, *, damaged: bool = False) -> None:
        """With `damaged`, the last byte of what this side says second is wrong."""
        flights = 0
        done = False
        while not done:
            done = self._step()
            if self._out.pending:
                flights += 1
                self._flush(-1 if damaged and flights == 2 else None)
            if not done:
                self._fill()

    def _step(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def send(self, data: bytes, *, damage: int | None = None) -> None:
        self._tls.write(data)
        self._flush(damage)

    def read(self) -> bytes:
        """What has come next; nothing at the end. Raises `ssl.SSLError` for an alert."""
        while True:
            try:
                return self._tls.read(1 << 16)
            except ssl.SSLWantReadError:
                if not self._fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    def _fill(self) -> bool:
        data = self._plain.recv(1 << 16)
        self._in.write(data)
        return bool(data)

    def _flush(self, damage: int | None) -> None:
        data = bytearray(self._out.read())
        if damage is not None:
            data[damage] ^= 0x20
        self._plain.sendall(data)


@pytest.fixture
def stage() -> Iterator[Arena]:
    with arena() as it:
        yield it


@pytest.fixture
def inside(tmp_path: Path) -> ssl.SSLContext:
    """What an upstream shows."""
    return Minted.of("inside.example").serving(tmp_path)


@pytest.fixture(params=VERSIONS, ids=lambda version: str(version.name))
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    found: ssl.TLSVersion = request.param
    return found


def client_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is asked for here is what becomes of damaged records
    context.minimum_version = context.maximum_version = version
    return context


def channel(stage: Arena, version: ssl.TLSVersion) -> tuple[socket.socket, Channel]:
    plain = socket.create_connection(stage.gate.address("https"), timeout=SECONDS)
    return plain, Channel(plain, client_context(version), HOST)


@pytest.mark.parametrize("place", PLACES)
def test_f59_a_damaged_request_is_none(stage: Arena, version: ssl.TLSVersion, place: str) -> None:
    plain, client = channel(stage, version)
    with plain:
        client.shake_hands()
        client.send(REQUEST, damage=PLACES[place])
        with pytest.raises(ssl.SSLError, match="ALERT"):
            client.read()
    assert stage.upstream.untouched()
    stage.gate.wait_for(ConnectionsClosedHttps=1)


def test_f59_a_damaged_handshake_is_none(stage: Arena, version: ssl.TLSVersion) -> None:
    plain, client = channel(stage, version)
    # Which of the two calls meets it is the version's affair.
    with plain, pytest.raises(ssl.SSLError, match="ALERT"):  # noqa: PT012
        client.shake_hands(damaged=True)
        client.read()
    assert stage.upstream.untouched()
    stage.gate.wait_for(TlsHandshakesFailed=1, ConnectionsClosedHttps=1)


def test_f59_damage_behind_a_request_costs_the_connection_and_no_answer_before(
    stage: Arena, version: ssl.TLSVersion
) -> None:
    """The request before it came whole, and is answered."""
    plain, client = channel(stage, version)
    with plain:
        client.shake_hands()
        client.send(REQUEST)
        peer = stage.upstream.accept()
        peer.request()
        client.send(REQUEST, damage=-1)
        peer.answer(b"good")
        assert client.read().endswith(b"good")
        with pytest.raises(ssl.SSLError, match="ALERT"):
            client.read()
    stage.gate.wait_for(ConnectionsClosedHttps=1)


@pytest.mark.parametrize("place", PLACES)
def test_f59_a_damaged_answer_is_a_502(
    stage: Arena, inside: ssl.SSLContext, version: ssl.TLSVersion, place: str
) -> None:
    inside.minimum_version = inside.maximum_version = version
    stage.gate.route_to(stage.upstream, tls=UpstreamTls(), policy=Policy(tries=1))
    with stage.client() as client:
        client.send(REQUEST)
        plain = stage.upstream.accept().socket
        upstream = Channel(plain, inside)
        upstream.shake_hands()
        assert upstream.read().startswith(b"GET / HTTP/1.1\r\n")
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", damage=PLACES[place])
        assert client.response().status == 502
    stage.gate.wait_for(UpstreamConnectionsClosed=1)


def test_f59_damage_in_the_middle_of_an_answer_cuts_it_off(
    stage: Arena, inside: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """The client must see that it has not all of it."""
    inside.minimum_version = inside.maximum_version = version
    stage.gate.route_to(stage.upstream, tls=UpstreamTls(), policy=Policy(tries=1))
    with stage.client() as client:
        client.send(REQUEST)
        upstream = Channel(stage.upstream.accept().socket, inside)
        upstream.shake_hands()
        assert upstream.read().startswith(b"GET / HTTP/1.1\r\n")
        upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ngood")
        client.head()
        assert client.read(4) == b"good"
        upstream.send(b"evil", damage=-1)
        assert client.rest() == (b"", "reset")
