"""A real upstream server that records what reached it, and answers as slowly, brokenly or bit by bit as it is told."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

HEAD_LIMIT = 1 << 20


class Request(NamedTuple):
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]  # names as they came
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Answer(NamedTuple):
    """`after` seconds pass before the head, `between` before each piece; `reset` breaks the connection after them.
    `raw`, where it is set, is all that is sent before the connection is closed.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[bytes, ...] = ()
    after: float = 0.0
    between: float = 0.0
    chunked: bool = False
    reset: bool = False
    raw: bytes | None = None


Script = Callable[[Request], Answer]


class Origin:
    """Use as a context manager. By default it answers 200 with its name; `script` may be changed at any time.

    `gate`, when set to an unset threading.Event, holds every answer back until the test opens it: a slow request
    without a clock. `waiting` counts those held. `connections` counts those that were ever made, `closed` those of them
    that are gone.
    """

    def __init__(self, name: str, script: Script | None = None) -> None:
        self.name = name
        self.script: Script = script or (lambda _: Answer(pieces=(name.encode(),)))
        self.requests: list[Request] = []
        self.gate: threading.Event | None = None
        self.waiting = threading.Semaphore(0)
        self.connections = self.closed = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"origin {name}", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=HEAD_LIMIT)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        try:
            await asyncio.Event().wait()
        finally:
            server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.closed += 1
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        self.requests.append(request)
        answer = self.script(request)
        gate = self.gate
        if gate is not None:
            self.waiting.release()
            await asyncio.to_thread(gate.wait, 60)
        await asyncio.sleep(answer.after)
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return False
        if answer.reset and not answer.pieces:
            return False
        writer.write(_head(answer))
        for piece in answer.pieces:
            if answer.between:
                await writer.drain()
                await asyncio.sleep(answer.between)
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.chunked else piece)
        if answer.chunked and not answer.reset:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not answer.reset


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = line.split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in lines))
    request = Request(method, target, headers, b"")
    if (request.header("transfer-encoding") or "").lower() == "chunked":
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return request._replace(body=body)
    return request._replace(body=await reader.readexactly(int(request.header("content-length") or "0")))


def _head(answer: Answer) -> bytes:
    length = sum(map(len, answer.pieces))
    framing = ("Transfer-Encoding", "chunked") if answer.chunked else ("Content-Length", str(length))
    rows = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in (*answer.headers, framing))]
    return "\r\n".join([*rows, "", ""]).encode()


@contextlib.contextmanager
def origins(*names: str) -> Iterator[list[Origin]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Origin(name)) for name in names]
