"""Ours: `sallygate run` from the environment the benchmark runs in, one worker, metrics and access log on.

The process that is counted is the data plane. Python's threads only write the log out and are reported on their own,
but the figure is the sum. The supervisor and the control plane are outside the request path and may use the other
cores.
"""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import msgspec

from bench.accounts import Thread, command_line, descendants, release
from bench.child import BenchError, Child, free_port
from bench.manifests import SERVICES, two_hosts
from bench.peers.peer import Running, Site

# Isolated, so that the installed package is asked and not the source tree we stand in.
ASK = "import json; from gateway import _core; print(json.dumps(_core.version()))"
# As with the others: a connection that is closed for its age is no part of what is measured.
UNENDING = {"keep-alive-requests": "1000000000", "upstream-keepalive-requests": "1000000000"}
ADDRESS = re.compile(r"(?P<host>[\d.]+|\[[\d:a-f]+\]):(?P<port>\d+)")


def build() -> dict[str, str] | None:
    """What the installed compiled module says about itself; None if there is none."""
    done = subprocess.run([sys.executable, "-I", "-c", ASK], capture_output=True, text=True, check=False)
    return msgspec.json.decode(done.stdout, type=dict[str, str]) if done.returncode == 0 else None


def program() -> Path:
    return Path(sys.executable).with_name("sallygate")


def address(ready: dict[str, object], name: str) -> str:
    """The `host:port` of a listener in the ready file."""
    found = ADDRESS.search(str(ready.get(name)))
    if found is None:
        raise BenchError(f"the ready file names no address for {name}: {ready}")
    return found[0]


class Gateway(Running):
    """Ours, started: the ready file, and where what it says on stderr is kept."""

    def __init__(self, child: Child, ready: dict[str, object], pid: int, log: Path) -> None:
        def role(thread: Thread) -> str:
            return "worker" if thread.name.startswith("worker-") else "host"

        super().__init__(child, address(ready, "http"), pid, log=log, role=role)
        self.health = address(ready, "health")


def run(site: Site, folder: Path, *, workers: int, maps: dict[str, str], seconds: float = 120) -> Gateway:
    """`sallygate run FOLDER`, ready to serve. `maps` says where each Service really is."""
    ready_file = site.folder / "ready.json"
    log = site.folder / "access.log"
    options = {
        "http-port": "0",
        "https-port": "0",
        "healthz-port": "0",
        "bind-address": "127.0.0.1",
        "workers": str(workers),
        "state-dir": str(site.folder / "state"),
        "ready-file": str(ready_file),
        "access-log": str(log),
        **UNENDING,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    words += [word for name, target in maps.items() for word in ("--map", f"{name}={target}")]
    command = [*site.wrapper, str(program()), "run", str(folder), *words]
    child = Child("sallygate", command, site.folder, core=site.core, stdout=site.folder / "sallygate.stdout")
    try:
        child.wait_for(ready_file.exists, max(seconds, site.patience), "write its ready file")
        ready = json.loads(ready_file.read_text())
        pid = data_plane_below(child.pid)
        for other in {child.pid, *descendants(child.pid)} - {pid}:
            release(other)
        return Gateway(child, ready, pid, log)
    except BenchError:
        child.stop()
        raise


class Apart(Gateway):
    """The two roles as commands of their own, the data plane below another program that slows it down. The supervisor
    stays out of it: it watches its children by a system call that valgrind does not know.
    """

    def __init__(self, child: Child, control: Child, ready: dict[str, object], log: Path) -> None:
        super().__init__(child, ready, child.pid, log)
        self.control = control

    def stop(self) -> None:
        self.control.stop()
        super().stop()


def run_apart(site: Site, folder: Path, *, maps: dict[str, str]) -> Apart:
    """As `run` with one worker, the data plane below `site.wrapper`."""
    log = site.folder / "access.log"
    state = site.folder / "state"
    state.mkdir(mode=0o700)
    ports = {"http": free_port(), "https": free_port(), "healthz": free_port()}
    words = [f"--{name}-port={port}" for name, port in ports.items()]
    words += ["--bind-address=127.0.0.1", "--workers=1", f"--access-log={log}"]
    words += [f"--{name}={value}" for name, value in UNENDING.items()]
    command = [*site.wrapper, str(program()), "dataplane", f"--state-dir={state}", *words]
    child = Child("dataplane", command, site.folder, core=site.core, stdout=site.folder / "dataplane.stdout")
    mapped = [f"--map={name}={target}" for name, target in maps.items()]
    command = [str(program()), "control", f"--state-dir={state}", *mapped, "--", str(folder)]
    control = Child("control", command, site.folder, stdout=site.folder / "control.stdout")
    ready: dict[str, object] = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    gateway = Apart(child, control, ready | {"health": ready["healthz"]}, log)
    try:
        child.wait_for(lambda: is_ready(gateway.health), site.patience, "serve what control published")
    except BenchError:
        gateway.stop()
        raise
    return gateway


def is_ready(health: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{health}/readyz", timeout=5) as page:
            return bool(page.status == HTTPStatus.OK)
    except OSError:
        return False


def data_plane_below(supervisor: int) -> int:
    """Found by its command line, as under a wrapper the ready file may name the wrapper's process."""
    found = [pid for pid in descendants(supervisor) if "dataplane" in command_line(pid)]
    if len(found) != 1:
        raise BenchError(f"{len(found)} data-plane processes below `sallygate run`, and there should be one")
    return found[0]


class Sallygate:
    name = "sallygate"
    title = "forwarded headers, request id, access log (rings, written by the host thread), metrics"

    def __init__(self, write: Callable[[Path], None] = two_hosts) -> None:
        self.write = write

    def missing(self) -> str | None:
        if build() is None or not program().is_file():
            return f"not installed in {sys.prefix}: `pip install .`"
        return None

    def version(self) -> str:
        about = build() or {}
        return f"sallygate/{about.get('version', 'unknown')} ({about.get('profile', 'unknown')} build)"

    def start(self, site: Site) -> Running:
        folder = site.folder / "manifests"
        self.write(folder)
        if site.wrapper:
            return run_apart(site, folder, maps={f"default/{name}": site.backend for name in SERVICES})
        return run(site, folder, workers=1, maps={f"default/{name}": site.backend for name in SERVICES})
