"""What the process uses, from the kernel's accounts."""

import contextlib
import os
import resource
from pathlib import Path
from typing import NamedTuple

SELF = Path("/proc/self")


class Resources(NamedTuple):
    """A figure that cannot be read is None."""

    cpu_seconds: float | None = None
    resident_bytes: int | None = None
    open_descriptors: int | None = None
    descriptor_limit: int | None = None


def read_resources(proc: Path = SELF) -> Resources:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resident = descriptors = None
    # Without /proc (a hardened container may hide it) the page has fewer rows, which is no reason to fail it.
    with contextlib.suppress(OSError, ValueError, IndexError):
        resident = int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError):
        descriptors = sum(1 for _ in (proc / "fd").iterdir())
    return Resources(
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        resident_bytes=resident,
        open_descriptors=descriptors,
        descriptor_limit=None if limit == resource.RLIM_INFINITY else limit,
    )
