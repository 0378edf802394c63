"""A very small HTTP server for probes and metrics. Bounded in every direction; one request per connection."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

HEAD_LIMIT: Final = 8 * 1024  # bytes; a probe sends 200
TIMEOUT: Final = 5.0  # seconds for the whole exchange
CONNECTIONS: Final = 64  # at once: a scraper, a kubelet, a curious person, and room


class Page(NamedTuple):
    status: HTTPStatus
    body: str
    content_type: str = "text/plain; charset=utf-8"


Pages = Mapping[str, Callable[[], Awaitable[Page]]]


class HealthServer:
    def __init__(self, pages: Pages, *, timeout: float = TIMEOUT) -> None:
        self._pages = pages
        self._timeout = timeout
        self._open = 0

    @contextlib.asynccontextmanager
    async def serve(self, sock: socket.socket) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._connection, sock=sock, limit=HEAD_LIMIT)
        try:
            yield
        finally:
            server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > CONNECTIONS:
                return
            async with asyncio.timeout(self._timeout):
                page, head_only = await self._answer(reader)
                writer.write(_render(page, head_only=head_only))
                await writer.drain()
                writer.write_eof()
                # Read to the end, so that closing does not reset what the client has not read yet.
                while await reader.read(HEAD_LIMIT):
                    pass
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[Page, bool]:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), False
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _plain(HTTPStatus.BAD_REQUEST), False
        method, target, _ = words
        if method not in {b"GET", b"HEAD"}:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED), False
        page = self._pages.get(target.split(b"?", 1)[0].decode("latin-1"))
        return (await page() if page else _plain(HTTPStatus.NOT_FOUND)), method == b"HEAD"


def _plain(status: HTTPStatus) -> Page:
    return Page(status, f"{status.phrase.lower()}\n")


def _render(page: Page, *, head_only: bool) -> bytes:
    body = page.body.encode()
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if head_only else body)
