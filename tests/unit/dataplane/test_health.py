"""The probe server answers what it should, and cannot be filled up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest

from gateway.dataplane.health import CONNECTIONS, HEAD_LIMIT, HealthServer, Page


async def _page() -> Page:
    return Page(HTTPStatus.OK, "ok\n")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with _serving(timeout=5.0) as number:
        yield number


def _serving(timeout: float) -> "_Serving":
    return _Serving(timeout)


class _Serving:
    def __init__(self, timeout: float) -> None:
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._context = HealthServer({"/healthz": _page}, timeout=timeout).serve(self._sock)

    async def __aenter__(self) -> int:
        await self._context.__aenter__()
        return int(self._sock.getsockname()[1])

    async def __aexit__(self, *exc: object) -> None:
        await self._context.__aexit__(None, None, None)


async def _ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /healthz HTTP/1.1", b"200"),
        (b"GET /healthz?verbose HTTP/1.0", b"200"),
        (b"GET /nothing HTTP/1.1", b"404"),
        (b"POST /healthz HTTP/1.1", b"405"),
        (b"GET /healthz HTTP/2.0", b"400"),
        (b"GET  /healthz HTTP/1.1", b"400"),
        (b"\xff\xfe", b"400"),
    ],
)
async def test_answers(port: int, request_line: bytes, status: bytes) -> None:
    answer = await _ask(port, request_line + b"\r\nHost: x\r\n\r\n")
    assert answer.split(b" ")[1] == status
    assert b"Connection: close" in answer


async def test_head_has_no_body(port: int) -> None:
    answer = await _ask(port, b"HEAD /healthz HTTP/1.1\r\n\r\n")
    assert b"Content-Length: 3" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_a_head_over_the_limit_is_refused(port: int) -> None:
    answer = await _ask(port, b"GET /healthz HTTP/1.1\r\nX: " + b"a" * (HEAD_LIMIT + 1) + b"\r\n\r\n")
    assert b" 431 " in answer.split(b"\r\n")[0]


async def test_a_silent_connection_is_closed() -> None:
    async with _serving(timeout=0.05) as port:
        assert await _ask(port, b"GET /hea") == b""


async def test_connections_are_bounded_and_free_again() -> None:
    async with _serving(timeout=30) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        assert await _ask(port, b"") == b""
        for reader, writer in held:
            writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
        assert b" 200 " in await _ask(port, b"GET /healthz HTTP/1.1\r\n\r\n")
