"""The file that tells scripts and tests where the gateway listens, once it serves."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


class ReadyFile:
    """Written whole or not at all; there only while the gateway serves. Without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, addresses: Mapping[str, str], pids: Mapping[str, int]) -> None:
        """OSError where the folder is gone or not writable."""
        if self._path is None:
            return
        fd, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(fd, "w") as file:
                json.dump({**addresses, "pids": dict(pids)}, file)
                file.write("\n")
                os.fchmod(file.fileno(), 0o644)
            os.replace(name, self._path)  # noqa: PTH105 -- the name of a file that is still being made
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise

    def remove(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
