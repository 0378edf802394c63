"""System calls per request, counted by strace on a warmed-up contender. Counts do not depend on the machine's load."""

import signal
import subprocess
from pathlib import Path

from bench.child import BenchError, Child, find_missing, until
from bench.peers import Peer, Running
from bench.results import Syscalls
from bench.stage import Stage
from bench.traffic import Load

DATA = frozenset({"read", "recv", "recvfrom", "recvmsg", "readv", "write", "send", "sendto", "sendmsg", "writev"})
WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6"})


def parse_summary(text: str) -> dict[str, int]:
    """Calls by name out of the table of `strace -c`."""
    found = {}
    for line in text.splitlines():
        fields = line.split()
        # % time, seconds, usecs/call, calls, errors (may be blank), name
        if len(fields) not in {5, 6} or fields[-1] in {"total", "syscall"} or not fields[3].isdigit():
            continue
        found[fields[-1]] = int(fields[3])
    return found


class Counting:
    """strace, attached to some threads of a process and to no other."""

    def __init__(self, tids: list[int], folder: Path, name: str) -> None:
        self.table = folder / f"strace-{name}"
        threads = [word for tid in tids for word in ("-p", str(tid))]
        columns = "time-percent,total-time,avg-time,calls,errors,name"
        # Without -f: it would attach to every thread of the process, whichever was named.
        command = ["strace", "-c", "-U", columns, "-o", str(self.table), *threads]
        self.child = Child(f"strace-{name}", command, folder)

        def attached() -> bool:
            return self.child.stderr_file.read_text().count(" attached") >= len(tids)

        self.child.wait_for(attached, 10, "attach")

    def counts(self) -> dict[str, int]:
        self.child.process.send_signal(signal.SIGINT)
        try:
            self.child.process.wait(10)
        except subprocess.TimeoutExpired:
            raise BenchError("strace does not let go") from None
        finally:
            self.child.stop()
        until(self.table.exists, 5, "strace: write its table")
        return parse_summary(self.table.read_text())


def count(stage: Stage, running: Running, connections: int, requests: int) -> Syscalls:
    with Load(
        stage.tools, stage.folder, running.address, connections=connections, core=stage.core, requests=requests
    ) as load:
        folder = stage.fresh("strace")
        counting = {role: Counting(tids, folder, role) for role, tids in running.by_role().items()}
        load.begin()
        outcome = load.outcome()
        counts = {role: child.counts() for role, child in counting.items()}
    if complaint := outcome.complaint():
        raise BenchError(complaint)
    by_role = {
        role: {name: calls / outcome.requests for name, calls in sorted(names.items()) if calls}
        for role, names in counts.items()
    }
    return Syscalls(connections, outcome.requests, by_role)


def measure(stage: Stage, peers: list[Peer], *, levels: tuple[int, ...], requests: int) -> dict[str, list[Syscalls]]:
    if find_missing("strace"):
        stage.say("syscalls: strace is not installed")
        return {}
    found: dict[str, list[Syscalls]] = {}
    with stage.backend(core=stage.core) as backend:
        for peer in peers:
            stage.say(f"syscalls: {peer.name}")
            with stage.running(peer, backend, core=stage.core) as running:
                found[peer.name] = [count(stage, running, level, requests) for level in levels]
    return found
