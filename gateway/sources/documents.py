"""The text of a manifest → its documents → objects, and what is wrong with each.

A manifest is cut at its `---` lines before anything is parsed, as kubectl does: a mistake in one document leaves the
others alone, and a document whose text did not change need not be parsed again.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.objects.parse import Reading, expand, parse
from gateway.objects.problems import cut
from gateway.sources.json_values import read_json
from gateway.sources.malformed import MalformedError
from gateway.sources.positions import Place, Positions
from gateway.sources.yaml_values import Value, read_yaml
from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import OF_FLAW, REPEATED_KEY
from gateway.verdicts.verdict import ObjectRef, Origin, Verdict

_SEPARATOR: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NO_CONTENT: Final = re.compile(r"(?:(?:[ \t]*(?:#[^\n]*)?|%[^\n]*|---[ \t]*(?:#[^\n]*)?|\.\.\.[ \t]*)\r?(?:\n|\Z))*")
_JSON: Final = ".json"


class Chunk(NamedTuple):
    """A piece of a file's text that is parsed on its own. Line and column of its start count from 0."""

    start: int
    end: int
    line: int
    column: int


class Remark(Struct, frozen=True):
    """A verdict whose place is still relative to its chunk."""

    reason: Reason
    object: ObjectRef
    field: str
    value: str
    text: str
    fix: str
    place: Place

    def verdict(self, path: str, chunk: Chunk) -> Verdict:
        said = self.reason.verdict(self.object, self.field, self.value, self.text, self.fix)
        return msgspec.structs.replace(said, origin=origin_of(path, chunk, self.place))


class Placed(Struct, frozen=True):
    """An object, and where it is: in which document of its chunk, under which path, starting where."""

    key: ObjectKey
    object: Object
    ordinal: int
    path: str
    place: Place


class Parsed(Struct, frozen=True):
    """What a chunk says. It depends on nothing but its text.

    `broken` are objects that are there and could not be read; `unknown` says that something is there of which not even
    that can be told. `foreign` are the kinds that nothing here reads, each with its first place.
    """

    objects: tuple[Placed, ...] = ()
    remarks: tuple[Remark, ...] = ()
    broken: frozenset[ObjectKey] = frozenset()
    unknown: bool = False
    foreign: Mapping[str, Place] = {}


def is_json(path: str) -> bool:
    return path.endswith(_JSON)


def chunks(text: str, *, json: bool) -> Iterator[Chunk]:
    """Raises `MalformedError` for JSON only, which has no mark between documents."""
    if json:
        for document in read_json(text):
            line = text.count("\n", 0, document.start)
            column = document.start - (text.rfind("\n", 0, document.start) + 1)
            yield Chunk(document.start, document.end, line, column)
        return
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text) if found.start())]
    line = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        skipped = _NO_CONTENT.match(text, start, end)
        if skipped is None or skipped.end() < end:
            yield Chunk(start, end, line, 0)
        line += text.count("\n", start, end)


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def parse_chunk(text: str, *, json: bool) -> Parsed:
    """Never raises for what a text holds."""
    try:
        values = [Value(one.value, 0, 0) for one in read_json(text)] if json else read_yaml(text)
    except MalformedError as error:
        place = Place(error.line, error.column)
        remark = Remark(error.reason, ObjectRef(), "", "", error.text, error.fix, place)
        return Parsed(remarks=(remark,), unknown=True)
    reader = _Chunk(text)
    for ordinal, value in enumerate(values):
        if value.value is not None:
            reader.document(ordinal, value)
    return reader.parsed()


def origin_of(path: str, chunk: Chunk, place: Place) -> Origin:
    column = place.column + (chunk.column if place.line == 0 else 0)
    return Origin(path, chunk.line + place.line + 1, column + 1)


class _Chunk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._positions: Positions | None = None
        self._objects: list[Placed] = []
        self._remarks: list[Remark] = []
        self._broken: set[ObjectKey] = set()
        self._unknown = False
        self._foreign: dict[str, Place] = {}

    def parsed(self) -> Parsed:
        return Parsed(tuple(self._objects), tuple(self._remarks), frozenset(self._broken), self._unknown, self._foreign)

    def document(self, ordinal: int, value: Value) -> None:
        start = Place(value.line, value.column)
        subject = ObjectRef()
        for path, raw in expand(value.value):
            reading = parse(raw)
            subject = _subject(raw, reading)
            place = self._find(ordinal, path, start) if path else start
            self._judge(reading, subject, ordinal, path, start)
            if reading.foreign:
                self._foreign.setdefault(reading.foreign, place)
            elif reading.key is None:
                self._unknown = True
            elif reading.object is None or value.repeated:
                self._broken.add(reading.key)
            else:
                self._objects.append(Placed(reading.key, reading.object, ordinal, path, place))
        for twice in value.repeated:
            text = f"the key {cut(twice.key)} is in its mapping already"
            place = Place(twice.line, twice.column)
            self._remarks.append(Remark(REPEATED_KEY, subject, "", cut(twice.key), text, "remove one of them", place))

    def _judge(self, reading: Reading, subject: ObjectRef, ordinal: int, path: str, start: Place) -> None:
        for problem in reading.problems:
            field = f"{path}.{problem.field}" if path and problem.field else path or problem.field
            place = self._find(ordinal, field, start)
            reason = OF_FLAW[problem.flaw]
            self._remarks.append(
                Remark(reason, subject, problem.field, problem.value, problem.reason, problem.fix, place)
            )

    def _find(self, ordinal: int, field: str, start: Place) -> Place:
        if not field:
            return start
        if self._positions is None:
            self._positions = Positions(self._text)
        return self._positions.find(ordinal, field) or start


def _subject(raw: object, reading: Reading) -> ObjectRef:
    """Which object is spoken of, as far as that can be told."""
    if reading.key is not None:
        return ObjectRef(*reading.key)
    kind = raw.get("kind") if isinstance(raw, dict) else None
    return ObjectRef(cut(kind)) if isinstance(kind, str) else ObjectRef()
