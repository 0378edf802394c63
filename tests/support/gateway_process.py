"""A whole gateway, as a user starts it: `sallygate run …` in a process of its own, on free ports."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0  # a slow, busy machine; what matters is asserted where it matters


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Of the tests, without what would change how the gateway talks."""
    own = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return {**own, "PYTHONUNBUFFERED": "1", **(extra or {})}


class Lines:
    """A stream's lines as they come, for a test that waits for one of them."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def _collect(self, stream: IO[str]) -> None:
        for line in stream:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def count(self) -> int:
        with self._changed:
            return len(self._lines)

    def text(self) -> str:
        with self._changed:
            return "\n".join(self._lines)

    def wait(self, pattern: str, *, after: int = 0, seconds: float = START_SECONDS) -> str:
        """The first line from number `after` on that holds the pattern."""
        found = re.compile(pattern)
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self._lines[after:]:
                    if found.search(line):
                        return line
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self._lines))
                self._changed.wait(left)

    def join(self) -> str:
        self._thread.join(START_SECONDS)
        return self.text()


class Gateway:
    """Started at once; `ready()` waits until it serves. `close()` leaves nothing behind, whatever happened.

    `through` is a command that becomes the gateway's, which comes behind it.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str | Path,
        extra: dict[str, str] | None = None,
        through: tuple[str, ...] = (),
    ) -> None:
        self.ready_file = folder / "ready.json"
        ports = [f"--{name}-port=0" for name in ("http", "https", "healthz")]
        given = [str(each) for each in arguments]
        defaults = [flag for flag in (*ports, "--bind-address=127.0.0.1") if not _given(flag, given)]
        self.process = subprocess.Popen(
            [*through, sys.executable, "-m", "gateway", "run", *defaults, f"--ready-file={self.ready_file}", *given],
            cwd=ROOT,
            env=environment(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)

    def ready(self) -> dict[str, Any]:
        """Content of the ready file; waits until it is there."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                content: dict[str, Any] = json.loads(self.ready_file.read_text())
            except FileNotFoundError:
                assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.err.join()}"
                assert time.monotonic() < end, f"not ready in time:\n{self.err.text()}"
                time.sleep(0.005)
            else:
                return content

    def address(self, name: str) -> tuple[str, int]:
        host, _, port = self.ready()[name].rpartition(":")
        return host.strip("[]"), int(port)

    def pid(self, name: str) -> int:
        number: int = self.ready()["pids"][name]
        return number

    def wait_for_pid(self, name: str, other_than: int) -> int:
        """The pid of a child that was started again."""
        end = time.monotonic() + START_SECONDS
        while True:
            number = self.pid(name)
            if number != other_than:
                return number
            assert time.monotonic() < end, f"{name} did not come back:\n{self.err.text()}"
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; the exit code."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(60)
        self.out.join()
        self.err.join()
        return code

    def close(self) -> None:
        pids: Iterable[int] = ()
        with contextlib.suppress(OSError, ValueError):
            pids = json.loads(self.ready_file.read_text())["pids"].values()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        # The children end by their lifeline; one that was stopped by a test would not.
        for pid in pids:
            if pid != self.process.pid and _is_ours(pid):
                os.kill(pid, signal.SIGCONT)
        self.process.wait()
        # Both streams end when the last child has gone.
        self.out.join()
        self.err.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()


def _given(flag: str, arguments: list[str]) -> bool:
    name = flag.split("=", maxsplit=1)[0]
    return any(each == name or each.startswith(f"{name}=") for each in arguments)


def _is_ours(pid: int) -> bool:
    """The number may belong to somebody else by now."""
    try:
        return b"gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
