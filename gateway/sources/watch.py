"""Tells when something happens below watched folders. Must not know what is in the files.

Folders are watched, never files: an editor that writes aside and renames, or Kubernetes swapping a link, leaves a watch
on the old file behind. Where the system cannot watch (limits, odd file systems), `problem` says so, and the caller
looks again and again instead.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from typing import Final

from watchfiles import awatch

from gateway.base.backoff import Backoff

STEP_MS: Final = 10  # changes are passed on once none has come for so long: a truncation and the write after it are one
GATHER_MS: Final = 100  # and in any case after this

Report = Callable[[set[str]], None]


class Watch:
    """`report` is given absolute paths, and an empty set where anything may have changed."""

    def __init__(self, report: Report, monotonic: Callable[[], float]) -> None:
        self._report = report
        self._monotonic = monotonic
        self._backoff = Backoff(first=1.0, longest=60.0)
        self._retry_at = 0.0
        self._watched: dict[str, tuple[bool, int, int]] = {}
        self._names: frozenset[str] = frozenset()
        self._tasks: list[asyncio.Task[None]] = []
        self.problem = ""

    async def follow(self, trees: Iterable[str], folders: Iterable[str], names: Iterable[str]) -> bool:
        """Watch these from now on. True if they were not watched before: then something may have been missed."""
        inside = tuple(f"{tree.rstrip('/')}/" for tree in trees)
        flat = [folder for folder in folders if not f"{folder.rstrip('/')}/".startswith(inside)]
        wanted = {**_identities(flat, recursive=False), **_identities(trees, recursive=True)}
        self._names = frozenset(names)
        if wanted == self._watched and (not self.problem or self._monotonic() < self._retry_at):
            return False
        await self.close()
        self._watched = wanted
        for recursive in (True, False):
            paths = [path for path, kind in wanted.items() if kind[0] == recursive]
            if paths:
                self._tasks.append(asyncio.create_task(self._pump(paths, recursive=recursive), name="watch"))
        await asyncio.sleep(0)  # the tasks begin to watch before they first wait
        return True

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watched = {}
        self.problem = ""

    async def _pump(self, paths: list[str], *, recursive: bool) -> None:
        relevant = self._below if recursive else self._named
        bases = tuple(f"{path.rstrip('/')}/" for path in paths)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                async for changes in awatch(
                    *paths,
                    watch_filter=None,
                    debounce=GATHER_MS,
                    step=STEP_MS,
                    recursive=recursive,
                    ignore_permission_denied=True,
                ):
                    found = {path for _, path in changes if relevant(path, bases)}
                    if found:
                        self._report(found)
        except (OSError, RuntimeError, ExceptionGroup) as error:
            self.problem = str(error)
            self._retry_at = self._monotonic() + self._backoff.next()
            self._report(set())

    def _named(self, path: str, _bases: tuple[str, ...]) -> bool:
        return path in self._names

    def _below(self, path: str, bases: tuple[str, ...]) -> bool:
        """Hidden files and folders say nothing (think of .git), save the double dots of a Kubernetes mount."""
        if path in self._names:
            return True
        base = max((base for base in bases if path.startswith(base)), key=len, default="")
        parts = path.removeprefix(base).split("/")
        return all(not part.startswith(".") or part.startswith("..") for part in parts)


def _identities(paths: Iterable[str], *, recursive: bool) -> dict[str, tuple[bool, int, int]]:
    """A folder that was removed and made anew is another one, and the watch on the old one is dead."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.stat(path)  # noqa: PTH116 -- paths are texts throughout
            found[path] = (recursive, status.st_dev, status.st_ino)
    return found
