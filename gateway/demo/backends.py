"""Small HTTP servers that say who they are and what reached them. For demonstrations, not for the internet."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Final

HEAD_LIMIT: Final = 64 * 1024  # what the gateway may add is far less
IDLE_SECONDS: Final = 120.0  # longer than the gateway keeps an unused connection, so that it is the one that closes


async def serve(sockets: Mapping[str, socket.socket]) -> None:
    """Until cancelled. The key is the name that the server answers with."""
    servers = [
        await asyncio.start_server(Backend(name).connection, sock=sock, limit=HEAD_LIMIT)
        for name, sock in sockets.items()
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


class Backend:
    def __init__(self, name: str) -> None:
        self._name = name

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the peer left, or does not speak HTTP
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection may carry another one."""
        async with asyncio.timeout(IDLE_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, version = request.split(" ")
        fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        headers = dict(fields)
        received = await _body(reader, headers)
        keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        writer.write(self._answer(method, target, fields, received, keep=keep))
        await writer.drain()
        return keep

    def _answer(self, method: str, target: str, fields: list[tuple[str, str]], received: int, *, keep: bool) -> bytes:
        rows = [f"{self._name}", f"{method} {target}", *(f"  {name}: {value}" for name, value in fields)]
        if received:
            rows.append(f"and a body of {received} bytes")
        body = ("\n".join(rows) + "\n").encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            f"X-Backend: {self._name}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
        )
        return head.encode() + (b"" if method == "HEAD" else body)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> int:
    """Read the body away; its length. ValueError where the framing is none of HTTP/1.1."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        total = 0
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            total += await _skip(reader, size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return total
    return await _skip(reader, int(headers.get("content-length", "0")))


async def _skip(reader: asyncio.StreamReader, size: int) -> int:
    left = size
    while left:
        piece = await reader.read(min(left, HEAD_LIMIT))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
    return size
