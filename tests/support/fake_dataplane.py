"""A data plane that only speaks: the far end of the control socket, over a real unix socket, scripted by a test."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.encode import segments
from gateway.encode.digest import Digest, digest_of
from gateway.publish import protocol

HELLO = protocol.DataPlaneHello(protocol.PROTOCOL, protocol.IR, 42, None, {}, "0.1.0")


class Peer:
    """One accepted connection, seen from the data plane."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.reports: list[protocol.Report] = []

    async def receive(self) -> protocol.FromControl:
        """The next message, other than reports: they may come between any two, and are kept."""
        while isinstance(message := await self._next(), protocol.Report):
            self.reports.append(message)
        return message

    async def receive_report(self) -> protocol.Report:
        message = await self._next()
        assert isinstance(message, protocol.Report)
        return message

    async def _next(self) -> protocol.FromControl:
        header = await self.reader.readexactly(protocol.HEADER)
        return protocol.decode_from_control(await self.reader.readexactly(protocol.payload_length(header)))

    async def receive_publish(self) -> protocol.Publish:
        message = await self.receive()
        assert isinstance(message, protocol.Publish)
        return message

    async def send(self, message: protocol.FromDataPlane) -> None:
        await self.send_bytes(protocol.encode(message))

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def greet(self, hello: protocol.DataPlaneHello = HELLO) -> protocol.ControlHello:
        await self.send(hello)
        answer = await self.receive()
        assert isinstance(answer, protocol.ControlHello)
        return answer

    async def accept(self, publish: protocol.Publish) -> None:
        await self.send(protocol.Accepted(publish.id, publish.root))

    async def is_closed(self) -> bool:
        """Waits for it."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.transport.abort()


class FakeDataPlane:
    """Listens. Every connection of control comes out of `peer()`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._all: list[Peer] = []

    async def start(self) -> None:
        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = Peer(reader, writer)
            self._all.append(peer)
            await self._peers.put(peer)

        self._server = await asyncio.start_unix_server(met, self.path)

    async def peer(self) -> Peer:
        return await self._peers.get()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop_peers()
        self.path.unlink(missing_ok=True)

    def drop_peers(self) -> None:
        for peer in self._all:
            peer.close()
        self._all.clear()


class Keeper:
    """What an obedient data plane does with a publication: collect segments, ask for what lacks, judge, serve.

    `judge` says why a segment cannot be taken (field, reason), or None.
    """

    def __init__(self, judge: Callable[[segments.Segment], tuple[str, str] | None] = lambda _: None) -> None:
        self.known: dict[Digest, bytes] = {}
        self.root: Digest | None = None
        self.judge = judge
        self.received = 0
        self.refused = 0

    async def serve(self, peer: Peer) -> None:
        """One connection, until it ends."""
        await peer.greet(protocol.DataPlaneHello(protocol.PROTOCOL, protocol.IR, 42, self.root, {}, "0.1.0"))
        try:
            while True:
                await self.take(peer, await peer.receive_publish())
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def take(self, peer: Peer, publish: protocol.Publish) -> None:
        self._learn(publish.segments)
        while lacking := self._lacking(publish.root):
            await peer.send(protocol.Want(publish.id, tuple(lacking)))
            answer = await peer.receive()
            if isinstance(answer, protocol.Publish):
                publish = answer
            assert isinstance(answer, protocol.Publish | protocol.Segments)
            self._learn(answer.segments)
        for digest in self._reachable(publish.root):
            segment = segments.decode(self.known[digest])
            problem = self.judge(segment)
            if problem is not None:
                self.refused += 1
                kind = str(type(segment).__struct_config__.tag)
                await peer.send(protocol.Refused(publish.id, publish.root, digest.hex(), kind, *problem))
                return
        self.root = publish.root
        await peer.accept(publish)

    def hosts(self) -> dict[str, segments.HostSegment]:
        """What is served."""
        found = [segments.decode(self.known[digest]) for digest in self._reachable(self.root or b"")]
        return {segment.host: segment for segment in found if isinstance(segment, segments.HostSegment)}

    def _learn(self, parts: tuple[bytes, ...]) -> None:
        self.received += len(parts)
        self.known |= {digest_of(part): part for part in parts}

    def _lacking(self, root: Digest) -> list[Digest]:
        return [digest for digest in self._reachable(root) if digest not in self.known]

    def _reachable(self, root: Digest) -> list[Digest]:
        seen = {root: None}
        waiting = [root]
        while waiting:
            data = self.known.get(waiting.pop())
            below = [] if data is None else [child for child in _children(segments.decode(data)) if child not in seen]
            seen |= dict.fromkeys(below)
            waiting += below
        return list(seen)


def _children(segment: segments.Segment) -> list[Digest]:
    match segment:
        case segments.Root():
            tables = [digest for table in segment.tables.values() for digest in table]
            return [segment.listeners, *tables, *segment.backends, *segment.certificates]
        case segments.HostShard():
            return list(segment.hosts.values())
        case segments.HostSegment():
            return [route.policy for route in segment.routes]
        case segments.BackendShard():
            return [digest for _, digest in segment.backends]
        case segments.CertificateShard():
            return [digest for _, digest in segment.certificates]
        case _:
            return []
