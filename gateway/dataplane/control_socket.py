"""The unix socket on which control publishes snapshots. One control at a time: a new one takes the old one's place."""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from gateway.dataplane.offers import Answer, Offers
from gateway.publish import protocol
from gateway.publish.protocol import (
    Accepted,
    ControlHello,
    DataPlaneHello,
    ProtocolError,
    Publish,
    Refused,
    Report,
    Segments,
)

PATH_LIMIT = 107  # bytes of a unix socket's name, set by the kernel's sockaddr_un
HELLO_SECONDS = 5.0  # a peer that says nothing must not keep a place that control needs


class SocketError(Exception):
    """The control socket cannot be opened; says why."""


@contextlib.contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """A listening socket at `path`, only for us (0600). What a dead data plane left there is replaced.

    A lock file tells a dead one from a live one, whatever became of the socket, and leaves no moment in which two can
    both believe that they own the place.
    """
    if len(os.fsencode(path)) > PATH_LIMIT:
        raise SocketError(f"--state-dir: {path} is longer than the {PATH_LIMIT} bytes a socket's name may have")
    try:
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SocketError(f"--state-dir {path.parent}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SocketError(
                f"--state-dir {path.parent} belongs to another data plane that is running; stop it, or choose another"
            ) from None
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        with sock:
            before = os.umask(0o177)
            try:
                sock.bind(os.fspath(path))
            finally:
                os.umask(before)
            sock.listen(8)
            yield sock
            path.unlink(missing_ok=True)
    finally:
        os.close(lock)


class ControlSocket:
    """Speaks the protocol. `hello` is asked anew for each connection; `answered` hears of every judgement.

    `report` is what the control that is connected last told of itself, None where there is none.
    """

    def __init__(
        self,
        offers: Callable[[], Offers],
        hello: Callable[[], DataPlaneHello],
        answered: Callable[[Accepted | Refused], None],
        say: Callable[[str], None],
    ) -> None:
        self._offers = offers
        self._hello = hello
        self._answered = answered
        self._say = say
        self._current: asyncio.Task[None] | None = None
        self._engine = asyncio.Lock()  # one offer at a time, also while an old connection is being replaced
        self._running: set[asyncio.Task[Answer | None]] = set()
        self.connected = False
        self.report: Report | None = None

    @contextlib.asynccontextmanager
    async def serve(self, sock: socket.socket) -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(self._connection, sock=sock)
        try:
            yield
        finally:
            server.close()
            if self._current is not None:
                self._current.cancel()
                await asyncio.gather(self._current, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            writer.write(protocol.encode(self._hello()))
            async with asyncio.timeout(HELLO_SECONDS):
                await self._greeted(reader)
            previous, self._current = self._current, task
            if previous is not None:
                previous.cancel()
            self.connected = True
            self.report = None
            await self._converse(reader, writer)
        except TimeoutError:
            self._say("control: connected and said nothing")
        except ProtocolError as error:
            self._say(f"control: {error}")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # control is gone; what is served is served on
        except asyncio.CancelledError:
            # Replaced by a newer control, or we are leaving. Swallowed, as asyncio's server would log it.
            pass
        finally:
            if self._current is task:
                self._current = None
                self.connected = False
                self.report = None
            writer.transport.abort()

    async def _greeted(self, reader: asyncio.StreamReader) -> None:
        hello = await _receive(reader)
        if not isinstance(hello, ControlHello):
            raise ProtocolError("the first message was not a hello")
        problem = protocol.mismatch(hello.protocol, hello.ir)
        if problem:
            raise ProtocolError(problem)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offers = self._offers()
        while True:
            message = await _receive(reader)
            if isinstance(message, ControlHello):
                raise ProtocolError("a second hello")
            if isinstance(message, Report):
                if self._current is asyncio.current_task():
                    self.report = message
                continue
            # Shielded: a thread cannot be cancelled, so its answer is awaited by a task of its own.
            answer = await asyncio.shield(self._keep(asyncio.create_task(self._judge(offers, message))))
            if answer is not None:
                writer.write(protocol.encode(answer))
                await writer.drain()

    async def _judge(self, offers: Offers, message: Publish | Segments) -> Answer | None:
        async with self._engine:
            answer = await asyncio.to_thread(offers.take, message)
            if isinstance(answer, Accepted | Refused):
                self._answered(answer)
            return answer

    def _keep(self, task: "asyncio.Task[Answer | None]") -> "asyncio.Task[Answer | None]":
        """The event loop itself holds tasks only weakly."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


async def _receive(reader: asyncio.StreamReader) -> protocol.FromControl:
    header = await reader.readexactly(protocol.HEADER)
    return protocol.decode_from_control(await reader.readexactly(protocol.payload_length(header)))
