"""Keeps the data plane at the newest root of the tree: connects, sends differences, hears the answers, tries again.

One question is open at a time, and the newest root wins: what was superseded before it was sent is never sent. A
refused snapshot leaves the last accepted one as the base; the unit at fault goes to quarantine, and the rest is sent
again.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.publish import protocol
from gateway.publish.history import History
from gateway.publish.outcome import Accepted, Cause, Connected, Disconnected, Outcome, Refused
from gateway.publish.protocol import ProtocolError
from gateway.publish.socket import Connection


class Pace(Struct, frozen=True, kw_only=True):
    """Delays and bounds of the publisher, in seconds where not said otherwise."""

    retry_first: float = 0.02  # the data plane usually starts at the same moment
    retry_longest: float = 0.5
    patience: float = 5.0  # before the absence of a data plane is worth a word: both may be starting
    hello: float = 5.0
    answer: float = 60.0  # a first snapshot of 100,000 routes takes the data plane well under a second
    want_rounds: int = 64  # a tree is five levels deep; each level may need several frames
    quarantine_tries: int = 256  # units put away for one change; each costs a publication of a few milliseconds
    segments_cap: int = protocol.SEGMENTS_CAP
    history: int = 100


class _Inflight:
    """A publication that waits for its answer. Its root is held."""

    __slots__ = ("cause", "deadline", "id", "root", "rounds", "segments")

    def __init__(self, identity: int, root: Digest, cause: Cause | None, segments: int, deadline: float) -> None:
        self.id = identity
        self.deadline = deadline
        self.root = root
        self.cause = cause
        self.segments = segments
        self.rounds = 0


class Publisher:
    """`tell` hears every outcome, in order, from within the event loop. It must not raise."""

    def __init__(
        self,
        path: Path,
        tree: Tree,
        *,
        tell: Callable[[Outcome], None],
        pid: int,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> None:
        self._path = path
        self._tree = tree
        self._tell = tell
        self._pid = pid
        self._monotonic = monotonic
        self._now = now
        self._pace = pace or Pace()
        self.history = History(self._pace.history)
        self._offered = asyncio.Event()
        self._cause: Cause | None = None  # of everything since the last publication that was sent
        self._ready = False  # nothing is published before the first offer
        self._accepted: Digest | None = None  # held
        self._known: set[Digest] = set()  # what the data plane has, as far as we know; it asks where we are wrong
        self._inflight: _Inflight | None = None
        self._given_up: Digest | None = None
        self._opened = False  # how far the current connection got
        self._met = False
        self._told = False  # a publication was answered on it
        self._tries = 0
        self._next_id = 0
        self._last_version: str | None = None
        self._report: protocol.Report | None = None
        self._reported: protocol.Report | None = None  # what the data plane has heard on this connection

    @property
    def accepted(self) -> Digest | None:
        """What the data plane serves, as far as control knows and the tree still has."""
        return self._accepted

    def offer(self, cause: Cause) -> None:
        """The tree has a new root."""
        self._cause = cause if self._cause is None else self._cause.joined(cause)
        self._ready = True
        self._tries = 0
        self._offered.set()

    def report(self, report: protocol.Report) -> None:
        """How we fare, told to every data plane that connects, and now to the one that is."""
        self._report = report
        self._offered.set()

    async def run(self) -> None:
        """For ever. A lost connection, a strange peer, a missing socket are all the same: try again a little later."""
        delay = self._pace.retry_first
        last_reason = ""
        lost_at = self._monotonic()
        while True:
            reason = await self._connect()
            if self._met:
                lost_at = self._monotonic()
                delay = self._pace.retry_first
            absent = not self._opened and self._monotonic() - lost_at < self._pace.patience
            if (self._met or reason != last_reason) and not absent:
                self._tell(Disconnected(reason))
                last_reason = reason
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._pace.retry_longest)

    async def _connect(self) -> str:
        """One connection from beginning to end, and why it ended."""
        self._opened = self._met = self._told = False
        self._reported = None
        try:
            connection = await Connection.open(self._path)
        except OSError as error:
            return f"no data plane on {self._path}: {error.strerror or error}"
        self._opened = True
        try:
            await self._session(connection)
        except ProtocolError as error:
            return str(error)
        except TimeoutError:
            return "the data plane did not answer in time"
        except OSError as error:
            return f"the connection to the data plane broke: {error.strerror or error}"
        finally:
            connection.close()
            self._abandon()
        return "the data plane closed the connection"

    async def _session(self, connection: Connection) -> None:
        async with asyncio.timeout(self._pace.hello):
            hello = await connection.receive()
            if hello is None:
                return
            await connection.send(protocol.ControlHello(protocol.PROTOCOL, protocol.IR, self._pid))
        if not isinstance(hello, protocol.DataPlaneHello):
            raise ProtocolError("the data plane did not begin with hello")
        problem = protocol.mismatch(hello.protocol, hello.ir)
        if problem is not None:
            raise ProtocolError(problem)
        self._meet(hello)
        listening = asyncio.ensure_future(connection.receive())
        try:
            while True:
                if self._report is not None and self._report is not self._reported:
                    self._reported = self._report
                    async with asyncio.timeout(self._pace.answer):
                        await connection.send(self._report)
                if self._is_due():
                    await self._publish(connection, known=hello.root is not None)
                offered = asyncio.ensure_future(self._offered.wait())
                timeout = max(0.0, self._inflight.deadline - self._monotonic()) if self._inflight else None
                await asyncio.wait((listening, offered), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                woken = offered.done()
                offered.cancel()
                if listening.done():
                    message = listening.result()
                    if message is None:
                        return
                    await self._hear(connection, message)
                    listening = asyncio.ensure_future(connection.receive())
                elif not woken:
                    raise TimeoutError
                self._offered.clear()
        finally:
            listening.cancel()

    def _meet(self, hello: protocol.DataPlaneHello) -> None:
        """Start from what the data plane says that it serves, not from what we believe."""
        base = hello.root if hello.root is not None and hello.root in self._tree else None
        if base is None or base != self._accepted:
            self._accept(base)
        self._given_up = None
        if self._last_version not in (None, hello.version):
            self._tree.pardon()
        self._last_version = hello.version
        self._met = True
        self._tell(Connected(hello))

    def _is_due(self) -> bool:
        """On a new connection the newest root is always sent: it costs a frame, and brings a fresh acknowledgement."""
        root = self._tree.root
        if not self._ready or self._inflight is not None or root is None or root == self._given_up:
            return False
        if self._told and root == self._accepted:
            self._cause = None  # changed and changed back
            return False
        return True

    async def _publish(self, connection: Connection, *, known: bool) -> None:
        root = self._tree.root
        if root is None:
            return
        # A root that the tree never had is probably the same for the most part: the data plane asks for the rest.
        stranger = known and self._accepted is None
        digests = [root] if stranger else self._tree.missing(self._accepted, root)
        parts = self._bounded(self._tree.segments(digest for digest in digests if digest not in self._known))
        self._next_id += 1
        self._tree.hold(root)
        self._inflight = _Inflight(self._next_id, root, self._cause, len(parts), self._monotonic() + self._pace.answer)
        self._cause = None
        async with asyncio.timeout(self._pace.answer):
            await connection.send(protocol.Publish(self._next_id, root, parts))

    async def _hear(self, connection: Connection, message: protocol.FromDataPlane) -> None:
        if isinstance(message, protocol.DataPlaneHello):
            raise ProtocolError("a second hello")
        inflight = self._inflight
        if inflight is None or message.id != inflight.id:
            return  # about a publication that was superseded
        if isinstance(message, protocol.Want):
            await self._answer(connection, inflight, message)
            return
        self._inflight = None
        self._told = True
        refusal = f"{message.kind} {message.field}: {message.reason}" if isinstance(message, protocol.Refused) else ""
        self.history.add(
            History.entry(
                inflight.root,
                inflight.cause,
                at=self._now(),
                now=self._monotonic(),
                segments=inflight.segments,
                refusal=refusal,
            )
        )
        if isinstance(message, protocol.Accepted):
            self._on_accepted(inflight, message)
        else:
            self._on_refused(inflight, message)

    async def _answer(self, connection: Connection, inflight: _Inflight, want: protocol.Want) -> None:
        if inflight.root != self._tree.root:
            self._abandon()  # there is a newer one: publishing it supersedes this one
            return
        inflight.rounds += 1
        parts = self._bounded(self._tree.segments(want.digests))
        if not parts or inflight.rounds > self._pace.want_rounds:
            raise ProtocolError(
                f"the data plane keeps asking for segments: {len(want.digests)} that it cannot be given"
            )
        inflight.segments += len(parts)
        inflight.deadline = self._monotonic() + self._pace.answer
        async with asyncio.timeout(self._pace.answer):
            await connection.send(protocol.Segments(inflight.id, parts))

    def _on_accepted(self, inflight: _Inflight, answer: protocol.Accepted) -> None:
        before = self._accepted
        if before is not None:
            self._tree.hold(before)
        self._accept(inflight.root)
        self._tree.drop(inflight.root)
        self._tries = 0
        self._tell(Accepted(inflight.root, before, inflight.cause, answer))
        if before is not None:
            self._tree.drop(before)

    def _on_refused(self, inflight: _Inflight, answer: protocol.Refused) -> None:
        self._tries += 1
        found = None
        # Without a kind nothing in the segment was judged: the data plane itself is in trouble.
        if answer.kind and self._tries <= self._pace.quarantine_tries:
            found = self._tree.refuse(_digest(answer.segment), self._accepted)
        self._given_up = inflight.root
        self._keep_cause(inflight)
        self._tree.drop(inflight.root)
        self._tell(Refused(answer, found[1] if found else ()))

    def _accept(self, root: Digest | None) -> None:
        before, self._accepted = self._accepted, root
        gone: list[Digest] = []
        if root is None:
            self._known.clear()
        else:
            self._tree.hold(root)
            self._known.update(self._tree.missing(before, root))
            gone = self._tree.missing(root, before) if before is not None else []
        if before is not None:
            self._tree.drop(before)
        self._known.difference_update([digest for digest in gone if digest not in self._tree])

    def _abandon(self) -> None:
        """Forget the open question, but not why it was asked."""
        inflight, self._inflight = self._inflight, None
        if inflight is not None:
            self._keep_cause(inflight)
            self._tree.drop(inflight.root)

    def _keep_cause(self, inflight: _Inflight) -> None:
        if inflight.cause is not None:
            self._cause = inflight.cause if self._cause is None else inflight.cause.joined(self._cause)

    def _bounded(self, parts: Iterable[bytes]) -> tuple[bytes, ...]:
        """As many as one frame takes, at least one. The data plane asks for the others."""
        chosen: list[bytes] = []
        size = 0
        for part in parts:
            size += len(part)
            if chosen and size > self._pace.segments_cap:
                break
            chosen.append(part)
        return tuple(chosen)


def _digest(text: str) -> Digest:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
