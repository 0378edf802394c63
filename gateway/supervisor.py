"""Starts the children of `sallygate run`, starts them again when they die, and stops them in order.

It holds the listening sockets, so a data plane that dies takes no waiting connection with it. It knows no manifest,
no snapshot and no message of the control socket, and uses the standard library only: what must survive every bug of
the others must be small. One thread, one selector, no callback that blocks.
"""

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.supervise.child import Child, Spec, describe
from gateway.supervise.link import Event
from gateway.supervise.ready import ReadyFile
from gateway.supervise.sockets import Listening

DATAPLANE = "dataplane"
DEATHS_BEFORE_READY = 5  # a start that fails this often will not succeed
EXTRA_TIME = 5.0  # seconds on top of what a child was granted, before it is killed

DONE, FAILED, UNCLEAN = 0, 1, 3  # exit codes, as in gateway/cli/main.py
USAGE = 2


class Plan(NamedTuple):
    """What to supervise. `others` (control, demo backends) are stopped only after the data plane has drained."""

    dataplane: Spec
    others: Sequence[Spec]
    listening: Mapping[str, Listening]  # "http", "https", "health"
    stop_seconds: float  # what the data plane may take from SIGTERM to its end
    others_seconds: float = 0.0  # and then the others, on top of EXTRA_TIME


Observer = Callable[[str, Event], None]
Say = Callable[[str], None]


class Supervisor:
    """`observe` sees every event of every child; `say` takes one line for the operator."""

    def __init__(
        self, plan: Plan, ready: ReadyFile, observe: Observer, say: Say, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._ready_file = ready
        self._observe = observe
        self._say = say
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._dataplane = Child(plan.dataplane, clock)
        self._children = [self._dataplane, *(Child(spec, clock) for spec in plan.others)]
        self._lifeline, self._held = os.pipe()
        self._served = False
        self._stops = 0  # how often we were asked to stop
        self._kill_at: float | None = None
        self._code = DONE

    def run(self) -> int:
        """Until asked to stop. Returns the exit code."""
        self._ready_file.remove()
        with self._signals():
            try:
                for child in self._children:
                    self._start(child)
                while not self._finished():
                    self._wait()
            finally:
                self._ready_file.remove()
                for child in self._children:
                    child.signal(signal.SIGKILL)  # none is left, except after an exception of our own
        return self._code

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals become bytes in a socket pair that the selector watches."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
        # A handler must exist for the wakeup byte to be written; the work is done in the loop.
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ, lambda: self._signalled(reader.recv(64)))
        try:
            yield
        finally:
            self._selector.unregister(reader)
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()

    def _wait(self) -> None:
        moments = [child.restart_at for child in self._children if child.restart_at is not None]
        if self._kill_at is not None:
            moments.append(self._kill_at)
        timeout = max(0.0, min(moments) - self._clock()) if moments else None
        for key, _ in self._selector.select(timeout):
            if key.fileobj in self._selector.get_map():  # an event before it in this round may have closed it
                key.data()
        now = self._clock()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill("did not stop in time")
        if not self._stops:
            for child in self._children:
                if child.restart_at is not None and now >= child.restart_at:
                    self._start(child)

    # --- children ---

    def _start(self, child: Child) -> None:
        try:
            child.start(self._lifeline)
        except OSError as error:  # no memory, no process left: as if it had started and died
            self._say(f"{child.spec.name} could not be started: {error}")
            child.restart_at = self._clock() + EXTRA_TIME
            return
        self._selector.register(child.exit_fd, selectors.EVENT_READ, lambda: self._ended(child))
        self._selector.register(child.notify_fd, selectors.EVENT_READ, lambda: self._told(child))
        if child.starts > 1:
            self._say(f"{child.spec.name} is started again (pid {child.pid})")
            if child is not self._dataplane:
                self._write_ready()

    def _told(self, child: Child) -> None:
        events = child.events()
        if events is None:
            self._selector.unregister(child.notify_fd)
            child.close_notify()
            return
        self._take(child, events)

    def _take(self, child: Child, events: Sequence[Event]) -> None:
        for event in events:
            if child is self._dataplane and event["event"] == "serving":
                self._served = True
                self._write_ready()
            self._observe(child.spec.name, event)

    def _ended(self, child: Child) -> None:
        while child.notify_fd >= 0 and (events := child.events()):
            self._take(child, events)  # its last words
        if child.notify_fd >= 0:
            self._selector.unregister(child.notify_fd)
            child.close_notify()
        self._selector.unregister(child.exit_fd)
        code = child.reap()
        if self._stops:
            if code not in {DONE, -signal.SIGTERM}:  # by the signal itself: it had not even finished starting
                self._say(f"{child.spec.name} {describe(code)}")
                self._code = self._code or UNCLEAN
            if child is self._dataplane:
                self._stop_others()
            return
        self._say(f"{child.spec.name} {describe(code)}")
        if not self._served and (code in {DONE, FAILED, USAGE} or child.starts >= DEATHS_BEFORE_READY):
            # It said why on its own stderr, and would only say it again.
            self._code = USAGE if code == USAGE else FAILED
            self._stop()

    def _write_ready(self) -> None:
        if not self._served or self._stops:
            return
        pids = {child.spec.name: child.pid for child in self._children if child.pid is not None}
        try:
            self._ready_file.write(
                {name: listening.address for name, listening in self._plan.listening.items()},
                {"supervisor": os.getpid(), **pids},
            )
        except OSError as error:
            self._say(f"the ready file could not be written: {error}")

    # --- stopping ---

    def _signalled(self, numbers: bytes) -> None:
        for number in numbers:
            if number in {signal.SIGTERM, signal.SIGINT}:
                self._stop()
            else:
                self._dataplane.signal(signal.Signals(number))  # the access log is opened anew

    def _stop(self) -> None:
        self._stops += 1
        if self._stops > 2:
            self._kill("was asked three times to stop")
            return
        self._dataplane.signal(signal.SIGTERM)  # a second one makes it hurry
        self._dataplane.signal(signal.SIGCONT)
        if self._stops > 1:
            return
        self._ready_file.remove()
        for listening in self._plan.listening.values():
            listening.close()  # the data plane has its own copies, and now decides alone when they close
        for child in self._children:
            child.restart_at = None
        self._kill_at = self._clock() + self._plan.stop_seconds + EXTRA_TIME
        if self._dataplane.process is None:
            self._stop_others()

    def _stop_others(self) -> None:
        self._kill_at = self._clock() + self._plan.others_seconds + EXTRA_TIME
        for child in self._children:
            child.signal(signal.SIGTERM)
            child.signal(signal.SIGCONT)

    def _kill(self, why: str) -> None:
        self._kill_at = None
        for child in self._children:
            if child.process is not None:
                self._say(f"{child.spec.name} {why} and is killed")
                self._code = self._code or UNCLEAN
                child.signal(signal.SIGKILL)

    def _finished(self) -> bool:
        return bool(self._stops) and all(child.process is None for child in self._children)
