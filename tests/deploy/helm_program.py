"""The helm that the tests call: $HELM, or one built from the pinned module in `helm/`, kept outside the tree.

`python -m tests.deploy.helm_program` builds it if need be (minutes) and prints where it is. Knows nothing of charts.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

MODULE = Path(__file__).parent / "helm"
PACKAGE = "helm.sh/helm/v4/cmd/helm"
BUILD_SECONDS = 1800


class HelmMissingError(Exception):
    """Says what is missing."""


def program() -> Path:
    given = os.environ.get("HELM")
    if given:
        return Path(given)
    digest = hashlib.sha256(b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))).hexdigest()[:16]
    folder = cache() / "helm" / digest
    built = folder / "helm"
    if built.is_file():
        return built
    if shutil.which("go") is None:
        raise HelmMissingError(
            "helm is built with Go, which is not installed; install Go, or set HELM to a helm 3 or 4"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs build it once
        if not built.is_file():
            _build(folder / "helm.new")
            (folder / "helm.new").rename(built)
    return built


def _build(target: Path) -> None:
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(target), PACKAGE]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(
        command, cwd=MODULE, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    if done.returncode:
        raise HelmMissingError(f"helm could not be built:\n{done.stderr[-2000:]}")


def cache() -> Path:
    given = os.environ.get("SALLYGATE_CACHE")
    return Path(given or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sallygate")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{program()}\n")
    except HelmMissingError as missing:
        sys.exit(str(missing))
