"""What all files together define: which definition of an object counts, and what is to be said of which file.

Costs are in proportion to the files and objects that a change touches. Does no I/O and knows no clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import msgspec

from gateway.objects.meta import ObjectKey
from gateway.sources.reading import Definition, FileReading, defined_twice
from gateway.store.events import Delete, Event, Judged, Upsert
from gateway.verdicts.reasons_objects import UNKNOWN_KIND
from gateway.verdicts.verdict import ObjectRef, Origin, Verdict


class _Rank(NamedTuple):
    """The least one counts: one that stays before one that seems to be leaving, then by path."""

    leaving: bool
    path: str


class Catalog:
    def __init__(self) -> None:
        self._files: dict[str, FileReading] = {}
        self._held: dict[str, dict[ObjectKey, Definition]] = {}  # per file, last good ones included
        self._definers: dict[ObjectKey, dict[str, _Rank]] = {}
        self._shadowed: dict[str, set[ObjectKey]] = {}  # per file: what another file defines first
        self._kinds: dict[str, set[str]] = {}  # per kind that nothing reads: the files that have it
        self._first: dict[str, str] = {}  # and the first of them, which is told
        self._complaints: dict[str, Verdict] = {}
        self._said: dict[str, tuple[Verdict, ...]] = {}

    def paths(self) -> AbstractSet[str]:
        """Files that say something, or did before they could not be read."""
        return self._files.keys()

    def reading(self, path: str) -> FileReading | None:
        return self._files.get(path)

    def definition(self, key: ObjectKey) -> Definition | None:
        """The one that counts."""
        definers = self._definers.get(key)
        return self._held[min(definers.values()).path][key] if definers else None

    def complain(self, complaints: Mapping[str, Verdict]) -> list[Event]:
        """What is wrong with paths, in place of what was said before. This is not about what is in files."""
        before, self._complaints = self._complaints, dict(complaints)
        changed = [path for path in {**before, **complaints} if before.get(path) != complaints.get(path)]
        return list(self._judgements(changed))

    def apply(self, readings: Iterable[tuple[FileReading, bool]]) -> tuple[list[Event], set[str]]:
        """Take in files that were read, each with whether it may take objects away yet.

        Returns the events, and the files that seem to have lost objects but may not take them away yet. An editor that
        saves may truncate a file or move it aside for a moment; those objects are served until that is sure.
        """
        before: dict[ObjectKey, Definition | None] = {}
        touched: dict[str, None] = {}
        leaving: set[str] = set()
        for reading, final in readings:
            if self._take(reading, before, touched, final=final):
                leaving.add(reading.path)
        events: list[Event] = []
        for key, old in before.items():
            now = self.definition(key)
            if now is None:
                if old is not None:
                    events.append(Delete(key))
            elif old is None or now.object != old.object or now.path != old.path:
                events.append(Upsert(key, now.object, now.origin))
        events += self._judgements(touched)
        return events, leaving

    def _take(
        self, reading: FileReading, before: dict[ObjectKey, Definition | None], touched: dict[str, None], *, final: bool
    ) -> bool:
        path = reading.path
        touched[path] = None
        self._take_kinds(reading, touched)
        old = self._held.get(path, {})
        held = dict(reading.objects)
        gone: set[ObjectKey] = set()
        for key, definition in old.items():
            if key in held:
                continue
            if not reading.complete or key in reading.broken:
                held[key] = definition
            elif not final:
                held[key] = definition
                gone.add(key)
        for key in old.keys() | held.keys():
            if len(self._definers.get(key, ())) > 1:
                touched.update(dict.fromkeys(self._definers[key]))  # they name each other's lines
            rank = _Rank(key in gone, path)
            same = key in old and key in held and old[key].object is held[key].object
            if same and self._definers[key][path] == rank:
                continue
            before.setdefault(key, self.definition(key))
            self._redefine(key, rank if key in held else None, path, held, touched)
        if reading.exists or held:
            self._files[path] = reading
            self._held[path] = held
        else:
            self._files.pop(path, None)
            self._held.pop(path, None)
            self._shadowed.pop(path, None)
        return bool(gone)

    def _redefine(
        self,
        key: ObjectKey,
        rank: _Rank | None,
        path: str,
        held: dict[ObjectKey, Definition],
        touched: dict[str, None],
    ) -> None:
        """`path` defines `key` with this rank from now on, or no longer. Keeps up who is shadowed."""
        definers = self._definers.setdefault(key, {})
        touched.update(dict.fromkeys(definers))
        if rank is None:
            del definers[path]
            self._shadowed.get(path, set()).discard(key)
        else:
            definers[path] = rank
            self._held.setdefault(path, {})[key] = held[key]
        if not definers:
            del self._definers[key]
            return
        winner = min(definers.values()).path
        for other, standing in definers.items():
            if other == winner or standing.leaving:
                self._shadowed.get(other, set()).discard(key)
            else:
                self._shadowed.setdefault(other, set()).add(key)

    def _take_kinds(self, reading: FileReading, touched: dict[str, None]) -> None:
        known = self._files.get(reading.path)
        before = known.foreign.keys() if known is not None else set()
        for kind in before - reading.foreign.keys():
            left = self._kinds[kind]
            left.discard(reading.path)
            if not left:
                del self._kinds[kind], self._first[kind]
            elif self._first[kind] == reading.path:
                self._first[kind] = min(left)
                touched[self._first[kind]] = None
        for kind in reading.foreign.keys() - before:
            self._kinds.setdefault(kind, set()).add(reading.path)
            first = self._first.get(kind, reading.path)
            if reading.path <= first:
                self._first[kind] = reading.path
                touched[first] = None

    def _judgements(self, touched: Iterable[str]) -> Iterator[Judged]:
        for path in touched:
            verdicts = tuple(self._verdicts(path))
            if verdicts != self._said.get(path, ()):
                if verdicts:
                    self._said[path] = verdicts
                else:
                    del self._said[path]
                yield Judged(path, verdicts)

    def _verdicts(self, path: str) -> Iterator[Verdict]:
        if path in self._complaints:
            yield self._complaints[path]
        reading = self._files.get(path)
        if reading is None:
            return
        yield from reading.verdicts
        for key in sorted(self._shadowed.get(path, ())):
            first = self.definition(key)
            if first is not None:
                yield defined_twice(key, first, self._held[path][key])
        for kind, origin in reading.foreign.items():
            if self._first[kind] == path:
                yield _foreign(kind, origin)


_FOREIGN_FIX: Final = "nothing to do; it is skipped, here and in every other file"


def _foreign(kind: str, origin: Origin) -> Verdict:
    subject = ObjectRef(kind.rpartition(" ")[2])
    said = UNKNOWN_KIND.verdict(subject, "kind", "", f"objects of {kind} are not read", _FOREIGN_FIX)
    return msgspec.structs.replace(said, origin=origin)
