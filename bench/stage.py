"""Where measurements happen: the tools, the core, and a fresh folder for each thing that is started."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.peers import PEERS, Peer, Running, Site
from bench.traffic import Backend


class Stage:
    """Shared by all measures of one run."""

    def __init__(self, tools: Path, folder: Path, core: int) -> None:
        self.tools = tools
        self.folder = folder
        self.core = core
        self.numbers = count()

    def say(self, text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def fresh(self, name: str) -> Path:
        folder = self.folder / f"{next(self.numbers)}-{name}"
        folder.mkdir()
        return folder

    @contextmanager
    def backend(self, text: str = "", *, core: int | None = None) -> Iterator[Backend]:
        with Backend(self.tools, self.fresh("backend"), core=core, text=text) as backend:
            yield backend

    @contextmanager
    def running(
        self, peer: Peer, backend: Backend, *, core: int | None = None, wrapper: tuple[str, ...] = ()
    ) -> Iterator[Running]:
        # A program that runs under another one starts many times slower.
        patience = 300 if wrapper else 30
        site = Site(backend.address, self.fresh(peer.name), self.tools, core, wrapper, patience)
        running = peer.start(site)
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def stage(tools: Path, core: int) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="sallygate-bench-") as folder:
        yield Stage(tools, Path(folder), core)


def present(names: list[str]) -> tuple[list[Peer], dict[str, str]]:
    """The contenders of these names that are here, and why the others are not."""
    absent = {name: reason for name in names if (reason := PEERS[name].missing()) is not None}
    return [PEERS[name] for name in names if name not in absent], absent
