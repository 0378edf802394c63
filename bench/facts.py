"""What a reader must know of the machine to judge a figure that was measured on it."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peers import PEERS
from bench.peers.peer import first_line
from bench.peers.sallygate import build


def field(text: str, name: str) -> str:
    """The value of `name : value` in a text such as /proc/cpuinfo."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def read(path: str) -> str | None:
    """A file of the kernel; None where this kernel has none."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def usable_cores() -> set[int]:
    return os.sched_getaffinity(0)


def gather(peers: list[str], core: int) -> dict[str, Any]:
    cpu = read("/proc/cpuinfo") or ""
    memory = read("/proc/meminfo") or ""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": field(cpu, "model name"),
        "cpu_flags_hypervisor": "hypervisor" in field(cpu, "flags").split(),
        "cpus": os.cpu_count(),
        "core": core,
        "siblings": read(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"),
        "l2": read(f"/sys/devices/system/cpu/cpu{core}/cache/index2/size"),
        "governor": read(f"/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor"),
        "memory": field(memory, "MemTotal"),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "rustc": first_line(["rustc", "--version"], "rustc"),
        "load_average": os.getloadavg(),
        "versions": {name: PEERS[name].version() for name in peers},
        "build": build(),
    }
