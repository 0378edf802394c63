"""An upstream that keeps every byte that it is sent, and answers each whole request at once."""

import selectors
import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

from tests.support import strict_http
from tests.support.raw_client import SECONDS

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection:
    """One connection from the gateway, and every byte that came on it."""

    def __init__(self, peer: socket.socket) -> None:
        self.socket = peer
        self.data = b""
        self.answered = 0
        self.ended = False

    def read(self) -> strict_http.Reading:
        return strict_http.read(self.data)


class Recorder:
    """Connections in the order in which they were opened. One thread serves them all."""

    def __init__(self, answer: bytes = OK) -> None:
        self.taken = 0
        """Connections that somebody has had from `take`."""
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._lock = threading.Condition()
        self._connections: list[Connection] = []
        self._thread = threading.Thread(target=self._serve, name="recorder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for one in self._connections:
            one.socket.close()
        for each in (self._listener, self._wake, self._woken):
            each.close()
        self._selector.close()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def take(self, count: int) -> list[Connection]:
        """The next `count` connections, once they have ended; with any more that there are by then."""
        end = time.monotonic() + SECONDS
        with self._lock:
            while len(self._connections) < count or not all(one.ended for one in self._connections):
                left = end - time.monotonic()
                assert left > 0, f"{len(self._connections)} connections of {count}"
                self._lock.wait(left)
            taken, self._connections = self._connections, []
            self.taken += len(taken)
        return taken

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.data)

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        peer.setblocking(False)
        one = Connection(peer)
        with self._lock:
            self._connections.append(one)
        self._selector.register(peer, selectors.EVENT_READ, one)

    def _read(self, one: Connection) -> None:
        try:
            data = one.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        one.data += data
        if not data:
            self._end(one)
            return
        whole = len(one.read().requests)
        while one.answered < whole:
            one.answered += 1
            try:
                one.socket.sendall(self._answer)
            except ConnectionError:
                self._end(one)
                return

    def _end(self, one: Connection) -> None:
        self._selector.unregister(one.socket)
        one.socket.close()
        with self._lock:
            one.ended = True
            self._lock.notify_all()
