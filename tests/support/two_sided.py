"""Clients and an upstream that send random nonsense over real sockets, each from its own seed.

Much of what they say is nearly right, as only that gets anywhere. Nothing here judges; it only plays.
"""

import contextlib
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final, Self

SECONDS: Final = 2.0
HOST: Final = "hostile.example.com"

HEADS: Final = (
    b"GET / HTTP/1.1\r\nHost: %s\r\n",
    b"HEAD /a HTTP/1.1\r\nHost: %s\r\n",
    b"POST /b?c HTTP/1.1\r\nHost: %s\r\n",
    b"PUT /d HTTP/1.0\r\nHost: %s\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: %s\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: %s\r\n",
    b"GET http://%s/ HTTP/1.1\r\n",
    b"DELETE /%%2e%%2e/x HTTP/1.1\r\nHost: %s\r\n",
)
FIELDS: Final = (
    b"Connection: close\r\n",
    (
        b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    ),
    b"Connection: upgrade\r\nUpgrade: tcp\r\n",
    b"Expect: 100-continue\r\n",
    b"TE: trailers\r\n",
    b"Trailer: grpc-status\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 70000\r\n",
    b"Content-Length: 0\r\n",
    b"X: " + b"y" * 3_000 + b"\r\n",
    b"Cookie: a=b\r\n",
    b"X-Forwarded-For: 1.2.3.4\r\n",
    b" folded\r\n",
    b"Bad Name: x\r\n",
)
BODIES: Final = (
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5;a=b\r\nhello\r\n0\r\ngrpc-status: 0\r\nX: y\r\n\r\n",
    b"fffffffffffffff\r\nabc",
    b"0\r\n\r\n",
    b"1\r\na\r\n" * 50,
    b"x" * 70_000,
    b"\x81\x80\0\0\0\0",
    b"",
)
ANSWERS: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 X\r\n\r\n" * 30,
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n",
    (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    ),
    b"HTTP/1.1 413 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"z" * 100_000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    b"SSH-2.0-x\r\n",
)
BYTES: Final = b"\r\n\0 \t:,;/?%\x7f\x80\xff0fG"


def damaged(chance: random.Random, data: bytes) -> bytes:
    """A byte put in, taken out or changed, some of the time."""
    while data and chance.random() < 0.3:
        at = chance.randrange(len(data))
        byte = bytes([chance.choice(BYTES)])
        before, here, after = data[:at], data[at : at + 1], data[at + 1 :]
        data = before + chance.choice((byte + here, byte, b"")) + after
    return data


def request(chance: random.Random) -> bytes:
    fields = b"".join(chance.choices(FIELDS, k=chance.choice((0, 0, 1, 1, 2, 3))))
    head = chance.choice(HEADS) % HOST.encode() + fields + b"\r\n"
    return damaged(chance, head + chance.choice(BODIES) if chance.random() < 0.5 else head)


def answer(chance: random.Random) -> bytes:
    return damaged(chance, b"".join(chance.choices(ANSWERS, k=chance.choice((1, 1, 1, 2)))))


def play(chance: random.Random, connection: socket.socket, say: Callable[[random.Random], bytes]) -> None:
    """Sends and reads by turns, then leaves in one of the ways there are."""
    connection.settimeout(SECONDS)
    with contextlib.suppress(OSError):
        for _ in range(chance.choice((1, 1, 2, 5))):
            data = say(chance)
            size = chance.choice((len(data) or 1, len(data) or 1, 1_000, 7 if len(data) < 300 else 1_000))
            for start in range(0, len(data), size):
                connection.sendall(data[start : start + size])
            if chance.random() < 0.2:
                connection.shutdown(socket.SHUT_WR)
            if select.select([connection], [], [], chance.choice((0, 0.01, 0.1)))[0] and not connection.recv(65_536):
                break
    with contextlib.suppress(OSError):
        if chance.random() < 0.3:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def started(target: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


class Hostile:
    """`clients` threads against `gateway`, and an upstream, `address`, that answers the same way; until `finish`."""

    def __init__(self, seed: int, *, clients: int) -> None:
        self.played = 0
        self.received = 0
        self._seed = seed
        self._clients = clients
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.settimeout(0.2)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._start(self._serve)
        return self

    def attack(self, gateway: tuple[str, int], seconds: float) -> None:
        for number in range(self._clients):
            self._start(self._ask, random.Random(f"client {self._seed} {number}"), gateway)
        # Not to wait for anything: so long it is to go on.
        time.sleep(seconds)

    def __exit__(self, *exc: object) -> None:
        self.finish()

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(started(target, *arguments))

    def _ask(self, chance: random.Random, gateway: tuple[str, int]) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                play(chance, socket.create_connection(gateway, timeout=SECONDS), request)
            with self._lock:
                self.played += 1

    def _serve(self) -> None:
        answering: list[threading.Thread] = []
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                self.received += 1
                chance = random.Random(f"upstream {self._seed} {self.received}")
                answering = [each for each in answering if each.is_alive()]
                answering.append(started(self._answer, chance, connection))
        for thread in answering:
            thread.join()

    def _answer(self, chance: random.Random, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        with contextlib.suppress(OSError):
            if chance.random() < 0.9:
                connection.recv(65_536)
        play(chance, connection, answer)
