"""A real upstream server behind TLS, which answers each request with what its connection came to, as JSON."""

import contextlib
import json
import socket
import ssl
import threading
from typing import Any, Self

from tests.support.raw_client import SECONDS


class TlsOrigin:
    """Use as a context manager. Every connection is kept for as long as its client keeps it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        context.sni_callback = self._named
        self._names: dict[int, str | None] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.handshakes = 0

    @property
    def address(self) -> str:
        host, port = self._listening.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(SECONDS)

    def _start(self, body: Any, *arguments: object) -> None:
        thread = threading.Thread(target=body, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _named(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._names[id(connection)] = name

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                self._open.append(plain)
                self._start(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(SECONDS)
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as connection:
            self._open.append(connection)
            self.handshakes += 1
            number, rest = self.handshakes, b""
            while True:
                while b"\r\n\r\n" not in rest:
                    piece = connection.recv(65_536)
                    if not piece:
                        return
                    rest += piece
                rest = rest.partition(b"\r\n\r\n")[2]
                body = json.dumps(self._facts(connection, number)).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def _facts(self, connection: ssl.SSLSocket, number: int) -> dict[str, object]:
        shown = connection.getpeercert() or {}
        subject = dict(pair for group in shown.get("subject", ()) for pair in group)  # type: ignore[misc]
        suite = connection.cipher()
        return {
            "connection": number,
            "client": subject.get("commonName"),
            "name": self._names.get(id(connection)),
            "version": connection.version(),
            "cipher": suite[0] if suite else None,
        }
