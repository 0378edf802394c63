"""YAML text → plain values, bounded in depth and size.

Works on the events of libyaml instead of PyYAML's loader: that is several times as fast, aliases can be counted before
they are followed, keys that are written twice are seen, and scalars mean what they mean to kubectl (`scalars.py`).
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from yaml import MarkedYAMLError, YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from gateway.objects.problems import cut
from gateway.sources import scalars
from gateway.sources.malformed import DEPTH, NODES, MalformedError, too_deep, too_many
from gateway.verdicts.reasons_objects import MALFORMED

REPEATED: Final = 10  # keys written twice that are named per document


class Repeated(Struct, frozen=True):
    """A key that its mapping has already. The first one is in the value."""

    key: str
    line: int
    column: int


class Value(Struct, frozen=True):
    """One document. Line and column of its start count from 0, within the text."""

    value: Any
    line: int
    column: int
    repeated: tuple[Repeated, ...] = ()


def read_yaml(text: str) -> list[Value]:
    """Every document of the text; raises `MalformedError` if any of them is malformed."""
    try:
        return list(_documents(text))
    except MarkedYAMLError as error:
        raise _malformed(text, error) from None
    except ReaderError as error:
        raise _bad_character(text, error) from None
    except YAMLError as error:
        raise MalformedError(MALFORMED, 0, 0, cut(str(error)), "correct the YAML") from None


def _documents(text: str) -> Iterator[Value]:
    parser = CParser(text)
    try:
        while (event := parser.get_event()) is not None:
            if type(event) is DocumentStartEvent:
                yield _Document().read(parser)
    finally:
        parser.dispose()


class _Open:
    """A collection whose end has not come yet."""

    __slots__ = ("anchor", "items", "key", "mapping", "mark", "merged", "size_before")

    def __init__(self, anchor: str | None, mark: Any, size_before: int, *, mapping: bool) -> None:
        self.anchor = anchor
        self.mark = mark
        self.size_before = size_before
        self.mapping: dict[str, Any] | None = {} if mapping else None
        self.items: list[Any] = []
        self.key: str | _Merge | _Twice | None = None
        self.merged: list[dict[str, Any]] = []


class _Merge:
    """In place of a key: `<<`."""


class _Twice:
    """In place of a key that is there already: its value is read and dropped."""


_MERGE: Final = _Merge()
_TWICE: Final = _Twice()


class _Document:
    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # with the number of values in it, aliases written out
        self._size = 0
        self._repeated: list[Repeated] = []

    def read(self, parser: CParser) -> Value:  # noqa: PLR0915 -- one loop, see below
        """From after the start of a document to the end of its only node.

        Runs a hundred times per Ingress, so what is usual comes first and calls nothing.
        """
        start: Any = None
        stack = self._stack
        get_event = parser.get_event
        words, numeric = scalars.WORDS, scalars.NUMERIC
        value: Any
        while True:
            event: Any = get_event()
            mark = event.start_mark
            start = start or mark
            kind = type(event)
            if kind is ScalarEvent:
                self._size += 1
                value = event.value
                if event.tag is not None or (event.implicit[0] and (value in words or value[0] in numeric)):
                    value = self._scalar(event, mark)
                if event.anchor is not None:
                    self._anchors[event.anchor] = (value, 1)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._size += 1
                if len(stack) >= DEPTH:
                    raise too_deep(mark.line, mark.column)
                stack.append(_Open(event.anchor, mark, self._size - 1, mapping=kind is MappingStartEvent))
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                closed = stack.pop()
                mark = closed.mark
                value = self._close(closed)
            elif kind is AliasEvent:
                value = self._alias(event.anchor, mark)
            else:  # nothing else can stand here
                continue
            if self._size > NODES:
                raise too_many(mark.line, mark.column)
            if not stack:
                return Value(value, start.line, start.column, tuple(self._repeated))
            top = stack[-1]
            mapping = top.mapping
            if mapping is None:
                top.items.append(value)
            elif (key := top.key) is None:
                if type(value) is str and value not in mapping and value != scalars.MERGE:
                    mapping[value] = None  # its place, in the order of writing
                    top.key = value
                else:
                    top.key = self._key(mapping, value, event, mark)
            else:
                if type(key) is str:
                    mapping[key] = value
                elif key is _MERGE:
                    top.merged += self._merged(value, mark)
                top.key = None

    def _scalar(self, event: Any, mark: Any) -> scalars.Scalar:
        text: str = event.value
        try:
            if event.tag is not None:
                return text if event.tag == "!" else scalars.tagged(event.tag, text)
            return scalars.plain(text) if event.implicit[0] else text
        except scalars.NoJsonError as error:
            raise MalformedError(MALFORMED, mark.line, mark.column, str(error), "write it in quotes") from None
        except ValueError:
            reason = "the value does not fit its tag"
            raise MalformedError(MALFORMED, mark.line, mark.column, reason, "remove the tag") from None

    def _alias(self, anchor: str, mark: Any) -> Any:
        known = self._anchors.get(anchor)
        if known is None:  # its name is not repeated: it may be a password that begins with an asterisk
            fix = "define it with & before, or write the text in quotes if it is none"
            text = "an alias (*) names an anchor that is not defined before it"
            raise MalformedError(MALFORMED, mark.line, mark.column, text, fix)
        self._size += known[1]
        return known[0]

    def _key(self, mapping: dict[str, Any], value: Any, event: Any, mark: Any) -> str | _Merge | _Twice:
        if isinstance(value, (dict, list)):
            text = "a collection is used as a key"
            raise MalformedError(MALFORMED, mark.line, mark.column, text, "write a text as key; templates are not read")
        name = scalars.key(value)
        if name == scalars.MERGE and type(event) is ScalarEvent and event.implicit[0]:
            return _MERGE
        if name in mapping:
            if len(self._repeated) < REPEATED:
                self._repeated.append(Repeated(name, mark.line, mark.column))
            return _TWICE
        mapping[name] = None
        return name

    def _merged(self, value: Any, mark: Any) -> list[dict[str, Any]]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            text = "<< merges mappings, and this is none"
            fix = "write an alias of a mapping, or remove it"
            raise MalformedError(MALFORMED, mark.line, mark.column, text, fix)
        return sources

    def _close(self, closed: _Open) -> Any:
        value: Any = closed.items if closed.mapping is None else closed.mapping
        for source in closed.merged:
            for name, member in source.items():
                value.setdefault(name, member)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = (value, self._size - closed.size_before)
        return value


# What newer versions of the parser say by themselves, of flow collections that are nested a thousand deep.
_TOO_DEEP: Final = "maximum nesting depth"


def _malformed(text: str, error: MarkedYAMLError) -> MalformedError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if _TOO_DEEP in (error.problem or ""):
        return too_deep(line, column)
    said = ", ".join(part for part in (error.context, error.problem) if part) or "this is no YAML"
    lines = text.split("\n", line + 1)
    fix = "correct the YAML"
    if line < len(lines) and lines[line][column : column + 1] == "\t":
        fix = "indent with spaces: YAML does not allow tabs"
    return MalformedError(MALFORMED, line, column, said, fix)


def _bad_character(text: str, error: ReaderError) -> MalformedError:
    before = text.encode(errors="replace")[: error.position].decode(errors="ignore")
    line = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    said = f"{error.reason}" if not isinstance(error.character, int) else f"{error.reason} (#x{error.character:04x})"
    return MalformedError(MALFORMED, line, column, said, "remove the character, or write it as an escape in quotes")
