"""Build the programs of the test cluster, each once for its sources, into a cache outside the tree.

Knows Go and the cache; not what the programs do.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

RIG = Path(__file__).parent / "rig"
CACHE = (
    Path(
        os.environ.get("SALLYGATE_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sallygate"
    )
    / "cluster"
)
GO = (1, 26)
KEPT = 3  # builds of one program: a few branches side by side; `control` alone is 120 MB

# Without its version Kubernetes calls itself v0.0.0, and refuses features.
KUBERNETES = re.compile(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+)")


class UnavailableError(Exception):
    """This machine cannot run the test cluster; the message says what it lacks."""


class Program(Struct, frozen=True):
    """A folder of `cmd`, and whether it is made from `internal` as well."""

    name: str
    internal: bool = False


# The two big ones stand alone: a change of the rig does not compile Kubernetes again.
PROGRAMS = (
    Program("control"),
    Program("etcd"),
    Program("cluster", internal=True),
    Program("container", internal=True),
    Program("echo"),
)


def digest(program: Program) -> str:
    """A short name for everything that the program is made from, but the compiler."""
    folders = [RIG / "cmd" / program.name, *([RIG / "internal"] if program.internal else [])]
    sources = sorted(path for folder in folders for path in folder.rglob("*.go"))
    found = hashlib.sha256()
    for path in [RIG / "go.mod", RIG / "go.sum", *sources]:
        found.update(f"{path.relative_to(RIG)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return found.hexdigest()[:12]


def place(program: Program) -> Path:
    """Where the program is, or will be."""
    return CACHE / f"{program.name}-{digest(program)}"


def built() -> dict[str, Path] | None:
    """Every program by name; None if one has to be built first."""
    places = {program.name: place(program) for program in PROGRAMS}
    return places if all(path.exists() for path in places.values()) else None


def build() -> dict[str, Path]:
    """Build what is missing: minutes for the first time, seconds after a change.

    Raises UnavailableError without Go, CalledProcessError if something does not compile.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for program in PROGRAMS:
            if not place(program).exists():
                _build(program)
        return {program.name: place(program) for program in PROGRAMS}


def _build(program: Program) -> None:
    compiler = go()
    version = KUBERNETES.search((RIG / "go.mod").read_text())
    if version is None:
        message = "go.mod does not name k8s.io/kubernetes"
        raise UnavailableError(message)
    values = {"gitVersion": version[1], "gitMajor": version[2], "gitMinor": version[3]}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())
    target = place(program)
    partial = target.with_suffix(".partial")
    command = [compiler, "build", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {flags}", "-o", str(partial)]
    subprocess.run(
        [*command, f"./cmd/{program.name}"],
        cwd=RIG,
        env=environment(),
        check=True,
    )
    partial.rename(target)
    builds = sorted(CACHE.glob(f"{program.name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[KEPT:]:
        old.unlink()


def environment() -> dict[str, str]:
    """What the compiler is run with: this machine's toolchain and no C."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def go() -> str:
    """The Go compiler. Raises UnavailableError if there is none, or an old one."""
    wanted = ".".join(map(str, GO))
    path = shutil.which("go")
    if path is None:
        message = f"the test cluster is built with Go {wanted} or newer, and there is no `go` on PATH"
        raise UnavailableError(message)
    said = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"go(\d+)\.(\d+)", said)
    if number is None or (int(number[1]), int(number[2])) < GO:
        message = f"the test cluster is built with Go {wanted} or newer, and `go version` says: {said.strip()}"
        raise UnavailableError(message)
    return path
