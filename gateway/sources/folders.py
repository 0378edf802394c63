"""Paths from the command line → the manifests there are now, and where to watch for that to change.

Symbolic links are followed, in the way of Kubernetes too: it mounts `app.yaml` → `..data/app.yaml`, `..data` →
`..2026_1`, and changes all files at once by pointing `..data` elsewhere. So hidden names are not read, but links
through them are.
"""

# One Path per file would double the cost of a listing, so paths are texts here:
# ruff: noqa: PTH100, PTH112, PTH114, PTH115, PTH116, PTH118, PTH120

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import MISSING_PATH, TOO_MANY_FILES, UNREADABLE

SUFFIXES: Final = (".yaml", ".yml", ".json")
FILES: Final = 100_000  # manifests in all; the notification limits of Linux are reached before
FOLDER_DEPTH: Final = 32  # folders in folders; also ends a walk along links that lead back up
LINKS: Final = 40  # links followed for one path, as in the kernel

Signature = tuple[int, ...]
_GONE: Final = (errno.ENOENT, errno.ENOTDIR)


class Complaint(Struct, frozen=True):
    """Something wrong with a path that is no manifest."""

    reason: Reason
    path: str
    text: str
    fix: str


class Listing(Struct, frozen=True):
    """`files` are the manifests by the path that is shown, with what tells their versions apart (empty: unknown).
    `shown` is that path by the absolute one; `inside` the same for the folders that manifests are looked for in.

    `trees` and `folders` are to be watched, with and without what is below them; `names` are the paths in `folders`
    that matter. All of these are absolute.
    """

    files: dict[str, Signature] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    complaints: dict[str, Complaint] = field(default_factory=dict)
    trees: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def list_manifests(paths: Iterable[Path]) -> Listing:
    """Never raises for what is or is not there."""
    listing = Listing()
    for path in paths:
        _Walk(listing).start(str(path))
    return listing


class News(Enum):
    """What a changed path means."""

    NOTHING = auto()
    MANIFEST = auto()  # this file alone changed
    ANYTHING = auto()


def news(path: str, listing: Listing) -> News:
    """What it means that an absolute path changed. Spares a listing for what editors leave beside the files they save,
    and for new files.
    """
    if path in listing.shown:
        return News.MANIFEST
    if path in listing.inside or path in listing.names:
        return News.ANYTHING
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return News.NOTHING  # it came and went
    folder, name = os.path.split(path)
    if not stat.S_ISREG(mode):
        return News.ANYTHING
    if not name.endswith(SUFFIXES):
        return News.NOTHING
    if folder not in listing.inside or name.startswith("."):
        return News.ANYTHING  # in a new folder, or behind a link
    listing.shown[path] = os.path.join(listing.inside[folder], name)
    return News.MANIFEST


def signature(path: str) -> Signature:
    """Differs between two versions of a file. Empty where it cannot be told."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return _signature(found)


def _signature(found: os.stat_result) -> Signature:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Walk:
    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def start(self, path: str) -> None:
        self._follow(path)
        try:
            found = os.stat(path)
        except OSError as error:
            if error.errno in _GONE:
                self._complain(MISSING_PATH, path, "there is no such file or folder", "create it, or correct the path")
            else:
                self._complain(UNREADABLE, path, f"it cannot be read: {error.strerror}", "make it readable")
            return
        if os.path.isdir(path):
            self._listing.trees.add(os.path.abspath(path))
            self._folder(path, ())
        else:
            self._file(path, _signature(found))

    def _folder(self, path: str, above: tuple[tuple[int, int], ...]) -> None:
        try:
            own = os.stat(path)
            identity = own.st_dev, own.st_ino
            if identity in above:
                return  # a link that leads back up
            if len(above) >= FOLDER_DEPTH:
                text = f"folders are nested more than {FOLDER_DEPTH} deep"
                self._complain(TOO_MANY_FILES, path, text, "name the inner folder instead")
                return
            with os.scandir(path) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if error.errno not in _GONE:
                self._complain(UNREADABLE, path, f"it cannot be read: {error.strerror}", "make it readable")
            return
        self._listing.inside[os.path.abspath(path)] = path
        for entry in inside:
            if entry.name.startswith("."):
                continue
            self._entry(entry, (*above, identity))

    def _entry(self, entry: "os.DirEntry[str]", above: tuple[tuple[int, int], ...]) -> None:
        manifest = entry.name.endswith(SUFFIXES)
        try:
            link = entry.is_symlink()
            if entry.is_dir():
                if link:
                    self._follow(entry.path)
                    self._listing.trees.add(os.path.realpath(entry.path))
                self._folder(entry.path, above)
            elif manifest:
                if link:
                    self._follow(entry.path)
                self._file(entry.path, _signature(entry.stat()))
        except OSError as error:
            if manifest and error.errno not in _GONE:
                self._file(entry.path, ())  # reading it says why it cannot be read

    def _file(self, path: str, found: Signature) -> None:
        whole = os.path.abspath(path)
        if whole in self._listing.shown:
            return  # named twice on the command line
        if len(self._listing.files) >= FILES:
            text = f"there are more than {FILES} manifests"
            self._complain(TOO_MANY_FILES, path, text, "put objects together into larger files")
            return
        self._listing.files[path] = found
        self._listing.shown[whole] = path

    def _follow(self, path: str) -> None:
        """Watch the folder that holds a path, and every one that holds a link on the way to where it leads."""
        pending = os.path.abspath(path)
        for _ in range(LINKS):
            link = _first_link(pending)
            if link is None:
                self._watch(pending)
                return
            place, rest = link
            self._watch(place)
            try:
                target = os.readlink(place)
            except OSError:
                return
            pending = os.path.normpath(os.path.join(os.path.dirname(place), target, rest))

    def _watch(self, path: str) -> None:
        """The nearest folder that exists: where it does not, its parent tells when it comes."""
        while True:
            parent = os.path.dirname(path)
            self._listing.names.add(path)
            if parent == path or os.path.isdir(parent):
                self._listing.folders.add(parent)
                return
            path = parent

    def _complain(self, reason: Reason, path: str, text: str, fix: str) -> None:
        self._listing.complaints.setdefault(path, Complaint(reason, path, text, fix))


def _first_link(path: str) -> tuple[str, str] | None:
    """The first symbolic link on the way along an absolute path, and what comes after it."""
    parts: Sequence[str] = path.strip("/").split("/")
    place = ""
    for index, part in enumerate(parts):
        place = f"{place}/{part}"
        if os.path.islink(place):
            return place, "/".join(parts[index + 1 :])
    return None
