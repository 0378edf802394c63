"""Some connections, opened beforehand, that ask again and again until each has had the wanted answer.

So an effect is seen on every worker: connections are spread over them by the kernel. Each asks some hundred times a
second, one request at a time, and all of them at the same time, so that a figure is not the sum of their round trips.
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Self

from msgspec import Struct

from bench.child import BenchError, split_address

CONNECTIONS: Final = 8  # that all of them are on one of two workers has a chance of 1 in 128
INTERVAL: Final = 0.003  # seconds from an answer to the next request of a connection: the resolution of a figure
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class Answer(Struct, frozen=True):
    status: int
    body: bytes


Wanted = Callable[[Answer], bool]
"""Raises BenchError for an answer that must not be."""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._request = b""
        self._wanted: Wanted | None = None
        self._seen: asyncio.Future[float] | None = None
        self._closed = ""
        self.last: Answer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = f"a probe's connection was closed ({exc or 'in good order'})"
        self._fail()

    def ask(self, request: bytes, wanted: Wanted) -> asyncio.Future[float]:
        """The moment when the wanted answer was complete."""
        self._request, self._wanted = request, wanted
        self._seen = asyncio.get_running_loop().create_future()
        self._send()
        self._fail()
        return self._seen

    def close(self) -> None:
        self._seen = None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END)
        if not end:
            return
        place = head.lower().find(_LENGTH)
        length = int(head[place + len(_LENGTH) :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(body) < length:
            return
        self._received.clear()
        self.last = Answer(int(head[9:12]), bytes(body[:length]))
        if self._seen is None or self._seen.done() or self._wanted is None:
            return
        try:
            met = self._wanted(self.last)
        except BenchError as error:
            self._seen.set_exception(error)
            return
        if met:
            self._seen.set_result(time.monotonic())
        else:
            asyncio.get_running_loop().call_later(INTERVAL, self._send)

    def _send(self) -> None:
        if self._transport is not None and self._seen is not None and not self._seen.done():
            self._transport.write(self._request)

    def _fail(self) -> None:
        """If there is a question that can have no answer any more."""
        if self._closed and self._seen is not None and not self._seen.done():
            self._seen.set_exception(BenchError(self._closed))


class Probes:
    """Opened by `to`; one question at a time."""

    def __init__(self, connections: list[_Connection]) -> None:
        self._connections = connections

    @classmethod
    async def to(cls, address: str, count: int = CONNECTIONS) -> Self:
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(_Connection, *split_address(address)) for _ in range(count)]
        return cls([protocol for _, protocol in made])

    def begin(self, host: str, wanted: Wanted, path: str = "/") -> "Question":
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n\r\n".encode()
        return Question([each.ask(request, wanted) for each in self._connections], self._connections)

    def close(self) -> None:
        for each in self._connections:
            each.close()


class Question:
    def __init__(self, waiting: list[asyncio.Future[float]], connections: list[_Connection]) -> None:
        self._waiting = waiting
        self._connections = connections

    async def answered(self, seconds: float, what: str) -> float:
        """The moment when the last connection had the wanted answer."""
        done, missing = await asyncio.wait(self._waiting, timeout=seconds)
        for future in missing:
            future.cancel()
        if missing:
            seen = {each.last.status if each.last else 0 for each in self._connections}
            count = f"{len(missing)} of {len(self._waiting)} connections"
            raise BenchError(f"{what}: {count} do not see it after {seconds:g} s; last they saw {seen}")
        return max(future.result() for future in done)


def has(status: int, text: bytes = b"") -> Wanted:
    """Wants this status, and a body that begins with `text`."""
    return lambda answer: answer.status == status and answer.body.startswith(text)


def turns_into(text: bytes) -> Wanted:
    """Wants a body that begins with `text`, and a 200 at any time until then."""

    def wanted(answer: Answer) -> bool:
        if answer.status != HTTPStatus.OK:
            raise BenchError(f"a probe was answered with {answer.status} while its route changed")
        return answer.body.startswith(text)

    return wanted
