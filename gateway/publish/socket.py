"""Frames over an asyncio stream. Knows lengths and caps; what a frame means is `protocol`'s."""

import asyncio
from pathlib import Path

from gateway.publish import protocol
from gateway.publish.protocol import FromControl, FromDataPlane, ProtocolError


class Connection:
    """Control's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path) -> "Connection":
        return cls(*await asyncio.open_unix_connection(path))

    async def receive(self) -> FromDataPlane | None:
        """The next message, or None once the peer has closed between two frames."""
        try:
            header = await self._reader.readexactly(protocol.HEADER)
        except asyncio.IncompleteReadError as error:
            if not error.partial:
                return None
            raise ProtocolError("the connection ended inside a frame") from error
        try:
            payload = await self._reader.readexactly(protocol.payload_length(header))
        except asyncio.IncompleteReadError as error:
            raise ProtocolError("the connection ended inside a frame") from error
        return protocol.decode_from_data_plane(payload)

    async def send(self, message: FromControl) -> None:
        self._writer.write(protocol.encode(message))
        await self._writer.drain()

    def close(self) -> None:
        """At once: what is not sent yet is not worth sending any more."""
        self._writer.transport.abort()
