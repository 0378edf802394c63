"""An upstream that a test plays itself, byte by byte: it accepts, reads and answers when the test says so."""

import contextlib
import select
import socket
import ssl
import struct
from typing import NamedTuple, Self

from tests.support.raw_client import SECONDS


class Received(NamedTuple):
    """A request as it came. `head` is every byte of its head."""

    head: bytes
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def names(self) -> list[str]:
        return [name.lower() for name, _ in self.headers]


class EndedError(Exception):
    """The gateway closed or reset the connection."""


class Peer:
    """One connection from the gateway."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def head(self, *, version: str = "1.1") -> Received:
        """The next request as far as its head."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        at = self._rest.index(b"\r\n\r\n") + 4
        head, self._rest = self._rest[:at], self._rest[at:]
        line, *lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, written = line.split(" ")
        assert written == f"HTTP/{version}"
        headers = []
        for each in lines:
            name, mark, value = each.partition(": ")
            assert mark, each
            headers.append((name, value))
        return Received(head, method, target, tuple(headers), b"")

    def request(self, *, version: str = "1.1") -> Received:
        """The next request, whole. Its framing must be one of the two that may be sent, written strictly."""
        received = self.head(version=version)
        lengths, codings = received.values("content-length"), received.values("transfer-encoding")
        assert len(lengths) + len(codings) <= 1, received.headers
        if codings:
            assert codings == ["chunked"]
            return received._replace(body=self.chunks())
        return received._replace(body=self.read(int(lengths[0])) if lengths else b"")

    def read(self, count: int) -> bytes:
        parts, missing = [self._rest], count - len(self._rest)
        while missing > 0:
            self._rest = b""
            self._more()
            parts.append(self._rest)
            missing -= len(self._rest)
        found = b"".join(parts)
        self._rest = found[count:]
        return found[:count]

    def chunks(self) -> bytes:
        parts = []
        while size := int(self._line(), 16):
            parts.append(self.read(size))
            assert self.read(2) == b"\r\n"
        assert self.read(2) == b"\r\n"
        return b"".join(parts)

    def _line(self) -> bytes:
        while b"\r\n" not in self._rest:
            self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def feed(self, data: bytes) -> None:
        """As much of it as the gateway takes before it ends the connection."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def answer(self, body: bytes = b"ok", status: int = 200, *lines: str) -> None:
        """A plain answer with a length."""
        head = "\r\n".join([f"HTTP/1.1 {status} X", *lines, f"Content-Length: {len(body)}", "", ""])
        self.send(head.encode("latin-1") + body)

    def rest(self) -> bytes:
        """Everything until the gateway ends the connection."""
        while True:
            try:
                self._more()
            except EndedError:
                found, self._rest = self._rest, b""
                return found

    def ended(self) -> bool:
        """The gateway ends the connection without another byte; waits for it."""
        return self.rest() == b""

    def finish(self) -> None:
        """No more bytes come, but some may still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _more(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError as error:
            raise EndedError(str(error)) from error
        if not data:
            raise EndedError("closed")
        self._rest += data


class Upstream:
    """A listening socket. With `tls` every connection starts with a handshake, which `accept` waits for."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, receive_buffer: int | None = None) -> None:
        self._listener = socket.socket()
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._listener.settimeout(SECONDS)
        self._tls = tls
        self._peers: list[Peer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def accept(self) -> Peer:
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        self._peers.append(Peer(connection))
        return self._peers[-1]

    def pending(self) -> bool:
        """A connection waits to be accepted."""
        return bool(select.select([self._listener], [], [], 0)[0])

    def untouched(self) -> bool:
        """No connection waits to be accepted."""
        return not select.select([self._listener], [], [], 0)[0]

    def close(self) -> None:
        for peer in self._peers:
            peer.close()
        self._listener.close()
