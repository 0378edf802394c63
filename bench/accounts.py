"""What the kernel's accounts say of a process: CPU time by thread, memory, children; and which core it may use.

Everything is read from `/proc`, whose place is passed in so that tests can bring their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

PROC = Path("/proc")


class Thread(Struct, frozen=True):
    """One thread and the nanoseconds it has run so far."""

    tid: int
    name: str
    run_ns: int


def parse_schedstat(text: str) -> int:
    """Nanoseconds on a CPU: the first of the three numbers of a `schedstat` file."""
    fields = text.split()
    if len(fields) != 3:
        raise ValueError(f"not a schedstat line: {text!r}; the kernel needs CONFIG_SCHED_INFO")
    return int(fields[0])


def threads(pid: int, proc: Path = PROC) -> dict[int, Thread]:
    """The threads of a process. One that ends while we look is left out."""
    found = {}
    for task in sorted((proc / str(pid) / "task").iterdir(), key=lambda path: int(path.name)):
        try:
            run_ns = parse_schedstat((task / "schedstat").read_text())
            name = (task / "comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(task.name)] = Thread(int(task.name), name, run_ns)
    return found


def spent(before: dict[int, Thread], after: dict[int, Thread]) -> dict[int, int]:
    """Nanoseconds each thread ran between two readings. A thread that started in between counts from zero."""
    return {tid: thread.run_ns - (before[tid].run_ns if tid in before else 0) for tid, thread in after.items()}


def parse_rollup(text: str) -> dict[str, int]:
    """Kibibytes by name out of a `smaps_rollup` file."""
    rows = (line.split() for line in text.splitlines()[1:])
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) == 3 and row[2] == "kB"}


def memory(pid: int, proc: Path = PROC) -> dict[str, int]:
    """Kibibytes of a process: `Rss`, `Pss` (shared pages divided among their users), and the rest of the rollup."""
    return parse_rollup((proc / str(pid) / "smaps_rollup").read_text())


def parent(pid: int, proc: Path = PROC) -> int | None:
    try:
        text = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(text.rpartition(")")[2].split()[1])  # the name in the brackets may hold anything


def descendants(pid: int, proc: Path = PROC) -> list[int]:
    """Every process below `pid`, in the order of their numbers."""
    parents = {int(path.name): parent(int(path.name), proc) for path in proc.iterdir() if path.name.isdigit()}
    found = {pid}
    while more := {child for child, above in parents.items() if above in found} - found:
        found |= more
    return sorted(found - {pid})


def command_line(pid: int, proc: Path = PROC) -> list[str]:
    try:
        text = (proc / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [os.fsdecode(word) for word in text.split(b"\0")[:-1]]


def parse_busy(text: str, core: int) -> int:
    """Clock ticks in which a core ran something, or was taken from us, out of `/proc/stat`.

    Without interrupts: some kernels account them apart from the tasks that they interrupt, and who caused them is
    unknown.
    """
    for line in text.splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, _irq, _softirq, steal, *_ = map(int, fields)
            return user + nice + system + steal
    raise ValueError(f"/proc/stat knows no core {core}")


def busy_ns(core: int, proc: Path = PROC) -> int:
    """The same in nanoseconds, as coarse as the ticks are."""
    return parse_busy((proc / "stat").read_text(), core) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes started inside may run on this core only. They inherit it from us, so no first moment escapes."""
    if core is None:
        yield
        return
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def release(pid: int) -> None:
    """Let every thread of a process run anywhere again."""
    for tid in threads(pid):
        try:
            os.sched_setaffinity(tid, range(os.cpu_count() or 1))
        except ProcessLookupError:
            continue
