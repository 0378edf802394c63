"""The source `files`: manifests in files and folders, and their changes as they happen."""

import asyncio
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.objects.meta import ObjectKey
from gateway.sources.catalog import Catalog
from gateway.sources.documents import digest, origin_of
from gateway.sources.folders import Listing, News, Signature, list_manifests, news, signature
from gateway.sources.malformed import MalformedError
from gateway.sources.positions import Positions
from gateway.sources.reading import FileReading, Load, LoadError, decode, load, read_file
from gateway.sources.source import Sink
from gateway.sources.watch import Watch
from gateway.store.events import Event, Judged, Synced
from gateway.verdicts.reasons_objects import NOT_WATCHED
from gateway.verdicts.verdict import ObjectRef, Origin, Verdict

TEXTS: Final = 2  # files whose text is kept to find places in it
POSITIONS: Final = 64  # documents whose places are kept
LISTINGS: Final = 3  # in a row, when what is to be watched changes meanwhile; the next look is never far


class Pace(Struct, frozen=True, kw_only=True):
    """Seconds."""

    grace: float = 0.05  # an object counts as gone when it has been so for this long: an editor may be at work
    patience: float = 1.0  # but not longer than this, if its file keeps changing
    look: float = 5.0  # a look at everything, in case the system forgot to tell of a change
    poll: float = 0.3  # the same where the system cannot tell at all
    fresh: float = 0.05  # a file this young may change again within one tick of its time stamps


class _Doubt(Struct):
    """A file that seems to have lost objects."""

    since: float
    due: float


class FilesSource:
    """Reads outside of the event loop; everything that it knows changes only on the loop."""

    name = "files"
    edited = True
    reading = False  # everything is read, whether it is referred to or not

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        pace: Pace = Pace(),  # noqa: B008 -- frozen
        load: Load = load,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = tuple(paths)
        self._pace = pace
        self._load = load
        self._now = now
        self._catalog = Catalog()
        self._watch = Watch(self._changed, monotonic)
        self._awake = asyncio.Event()
        self._all = True  # everything is to be looked at
        self._named: set[str] = set()  # these files are, by the path that is shown
        self._listing = Listing()
        self._signatures: dict[str, Signature] = {}
        self._doubts: dict[str, _Doubt] = {}
        self._watch_said = ""
        self._text = functools.lru_cache(TEXTS)(self._read_text)
        self._positions = functools.lru_cache(POSITIONS)(self._read_positions)

    async def run(self, sink: Sink) -> None:
        try:
            sink([*await self._turn(), Synced(self.name)])
            while True:
                await self._sleep()
                events = await self._turn()
                if events:
                    sink(events)
        finally:
            await self._watch.close()

    def refer(self, keys: AbstractSet[ObjectKey]) -> None:
        """Nothing to do: see `reading`."""

    def origin(self, key: ObjectKey, field: str) -> Origin | None:
        """Where a field of an object is written, or what is nearest to it."""
        found = self._catalog.definition(key)
        if found is None:
            return None
        reading = self._catalog.reading(found.path)
        if reading is None or reading.objects.get(key) is not found:
            return found.origin  # written there once, but the file cannot be read any more
        positions = self._positions(found.path, reading.text_digest, found.chunk.start, found.chunk.end)
        inner = f"{found.placed.path}.{field}" if found.placed.path and field else field
        place = positions.find(found.placed.ordinal, inner) if positions and inner else None
        return origin_of(found.path, found.chunk, place) if place else found.origin

    # --- when to look ---

    def _changed(self, paths: set[str]) -> None:
        self._all = self._all or not paths
        for path in paths:
            match news(path, self._listing):
                case News.MANIFEST:
                    self._named.add(self._listing.shown[path])
                case News.ANYTHING:
                    self._all = True
                case News.NOTHING:
                    pass
        if self._all or self._named:
            self._awake.set()

    async def _sleep(self) -> None:
        """Until something changed, a doubt is due, or it is time for a look at everything."""
        loop = asyncio.get_running_loop()
        longest = self._pace.poll if self._watch.problem else self._pace.look
        due = min((doubt.due for doubt in self._doubts.values()), default=loop.time() + longest)
        try:
            async with asyncio.timeout_at(min(due, loop.time() + longest)):
                await self._awake.wait()
        except TimeoutError:
            self._all = True
        self._awake.clear()

    # --- what to look at ---

    async def _turn(self) -> list[Event]:
        everything, self._all = self._all, False
        named, self._named = self._named, set()
        due = self._due()
        events: list[Event] = []
        if everything or due:
            self._listing = await self._list()
            events += self._complaints(self._listing)
            found = self._listing.files
            changed = {path for path, seen in found.items() if not seen or seen != self._signatures.get(path)}
            changed |= self._catalog.paths() - found.keys()
        else:
            found = {}
            changed = set()
        changed |= named | due
        readings = await asyncio.to_thread(self._read, sorted(changed), found)
        said, leaving = self._catalog.apply((reading, reading.path in due) for reading, _ in readings)
        for reading, seen in readings:
            if reading.exists:
                self._signatures[reading.path] = seen
            else:
                self._signatures.pop(reading.path, None)
        self._doubt({reading.path for reading, _ in readings}, leaving)
        return events + said

    async def _list(self) -> Listing:
        """With a watch on everything that is listed, begun before it was listed."""
        for _ in range(LISTINGS):
            listing = await asyncio.to_thread(list_manifests, self._paths)
            if not await self._watch.follow(listing.trees, listing.folders, listing.names):
                break
        return listing

    def _read(self, paths: Iterable[str], found: dict[str, Signature]) -> list[tuple[FileReading, Signature]]:
        """Runs in a thread, and changes nothing. A signature is taken before its file is read, so it never promises
        what was not seen.
        """
        readings = []
        for path in paths:
            seen = found.get(path) or signature(path)
            reading = read_file(path, self._catalog.reading(path), self._load)
            young = not seen or seen[3] > (self._now() - self._pace.fresh) * 1e9
            settled = reading.complete or reading.text_digest
            readings.append((reading, () if young or not settled else seen))
        return readings

    # --- doubts ---

    def _due(self) -> set[str]:
        now = asyncio.get_running_loop().time()
        return {path for path, doubt in self._doubts.items() if doubt.due <= now}

    def _doubt(self, read: set[str], leaving: set[str]) -> None:
        now = asyncio.get_running_loop().time()
        for path in read - leaving:
            self._doubts.pop(path, None)
        for path in leaving:
            doubt = self._doubts.setdefault(path, _Doubt(now, now))
            doubt.due = min(now + self._pace.grace, doubt.since + self._pace.patience)

    # --- what to say of paths ---

    def _complaints(self, listing: Listing) -> list[Event]:
        said = {
            one.path: _at(one.reason.verdict(ObjectRef(), "", "", one.text, one.fix), one.path)
            for one in listing.complaints.values()
        }
        events: list[Event] = self._catalog.complain(said)
        if self._watch.problem != self._watch_said:
            self._watch_said = self._watch.problem
            events.append(Judged("file watching", tuple(self._not_watched())))
        return events

    def _not_watched(self) -> Iterable[Verdict]:
        if self._watch_said:
            text = f"the system does not report changes of files ({self._watch_said})"
            fix = f"they are looked at every {self._pace.poll} s; raising the limits in fs.inotify may help"
            yield NOT_WATCHED.verdict(ObjectRef(), "", "", text, fix)

    # --- places ---

    def _read_text(self, path: str, expected: bytes) -> str | None:
        """The text of a file, if it still is the one that was read."""
        try:
            text = decode(self._load(path))
        except (OSError, LoadError, MalformedError):
            return None
        return text if digest(text) == expected else None

    def _read_positions(self, path: str, expected: bytes, start: int, end: int) -> Positions | None:
        text = self._text(path, expected)
        return None if text is None else Positions(text[start:end])


def _at(verdict: Verdict, path: str) -> Verdict:
    return msgspec.structs.replace(verdict, origin=Origin(path))
