"""One file → what it says now. A file that cannot be read says nothing new, and never raises."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from gateway.objects.kinds import Object
from gateway.objects.meta import ObjectKey
from gateway.sources.documents import Chunk, Parsed, Placed, chunks, digest, is_json, origin_of, parse_chunk
from gateway.sources.malformed import MalformedError
from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import DEFINED_TWICE, MALFORMED, TOO_LARGE, UNREADABLE
from gateway.verdicts.verdict import ObjectRef, Origin, Verdict

FILE_BYTES: Final = 64 * 1024 * 1024  # 100,000 Ingresses of usual size; all of it is held in memory while it is read

Load = Callable[[str], bytes]


class Definition(NamedTuple):
    """An object, and where it was written."""

    object: Object
    path: str
    chunk: Chunk
    placed: Placed

    @property
    def origin(self) -> Origin:
        return origin_of(self.path, self.chunk, self.placed.place)


class FileReading(Struct, frozen=True):
    """`complete` is false where something in the file could not be told, so that what it said before may still hold."""

    path: str
    objects: Mapping[ObjectKey, Definition] = {}
    verdicts: tuple[Verdict, ...] = ()
    broken: frozenset[ObjectKey] = frozenset()
    complete: bool = True
    foreign: Mapping[str, Origin] = {}
    text_digest: bytes = b""
    parsed: Mapping[bytes, Parsed] = {}  # by the digest of the text, for the next time
    exists: bool = True


class LoadError(Exception):
    """Why a file is not read, though it is there."""

    def __init__(self, reason: Reason, text: str, fix: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.fix = fix


def load(path: str) -> bytes:
    """The content of a regular file of bounded size. Does not hang on pipes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise LoadError(UNREADABLE, "it is not a regular file", "name a file or a folder of files")
        content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise LoadError(TOO_LARGE, f"it is larger than {FILE_BYTES} bytes", "split it into several files")
    return content


def read_file(path: str, before: FileReading | None, load: Load = load) -> FileReading:
    """Documents whose text `before` has as well are not parsed again."""
    try:
        return _read(path, before, load)
    except Exception as error:  # noqa: BLE001 -- our own mistake; it must not keep the other files from being read
        said = LoadError(UNREADABLE, f"internal error: {type(error).__name__}", "please report this")
        return _unread(before, said, Origin(path))


def _read(path: str, before: FileReading | None, load: Load) -> FileReading:
    try:
        text = decode(load(path))
    except LoadError as error:
        return _unread(before, error, Origin(path))
    except MalformedError as error:
        return _unread(before, error, _origin(path, error))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return FileReading(path, exists=False)
        said = LoadError(UNREADABLE, f"it cannot be read: {error.strerror or error}", "make it readable")
        return _unread(before, said, Origin(path))
    whole = digest(text)
    if before is not None and before.text_digest == whole:
        return before
    return _read_text(path, text, whole, before)


def _read_text(path: str, text: str, whole: bytes, before: FileReading | None) -> FileReading:
    json = is_json(path)
    try:
        pieces = list(chunks(text, json=json))
    except MalformedError as error:
        return _unread(before, error, _origin(path, error), whole)
    known = before.parsed if before is not None else {}
    parsed: dict[bytes, Parsed] = {}
    read: list[tuple[Chunk, Parsed]] = []
    for chunk in pieces:
        part = text[chunk.start : chunk.end]
        name = digest(part)
        found = parsed.get(name) or known.get(name) or parse_chunk(part, json=json)
        parsed[name] = found
        read.append((chunk, found))
    objects: dict[ObjectKey, Definition] = {}
    verdicts: list[Verdict] = []
    foreign: dict[str, Origin] = {}
    for chunk, found in read:
        verdicts += (remark.verdict(path, chunk) for remark in found.remarks)
        for kind, place in found.foreign.items():
            foreign.setdefault(kind, origin_of(path, chunk, place))
        for placed in found.objects:
            definition = Definition(placed.object, path, chunk, placed)
            first = objects.setdefault(placed.key, definition)
            if first is not definition:
                verdicts.append(defined_twice(placed.key, first, definition))
    return FileReading(
        path,
        objects,
        tuple(verdicts),
        frozenset().union(*(found.broken for _, found in read)),
        not any(found.unknown for _, found in read),
        foreign,
        whole,
        parsed,
    )


def defined_twice(key: ObjectKey, first: Definition, second: Definition) -> Verdict:
    """Said of the second definition, which does not count."""
    text = f"{ObjectRef(*key)} is defined at {first.origin} already"
    said = DEFINED_TWICE.verdict(ObjectRef(*key), "metadata.name", key.name, text, "remove or rename one of the two")
    return msgspec.structs.replace(said, origin=second.origin)


def _unread(
    before: FileReading | None, error: LoadError | MalformedError, origin: Origin, whole: bytes = b""
) -> FileReading:
    said = msgspec.structs.replace(error.reason.verdict(ObjectRef(), "", "", error.text, error.fix), origin=origin)
    parsed = before.parsed if before is not None else {}
    return FileReading(origin.file, verdicts=(said,), complete=False, text_digest=whole, parsed=parsed)


def _origin(path: str, error: MalformedError) -> Origin:
    return Origin(path, error.line + 1, error.column + 1)


def decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start)
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1)
        raise MalformedError(MALFORMED, line, column, "the text is not UTF-8", "save it as UTF-8") from None
