"""One test cluster: start it, share it, reach into it, end it.

The cluster is a process tree in namespaces of its own. What ends it is the death of one process, so nothing of it can
be left over; what it wrote stays in its folder until the next start, to be read after a failure.
"""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.cluster import build
from tests.cluster.api import Api
from tests.cluster.audit import Audit
from tests.cluster.images import ROOT, Image, usual

STARTING = 120.0  # seconds; it takes five on a machine that is not busy
ENDING = 15.0
API_SERVER = "kube-apiserver"
PORT = 6443
# For kube-proxy, for probes that run a command in a container, and to try what the kernel allows.
TOOLS = ("nft", "nsenter", "unshare", "ip")
# What every cluster does, in namespaces that are gone with this shell: a link, a packet filter, a copy-on-write root.
TRIAL = """set -e
ip link add name trial0 type veth peer name trial1
nft add table ip trial
mount -t tmpfs trial "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" trial "$0/root"
"""
TRYING = 30.0  # seconds


class ClusterError(Exception):
    """The cluster did not start, does not run, or refused."""


class State(msgspec.Struct, frozen=True):
    """What a started cluster says of itself; the addresses are empty until it has some."""

    pid: int
    digest: str
    kubeconfig: str
    link: str
    node: str
    host: str  # the machine itself, as pods see it
    load_balancers: str
    pods: str
    services: str


class Cluster:
    """A running cluster."""

    def __init__(self, state: State, folder: Path) -> None:
        self.state = state
        self.folder = folder
        self.host = state.host
        self.kubeconfig = Path(state.kubeconfig)
        self.api = Api(f"{state.node}:{PORT}", folder / "pki")
        self.audit = Audit(folder / "audit.log")

    def components(self) -> dict[str, bool]:
        """Return whether each of etcd and the parts of Kubernetes runs, frozen or not."""
        found: dict[str, bool] = self._door("GET", "/components")
        return found

    def pause(self, component: str = API_SERVER) -> None:
        """Freeze a component: its sockets stay open, and nothing answers."""
        self._door("POST", f"/components/{component}/pause")

    def resume(self, component: str = API_SERVER) -> None:
        """Let a frozen component go on."""
        self._door("POST", f"/components/{component}/resume")

    def stop(self, component: str = API_SERVER) -> None:
        """End a component in good order; connections to it are refused from then on."""
        self._door("POST", f"/components/{component}/stop")

    def kill(self, component: str = API_SERVER) -> None:
        """End a component at once, frozen or not."""
        self._door("POST", f"/components/{component}/kill")

    def start(self, component: str = API_SERVER) -> None:
        """Start a component again; etcd and the API server answer when this returns."""
        self._door("POST", f"/components/{component}/start")

    @contextlib.contextmanager
    def outage(self, *, frozen: bool = False) -> Iterator[None]:
        """The API server is away (or frozen) inside, and answers again after."""
        if frozen:
            self.pause()
        else:
            self.stop()
        try:
            yield
        finally:
            if frozen:
                self.resume()
            self.start()

    def compact(self) -> int:
        """Let etcd forget all but its newest revision, and return that revision.

        Lists that continue from before are told 410 at once. Watches are told when the API server, which remembers
        what it has seen, has been restarted as well.
        """
        found: dict[str, str] = self._door("POST", "/compact")
        return int(found["revision"])

    def add_image(self, name: str, image: Image) -> None:
        """Let containers use an image of this name (`echo`, or `echo:v2` for this tag only)."""
        self._door("PUT", f"/images/{name}", msgspec.to_builtins(image))

    def _door(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("door", timeout=STARTING)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.folder / "door.sock"))
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except OSError as error:
            message = f"the cluster in {self.folder} does not answer: {error}"
            raise ClusterError(message) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            message = f"{method} {path}: {answer['error']}"
            raise ClusterError(message)
        return answer


def home() -> Path:
    """The folder of this tree's cluster: trees do not share one, as each has its own rig and its own gateway."""
    name = os.environ.get("SALLYGATE_CLUSTER") or hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"sallygate-cluster-{name}"  # short: a socket's path must be


def check() -> None:
    """Raise UnavailableError if this machine cannot run a cluster, whatever is built."""
    if os.geteuid() != 0:
        message = "the test cluster makes network namespaces, and must be started by root"
        raise build.UnavailableError(message)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        message = f"the test cluster needs {', '.join(missing)} on PATH (Debian: nftables, util-linux, iproute2)"
        raise build.UnavailableError(message)
    namespaces = [f"--{each}" for each in ("net", "mount", "uts", "ipc", "pid")]
    with tempfile.TemporaryDirectory() as folder:
        command = ["unshare", *namespaces, "--fork", "sh", "-c", TRIAL, folder]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=TRYING, check=False)
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["no word why"])[-1]
        message = f"the test cluster needs network namespaces, links, a packet filter and overlays of its own: {said}"
        raise build.UnavailableError(message)


def running(folder: Path | None = None) -> Cluster | None:
    """The cluster of this tree, if it runs."""
    folder = folder or home()
    state = _state(folder)
    return Cluster(state, folder) if state and state.node and _alive(state, folder) else None


def up(programs: dict[str, Path], *, with_last_user: bool = False) -> Cluster:
    """The running cluster of this tree, started if there is none, or if it was started by another state of the rig.

    with_last_user: a new cluster ends when no process holds `user` any more. Raises ClusterError.
    """
    folder = home()
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted = " ".join(path.name for path in programs.values())
    with (folder / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = running(folder)
        if found and found.state.digest == wanted:
            return found
        _end(folder)
        _sweep(folder)
        configuration = {
            "folder": str(folder),
            "control": str(programs["control"]),
            "etcd": str(programs["etcd"]),
            "container": str(programs["container"]),
            "digest": wanted,
            "images": {name: msgspec.to_builtins(image) for name, image in usual(programs["echo"]).items()},
            "with_last_user": with_last_user,
        }
        (folder / "configuration.json").write_text(json.dumps(configuration))
        try:
            subprocess.run(
                [programs["cluster"], "up", folder / "configuration.json"],
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=STARTING,
            )
        except subprocess.SubprocessError as error:
            _end(folder)
            message = f"the cluster did not start (logs in {folder}): {getattr(error, 'stderr', None) or error}"
            raise ClusterError(message) from error
        started = running(folder)
        if started is None:
            message = f"the cluster ended at once: logs in {folder}"
            raise ClusterError(message)
        return started


def down() -> bool:
    """End the cluster of this tree. It says whether there was one."""
    folder = home()
    if not folder.exists():
        return False
    with (folder / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _end(folder)


@contextlib.contextmanager
def user() -> Iterator[None]:
    """Count as a user of the cluster inside; if one is just ending, wait until it has."""
    folder = home()
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "users.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _state(folder: Path) -> State | None:
    try:
        return msgspec.json.decode((folder / "state.json").read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def _alive(state: State, folder: Path) -> bool:
    """Whether the process is there and is ours: a number may be another's by now."""
    try:
        words = Path(f"/proc/{state.pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(folder / "configuration.json").encode() in words


def _end(folder: Path) -> bool:
    state = _state(folder)
    if state is None or not _alive(state, folder):
        return False
    os.kill(state.pid, signal.SIGTERM)
    if not _gone(state, folder):
        os.kill(state.pid, signal.SIGKILL)
        if not _gone(state, folder):
            message = f"process {state.pid} of the cluster in {folder} does not end"
            raise ClusterError(message)
    return True


def _gone(state: State, folder: Path) -> bool:
    link = Path("/sys/class/net") / (state.link or "none")
    deadline = time.monotonic() + ENDING
    while _alive(state, folder) or link.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _sweep(folder: Path) -> None:
    """Take away what the last cluster wrote; the locks stay, as others may hold them."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix != ".lock":
            path.unlink()
