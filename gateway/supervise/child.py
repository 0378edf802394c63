"""One child process: its command, its pipes, and when it may be started again."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gateway
from gateway.supervise.backoff import Backoff
from gateway.supervise.link import Event, LineReader

READ_SIZE = 65_536


class Spec(NamedTuple):
    """What to run: `program`, then `--lifeline FD --notify FD`, then `arguments`.

    `fds` are kept open in the child under the same numbers; an `environment` of None is our own.
    """

    name: str
    program: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    fds: tuple[int, ...] = ()
    environment: Mapping[str, str] | None = None


def command(name: str, *arguments: str, fds: Sequence[int] = ()) -> Spec:
    """A command of this very package, run again whatever the current folder holds."""
    root = str(Path(gateway.__file__).parent.parent)
    here = str(Path.cwd())
    environment = None
    if not sys.flags.safe_path and root == (sys.path[0] or here):
        # Not installed: it was found because the interpreter was started beside it, which `-P` would forbid.
        inherited = os.environ.get("PYTHONPATH")
        environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root}
    return Spec(name, (sys.executable, "-P", "-m", "gateway", name), arguments, tuple(fds), environment)


class Child:
    """`process` is None while the child is not running. Times are those of the monotonic clock that is passed in."""

    def __init__(self, spec: Spec, clock: Callable[[], float]) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.exit_fd = -1  # becomes readable when the process ends
        self.notify_fd = -1
        self.restart_at: float | None = None
        self.starts = 0
        self._clock = clock
        self._started_at = 0.0
        self._backoff = Backoff()
        self._lines = LineReader()

    def start(self, lifeline_fd: int) -> None:
        read, write = os.pipe()
        pipes = ("--lifeline", str(lifeline_fd), "--notify", str(write))
        try:
            self.process = subprocess.Popen(  # noqa: S603 -- from the plan, never from outside
                [*self.spec.program, *pipes, *self.spec.arguments],
                env=self.spec.environment,
                stdin=subprocess.DEVNULL,
                pass_fds=(*self.spec.fds, lifeline_fd, write),
                process_group=0,  # Ctrl-C is for the supervisor alone, which stops the children in order
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        os.set_blocking(read, False)
        self.notify_fd = read
        try:
            self.exit_fd = os.pidfd_open(self.process.pid)
        except OSError:  # no descriptor left, or a kernel before 5.3: nobody would ever hear of its end
            self.process.kill()
            self.process.wait()
            self.process = None
            self.close_notify()
            raise
        self.restart_at = None
        self.starts += 1
        self._started_at = self._clock()
        self._lines = LineReader()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def events(self) -> list[Event] | None:
        """What the child has told since the last call; None when it closed the pipe."""
        try:
            data = os.read(self.notify_fd, READ_SIZE)
        except BlockingIOError:
            return []
        return list(self._lines.feed(data)) if data else None

    def close_notify(self) -> None:
        if self.notify_fd >= 0:
            os.close(self.notify_fd)
            self.notify_fd = -1

    def reap(self) -> int:
        """Called when `exit_fd` is readable: the exit code (negative: the signal), and the time of the next start."""
        if self.process is None:
            raise RuntimeError(f"{self.spec.name} was not running")
        code = self.process.wait()
        os.close(self.exit_fd)
        self.exit_fd = -1
        self.process = None
        now = self._clock()
        self.restart_at = now + self._backoff.after(now - self._started_at)
        return code

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            # Stopped children (SIGSTOP, a debugger) would not see it.
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


def describe(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
