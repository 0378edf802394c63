"""Runs the engine: from a restored snapshot to the drained end. This thread pumps messages; requests never meet it."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Final, Protocol

import msgspec

from gateway.dataplane.control_socket import ControlSocket, bound
from gateway.dataplane.hands import hands
from gateway.dataplane.health import HealthServer, Page
from gateway.dataplane.offers import Offer, Offers
from gateway.dataplane.pump import Pump
from gateway.dataplane.settings import HostSettings
from gateway.dataplane.sink import Sink
from gateway.dataplane.status import Status
from gateway.publish.protocol import IR, PROTOCOL, Accepted, DataPlaneHello, Refused
from gateway.supervise.link import Notifier
from gateway.telemetry.metric import CONTENT_TYPE

RECLAIM_SECONDS: Final = 1.0  # by then most requests that began under the snapshot before have ended
FLUSH_SECONDS: Final = 2.0  # for the last access-log lines, when nothing else is left to do


class Engine(Protocol):
    """As `_core.Engine`."""

    def restore(self) -> Offer | None: ...
    @property
    def restore_problem(self) -> str | None: ...
    def start(self) -> dict[str, str]: ...
    def offer(self, root: bytes, segments: list[bytes], /) -> Offer: ...
    def digest(self) -> bytes | None: ...
    def reclaim(self) -> None: ...
    def set_draining(self) -> None: ...
    def drain(self, deadline_ms: int, /) -> dict[str, int]: ...
    @property
    def slots(self) -> "Slots": ...


class Core(Protocol):
    """As the module `_core`, as far as it is used here."""

    @property
    def Engine(self) -> Callable[[bytes], Engine]: ...  # noqa: N802 -- a class
    @property
    def Refused(self) -> type[Exception]: ...  # noqa: N802 -- a class
    def version(self) -> dict[str, str]: ...


class Telemetry(Protocol):
    """The reading side of the shared memory."""

    def lines(self, limit: int) -> bytes:
        """About `limit` bytes of whole access-log lines, taken out of the rings; empty when there are none."""

    def exposition(self) -> str:
        """Everything that is counted there, in Prometheus' text format."""


Slots = Callable[[int], list[tuple[int, str, str, str, str, str, str]]]
OpenTelemetry = Callable[[int, str, Slots], Telemetry]  # file descriptor, access-log format, `Engine.slots`


class Host:
    def __init__(
        self, settings: HostSettings, core: Core, open_telemetry: OpenTelemetry, say: Callable[[str], None]
    ) -> None:
        """Builds the engine; nothing is accepted before `run`. OSError where the access log cannot be opened."""
        self._settings = settings
        self._core = core
        self._say = say
        self._build = core.version()
        self._notifier = Notifier(settings.notify)
        self._status = Status(time.time)
        self._stops = 0
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._source = ""
        self._last_good_problem: str | None = None
        self._sink = None if settings.access_log == "off" else Sink(settings.access_log, say)
        memory = os.memfd_create("sallygate-telemetry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            self._engine = core.Engine(msgspec.msgpack.encode(settings.engine(memory)))  # gives it its size and header
            self._telemetry = open_telemetry(memory, settings.access_log_format, self._engine.slots)
        finally:
            os.close(memory)
        for listening in (settings.http, settings.https):
            listening.detach()  # the engine's from here on
        self._pump = Pump(self._telemetry.lines, self._sink)
        self._control = ControlSocket(self._offers, self._hello, self._answered, say)

    async def run(self) -> int:
        _refuse_forks()
        asyncio.get_running_loop().set_default_executor(hands())
        with bound(self._settings.socket_path) as control, self._signals():
            await asyncio.to_thread(self._restore)
            await asyncio.to_thread(self._engine.start)
            self._pump.start()
            self._notifier.tell("listening", addresses=self._settings.addresses(), pid=os.getpid())
            if self._status.root is not None:
                self._serving("last-good")
            (health,) = self._settings.health.sockets
            async with HealthServer(self._pages()).serve(health), self._control.serve(control):
                await self._stop.wait()
                await self._drain()
        return 0

    # --- snapshots ---

    def _restore(self) -> None:
        offer = self._engine.restore()
        root = self._engine.digest()
        if offer is not None and root is not None:
            self._status.serves(root, restored=True)
        elif self._engine.restore_problem:
            self._last_good_problem = self._engine.restore_problem
            self._say(f"the last good snapshot cannot be used: {self._last_good_problem}")

    def _offers(self) -> Offers:
        return Offers(self._engine.offer, self._core.Refused)

    def _hello(self) -> DataPlaneHello:
        return DataPlaneHello(
            protocol=PROTOCOL,
            ir=IR,
            pid=os.getpid(),
            root=self._engine.digest(),
            addresses=self._settings.addresses(),
            version=self._build["version"],
        )

    def _answered(self, answer: Accepted | Refused) -> None:
        self._status.answered(answer)
        if isinstance(answer, Accepted):
            self._serving("control")
            asyncio.get_running_loop().call_later(RECLAIM_SECONDS, self._engine.reclaim)
            problem = self._engine.restore_problem
            if problem != self._last_good_problem:
                self._last_good_problem = problem
                self._say(f"the last good snapshot on disk: {problem or 'is kept again'}")

    def _serving(self, source: str) -> None:
        """Told once per source: a supervisor needs to know that something is served, not every edit."""
        if source != self._source and self._status.root is not None:
            self._source = source
            self._notifier.tell("serving", root=self._status.root.hex(), source=source)

    # --- health ---

    def _pages(self) -> dict[str, Callable[[], Awaitable[Page]]]:
        status = self._status
        return {"/healthz": status.healthz, "/livez": status.livez, "/readyz": self._readyz, "/metrics": self._metrics}

    async def _readyz(self) -> Page:
        report = self._control.report
        return self._status.readyz(report.stale if report else "")

    async def _metrics(self) -> Page:
        report = self._control.report
        control = report.series if report else ""
        lost = self._sink.lost_bytes if self._sink else 0
        own = self._status.metrics(self._build, connected=self._control.connected, lost_bytes=lost)
        # In a thread: with many routes it takes milliseconds, and the control socket must not wait.
        return Page(HTTPStatus.OK, own + control + await asyncio.to_thread(self._telemetry.exposition), CONTENT_TYPE)

    # --- the end ---

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        lifeline = self._settings.lifeline
        loop.add_signal_handler(signal.SIGTERM, self._asked_to_stop)
        if lifeline is None:
            loop.add_signal_handler(signal.SIGINT, self._asked_to_stop)
        else:
            # Ctrl-C reaches the supervisor, which stops us in order.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            loop.add_reader(lifeline, self._orphaned, lifeline)
        for number in (signal.SIGHUP, signal.SIGUSR1):
            loop.add_signal_handler(number, self._pump.reopen)
        try:
            yield
        finally:
            if lifeline is not None:
                loop.remove_reader(lifeline)

    def _orphaned(self, lifeline: int) -> None:
        if not os.read(lifeline, 1):
            asyncio.get_running_loop().remove_reader(lifeline)
            self._asked_to_stop()
            self._say("the supervisor is gone; finishing what runs")

    def _asked_to_stop(self) -> None:
        self._stops += 1
        self._stop.set()
        if self._stops > 1:
            self._hurry.set()

    async def _drain(self) -> None:
        self._status.draining = True
        self._notifier.tell("draining")
        self._engine.set_draining()
        with contextlib.suppress(TimeoutError):
            # Readiness is off, and we serve on until the load balancers have noticed.
            await asyncio.wait_for(self._hurry.wait(), self._settings.shutdown_grace)
        drain = asyncio.create_task(asyncio.to_thread(self._engine.drain, int(self._settings.drain * 1000)))
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait([drain, hurry], return_when=asyncio.FIRST_COMPLETED)
        if not drain.done():
            await asyncio.to_thread(self._engine.drain, 0)
        hurry.cancel()
        ended = await drain
        if ended.get("aborted"):
            self._say(f"{ended['aborted']} connections were cut at the deadline; {ended.get('finished', 0)} finished")
        if not await asyncio.to_thread(self._pump.stop, FLUSH_SECONDS):
            self._say("the access log did not take its last lines in time; they are lost")


def _refuse_forks() -> None:
    """A forked copy would hold the listeners and none of the threads that serve them."""

    def leave() -> None:
        sys.stderr.write("sallygate dataplane: a forked copy of this process cannot work; it ends\n")
        os._exit(1)

    os.register_at_fork(after_in_child=leave)
