"""Where access-log lines go: a file that log rotation may move away, or stdout."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

MODE: Final = 0o640  # access logs hold addresses of people


class Sink:
    """Writes block, and fail, as the file does: for the pump's own thread only. `lost_bytes` counts what failed."""

    def __init__(self, target: str, say: Callable[[str], None]) -> None:
        """OSError where the file cannot be opened: at the start that is an error, later on only a loss."""
        self._path = None if target == "-" else Path(target)
        self._say = say
        self._broken = False
        self._fd: int | None = self._open()
        self.lost_bytes = 0

    def write(self, data: bytes) -> bool:
        """False when the data is lost. A partial write is completed, so that lines stay whole."""
        rest = memoryview(data)
        try:
            fd = self._fd = self._open() if self._fd is None else self._fd
            while rest:
                rest = rest[os.write(fd, rest) :]
        except OSError as error:
            self.lost_bytes += len(rest)
            if not self._broken:
                self._say(f"access log: {error.strerror}; lines are lost until it can be written again")
            self._broken = True
            return False
        if self._broken:
            self._say(f"access log: is written again; {self.lost_bytes} bytes were lost so far")
            self._broken = False
        return True

    def reopen(self) -> None:
        """After rotation: the next line goes to the file that has the name then."""
        if self._path is not None:
            self.close()

    def close(self) -> None:
        if self._path is not None and self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        if self._path is None:
            return sys.stdout.fileno()
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
