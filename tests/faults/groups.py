"""Control groups of version 1, each for one test. They need root."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

GROUPS: Final = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def group(kind: str, name: str, pid: int | None = None, **limits: int) -> Iterator[Path]:
    """A control group for whoever enters it, and for the process `pid` at once, until the end."""
    if not os.access(GROUPS / kind, os.W_OK):
        pytest.skip(f"no control group for {kind} can be made here")
    folder = GROUPS / kind / f"sallygate-{name}"
    folder.mkdir()
    try:
        for limit, value in limits.items():
            (folder / f"{kind}.{limit}").write_text(str(value))
        if pid is not None:
            (folder / "cgroup.procs").write_text(str(pid))
        yield folder
    finally:
        for each in (folder / "cgroup.procs").read_text().split():
            (GROUPS / kind / "cgroup.procs").write_text(each)
        folder.rmdir()
