"""Questions to a running instance, and its answers, over a unix socket in its state folder.

One question per connection: a line of JSON. One answer: a document of JSON, and the end of the connection. The socket
is for its owner only (0600), nothing that is asked changes anything, and everything about it has a bound.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from gateway.survey.backends import backends
from gateway.survey.certificates import certificates
from gateway.survey.explain import UnansweredError, answer, prepare, words
from gateway.survey.findings import findings
from gateway.survey.request import Request, RequestError
from gateway.survey.routes import routes
from gateway.survey.standing import Standing

SOCKET: Final = "survey.sock"
QUESTION_BYTES: Final = 65_536  # a URL and a hundred headers; whoever needs more asks for something else
ANSWER_BYTES: Final = 1 << 30  # a hundred thousand routes take 50 MB
SECONDS: Final = 10.0  # for a question to come, and for an answer to be taken piece by piece
ANSWERS: Final = 4  # at once: one may be large, and control has other things to do
WAITING: Final = 32  # connections at once, those that are answered included; more are closed
PATIENCE: Final = 60.0  # seconds without a byte of the answer; a hundred thousand routes take a few
_PIECE: Final = 1 << 20


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """`request` is for `explain`."""

    ask: Literal["findings", "routes", "backends", "certs", "explain"]
    namespace: str = ""
    request: Request | None = None


class NoAnswer(Struct, frozen=True):
    """Why there is no answer, for the person who asked."""

    kind: Literal["error/v1"]
    error: str


class AskError(Exception):
    """The instance cannot be asked, or says why it has no answer."""


class Answering:
    """`standing` is asked anew for each question: None while nothing stands yet."""

    def __init__(self, standing: Callable[[], Standing | None]) -> None:
        self._standing = standing
        self._turn = asyncio.Semaphore(ANSWERS)
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self, path: Path, say: Callable[[str], None]) -> AsyncIterator[None]:
        """While the block runs. Where the socket cannot be had, that is said, and nothing else is lost."""
        server = await self._listen(path, say)
        try:
            yield
        finally:
            if server is not None:
                server.close()
                _remove(path)
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, path: Path, say: Callable[[str], None]) -> asyncio.Server | None:
        before = os.umask(0o177)
        try:
            _remove(path)  # of a control that is dead: two of them cannot share a state folder
            return await asyncio.start_unix_server(self._accept, path, limit=QUESTION_BYTES)
        except OSError as error:
            say(f"control: {path}: {error.strerror or error}; routes, explain and the like cannot be asked")
            return None
        finally:
            os.umask(before)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= WAITING:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer), name="survey")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                line = await reader.readline()
            async with self._turn:
                told = await self._answer(line)
                for start in range(0, len(told), _PIECE):
                    writer.write(told[start : start + _PIECE])
                    async with asyncio.timeout(SECONDS):
                        await writer.drain()
        except (OSError, TimeoutError, ValueError):  # the last: a line that is too long
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, line: bytes) -> bytes:
        try:
            asked = msgspec.json.decode(line, type=Asked)
            standing = self._standing()
            if standing is None:
                return _no("nothing is served yet; ask again in a moment")
            return msgspec.json.encode(await self._document(standing, asked))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return _no(f"the question cannot be read: {error}")
        except (RequestError, UnansweredError) as error:
            return _no(str(error))

    async def _document(self, standing: Standing, asked: Asked) -> Struct:
        match asked.ask:
            case "findings":
                return findings(standing.verdicts(), asked.namespace)
            case "routes":
                return routes(standing, asked.namespace)
            case "backends":
                return backends(standing, asked.namespace)
            case "certs":
                return certificates(standing, asked.namespace)
            case "explain":
                return await self._explain(standing, asked.request)

    @staticmethod
    async def _explain(standing: Standing, request: Request | None) -> Struct:
        if request is None:
            raise RequestError("explain needs a request")
        prepared = prepare(standing, request)
        standing.tree.hold(prepared.root)  # the configuration may change while the data plane's code looks at it
        try:
            return words(standing, prepared, await asyncio.to_thread(answer, standing, prepared))
        finally:
            standing.tree.drop(prepared.root)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _no(text: str) -> bytes:
    return msgspec.json.encode(NoAnswer("error/v1", text))


async def ask(state_dir: Path, asked: Asked) -> bytes:
    """The answer of the instance with this state folder, a document of JSON. Raises AskError."""
    path = state_dir / SOCKET
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it does not answer"
        raise AskError(
            f"no instance can be asked at {path}: {why}; is --state-dir the folder of one that runs?"
        ) from error
    try:
        writer.write(msgspec.json.encode(asked) + b"\n")
        parts: list[bytes] = []
        size = 0
        while piece := await _piece(reader, path):
            parts.append(piece)
            size += len(piece)
            if size > ANSWER_BYTES:
                raise AskError(f"the answer is larger than {ANSWER_BYTES} bytes; ask for one namespace with -n")
    except OSError as error:
        raise AskError(f"the instance at {path} broke off: {error.strerror}") from error
    finally:
        writer.close()
    told = b"".join(parts)
    if not told:
        raise AskError(f"the instance at {path} closed the connection without an answer")
    refused = _refusal(told)
    if refused:
        raise AskError(refused)
    return told


async def _piece(reader: asyncio.StreamReader, path: Path) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.read(_PIECE)
    except TimeoutError:
        raise AskError(f"the instance at {path} has not answered for {PATIENCE:.0f} s") from None


def _refusal(told: bytes) -> str:
    if not told.startswith(b'{"kind":"error/v1"'):
        return ""
    return msgspec.json.decode(told, type=NoAnswer).error
