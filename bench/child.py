"""A child process: started on a core, waited for with a limit, stopped for certain."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from bench.accounts import pinned


class BenchError(Exception):
    """A process did not do what it was started for; the text says which and what it wrote last."""


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Look until it is true. Waiting here is part of no measurement."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:g} s")
        time.sleep(0.01)


def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot choose one and say which."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def split_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def answers(address: str) -> bool:
    try:
        socket.create_connection(split_address(address), timeout=1).close()
    except OSError:
        return False
    return True


class Child:
    """One process whose stderr is kept in a file. stdout is a pipe, or a file that is appended to."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        core: int | None = None,
        stdout: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.stderr_file = folder / f"{name}.stderr"
        out: IO[bytes] | int = subprocess.PIPE if stdout is None else stdout.open("ab")
        with self.stderr_file.open("ab") as errors, pinned(core):
            self.process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=out, stderr=errors, cwd=folder, env=environment
            )
        if not isinstance(out, int):
            out.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def line(self) -> str:
        """The next line of stdout; its end is a failure."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline().decode()
        if not text:
            self.process.wait()
            raise self.failure("ended too early")
        return text.strip()

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()

    def failure(self, what: str) -> BenchError:
        last = self.stderr_file.read_text(errors="replace").strip()[-2000:]
        return BenchError(f"{self.name} {what} (exit status {self.process.poll()}){': ' + last if last else ''}")

    def wait_for(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        def met() -> bool:
            if self.process.poll() is not None:
                raise self.failure("ended too early")
            return condition()

        until(met, seconds, f"{self.name}: {what}")

    def stop(self, patience: float = 20) -> None:
        """Ask it to end, and make it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def find_missing(*programs: str) -> list[str]:
    """Those of these programs that are not installed."""
    return [program for program in programs if shutil.which(program) is None]
