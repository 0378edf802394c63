"""What a contender is: something that can be started before a backend, and that says which process does the work."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from bench.accounts import Thread, threads
from bench.child import Child, answers

MOST_FILES = 24_000  # enough to hold 20,000 connections


class Site(Struct, frozen=True):
    """Where a contender is started: its backend, a folder of its own, the core it may use, a program to run it in."""

    backend: str
    folder: Path
    tools: Path
    core: int | None = None
    wrapper: tuple[str, ...] = ()
    patience: float = 30  # seconds until it must take connections


class Running:
    """A started contender. `pid` is the process whose cost is counted; `role` names what a thread of it does."""

    def __init__(
        self,
        child: Child,
        address: str,
        pid: int,
        *,
        log: Path | None = None,
        role: Callable[[Thread], str] = lambda _: "worker",
    ) -> None:
        self.child = child
        self.address = address
        self.pid = pid
        self.log = log
        self.role = role

    def by_role(self) -> dict[str, list[int]]:
        """The thread numbers of each role."""
        found: dict[str, list[int]] = {}
        for thread in threads(self.pid).values():
            found.setdefault(self.role(thread), []).append(thread.tid)
        return found

    def stop(self) -> None:
        self.child.stop()


class Peer(Protocol):
    """One contender. `title` states what it does besides proxying, for the table."""

    name: str
    title: str

    def missing(self) -> str | None:
        """Why it cannot be measured here; None if it can."""

    def version(self) -> str: ...

    def start(self, site: Site) -> Running:
        """Start it and return once it takes connections."""


def most_files() -> int:
    """How many files a contender is told that it may open: what the machine allows, and no more than is of use, as some
    prepare themselves for all of them.
    """
    return min(os.sysconf("SC_OPEN_MAX"), MOST_FILES) - 100


def first_line(command: Sequence[str], marker: str) -> str:
    """The first line of what a command prints, on either stream, that holds `marker`."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip() for line in lines if marker in line), "unknown")


def find_program(name: str) -> str | None:
    """Where a program is; system programs count even if PATH leaves them out."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def wait_until_listening(child: Child, address: str, site: Site) -> None:
    child.wait_for(lambda: answers(address), site.patience, f"listen on {address}")
