"""Builds and runs images with no daemon and no registry: buildah, podman and a base made by debootstrap.

Works where the kernel allows little, too: files are copied instead of mounted as overlays (vfs), a build step runs in a
chroot, and a container has no network but its own loopback. Knows nothing of Sallygate.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

BUILD_SECONDS = 1800
TOOLS = {"buildah": "buildah", "podman": "podman", "debootstrap": "debootstrap", "runc": "runc"}  # program → package
SUITES = {(3, 11): "bookworm", (3, 13): "trixie"}  # Debian's Python, which has to be the one that wheels are for
PYTHON = "python3,python3-venv,python3-pip"


class CannotBuildError(Exception):
    """Says what is missing."""


class Containers:
    """Images and containers in `folder`, apart from any that the machine has."""

    def __init__(self, folder: Path) -> None:
        missing = [package for program, package in TOOLS.items() if shutil.which(program) is None]
        if os.geteuid() != 0:
            raise CannotBuildError("images are built by root here")
        if missing:
            raise CannotBuildError(f"not installed: {', '.join(missing)} (Debian packages)")
        if sys.version_info[:2] not in SUITES:
            raise CannotBuildError(
                f"no Debian suite has Python {platform.python_version()}, which wheels are built for"
            )
        self._store = [f"--root={folder}/store", f"--runroot={folder}/run", "--storage-driver=vfs"]
        # Podman's own are higher than some machines allow.
        limits = '"nofile=16384:16384", "nproc=4096:4096"'
        (folder / "containers.conf").write_text(f"[containers]\ndefault_ulimits = [{limits}]\n")
        (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self._policy = f"--signature-policy={folder}/policy.json"
        self._environment = {**os.environ, "TMPDIR": str(folder)}
        self._configured = {"CONTAINERS_CONF": str(folder / "containers.conf")}  # buildah has limits of its own

    def base(self, name: str, cache: Path) -> None:
        """An image of Debian with Python. The archive of it is kept in `cache`."""
        archive = cache / f"{SUITES[sys.version_info[:2]]}.tar"
        if not archive.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            root = cache / "root"
            shutil.rmtree(root, ignore_errors=True)
            suite = SUITES[sys.version_info[:2]]
            self._run(["debootstrap", "--variant=minbase", f"--include={PYTHON}", suite, str(root)])
            self._run(
                [
                    "tar",
                    "--directory",
                    str(root),
                    "--exclude=./var/cache/apt/archives/*.deb",
                    "-cf",
                    f"{archive}.new",
                    ".",
                ]
            )
            shutil.rmtree(root)
            Path(f"{archive}.new").rename(archive)
        self.podman("import", "--quiet", self._policy, str(archive), name)

    def build(self, context: Path, name: str, **arguments: str) -> None:
        words = ["buildah", *self._store, "build", "--isolation=chroot", "--network=host", "--pull-never", self._policy]
        words += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        self._run([*words, "--tag", name, str(context)])

    def run(self, *words: str, beside: str = "") -> str:
        """`podman run` as a strict cluster would: no capability, no new privileges, a read-only root.

        The network is the one of the container `beside`, or a new one that has only a loopback.
        """
        network = f"--network=container:{beside}" if beside else "--network=none"
        strict = [network, "--cap-drop=all", "--security-opt=no-new-privileges"]
        return self.podman("--runtime=runc", "run", *strict, "--read-only", "--read-only-tmpfs=false", *words)

    def podman(self, *words: str) -> str:
        return self._run(["podman", *self._store, "--cgroup-manager=cgroupfs", *words], self._configured)

    def _run(self, words: Sequence[str], more: Mapping[str, str] = MappingProxyType({})) -> str:
        done = subprocess.run(
            words, env={**self._environment, **more}, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
        if done.returncode:
            raise AssertionError(f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout
