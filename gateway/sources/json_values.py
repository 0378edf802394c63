"""JSON text → plain values. Several documents may follow one another, as kubectl allows."""

import json
import re
from collections import Counter
from typing import Any, Final

from msgspec import Struct

from gateway.objects.problems import cut
from gateway.sources.malformed import MalformedError, too_deep
from gateway.verdicts.reasons_objects import MALFORMED, REPEATED_KEY

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class Document(Struct, frozen=True):
    """One document, and where it starts and ends in the text."""

    value: Any
    start: int
    end: int


class _RepeatedKeyError(ValueError):
    pass


def read_json(text: str) -> list[Document]:
    """Every document of the text; raises `MalformedError` if any of them is malformed."""
    found: list[Document] = []
    start = _skip(text, 0)
    while start < len(text):
        try:
            value, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            line, column = place(text, error.pos)
            raise MalformedError(MALFORMED, line, column, error.msg, "correct the JSON") from None
        except _RepeatedKeyError as error:
            fix = "remove one of them"
            raise MalformedError(REPEATED_KEY, *place(text, start), f"{error} is written twice", fix) from None
        except RecursionError:
            raise too_deep(*place(text, start)) from None
        except ValueError as error:  # a number of thousands of digits, NaN, Infinity
            raise MalformedError(MALFORMED, *place(text, start), cut(str(error)), "correct the JSON") from None
        found.append(Document(value, start, end))
        start = _skip(text, end)
    return found


def place(text: str, index: int) -> tuple[int, int]:
    """Line and column of an index, from 0."""
    return text.count("\n", 0, index), index - (text.rfind("\n", 0, index) + 1)


def _skip(text: str, index: int) -> int:
    space = _SPACE.match(text, index)
    return space.end() if space else index


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {_text(name): _text(value) for name, value in pairs}
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise _RepeatedKeyError(cut(names.most_common(1)[0][0]))
    return found


def _text(value: Any) -> Any:
    """Without halves of characters, which JSON escapes allow and UTF-8 does not; Go replaces them in the same way."""
    if isinstance(value, str) and not value.isascii():
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} has no place in JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
