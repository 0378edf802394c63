"""The types of annotation values. Every value is anchored, bounded and free of control characters once it is parsed.

Numbers and truth values are read as Go reads them, since that is what manifests were written for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,15})(?P<unit>[bkmg]?)", re.ASCII | re.IGNORECASE)
_SIZE_WITH_BYTES: Final = re.compile(r"(?P<size>[0-9]{1,15}[kmg])(i?b)", re.ASCII | re.IGNORECASE)
_DURATION: Final = re.compile(r"(?P<number>[0-9]{1,15})s", re.ASCII)
_UNITS: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_MOST_BYTES: Final = 1 << 50  # a pebibyte: more is a slip of the pen, and sums of it must not overflow
_MOST_SECONDS: Final = 365 * 24 * 3600  # what the data plane accepts; longer means "never" to whoever writes it


class InvalidValueError(ValueError):
    """The value cannot be read."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


class UnsupportedValueError(InvalidValueError):
    """ingress-nginx can honour the value, and this gateway cannot. The routes are closed; but which requests come to
    them may depend on the value all the same, so `value` is applied, if there is one.
    """

    def __init__(self, reason: str, fix: str, value: object = None) -> None:
        super().__init__(reason, fix)
        self.value = value


class Parsed(NamedTuple, Generic[T_co]):
    """`adjusted` says why the value is not the one written; empty when it is."""

    value: T_co
    adjusted: str = ""


@dataclass(frozen=True, slots=True)
class Type(Generic[T]):
    """`name` and `doc` are for the reference page. `parse` gets trimmed text that is not empty and not longer
    than `limits.ANNOTATION_BYTES`.
    """

    name: str
    doc: str
    parse: Callable[[str], Parsed[T]]


def one_line(text: str) -> str:
    """Text as it may be used anywhere: without CR, LF or any other control character."""
    if not text.isprintable():
        raise InvalidValueError("it has control characters or line breaks", "write it on one line of printable text")
    return text


def parse_boolean(text: str) -> Parsed[bool]:
    if text in _TRUE:
        return Parsed(value=True)
    if text in _FALSE:
        return Parsed(value=False)
    raise InvalidValueError("it is neither true nor false", 'write "true" or "false"')


def parse_integer(text: str) -> Parsed[int]:
    if not _INTEGER.fullmatch(text):
        raise InvalidValueError("it is not a whole number", "write digits only")
    return Parsed(int(text))


def parse_seconds(text: str) -> Parsed[int]:
    if not _INTEGER.fullmatch(text):
        if unit := _DURATION.fullmatch(text):
            raise InvalidValueError("it has a unit; the value is in seconds without one", f'write "{unit["number"]}"')
        raise InvalidValueError("it is not a whole number of seconds", 'write digits only, for example "60"')
    seconds = int(text)
    if seconds < 1:
        raise InvalidValueError("a time limit is at least 1 second", 'write "1" or more')
    if seconds > _MOST_SECONDS:
        return Parsed(_MOST_SECONDS, f"the most is {_MOST_SECONDS} seconds (a year)")
    return Parsed(seconds)


def parse_size(text: str) -> Parsed[int]:
    found = _SIZE.fullmatch(text)
    if not found:
        if longer := _SIZE_WITH_BYTES.fullmatch(text):
            raise InvalidValueError("its unit is one letter too long", f'write "{longer["size"].lower()}"')
        raise InvalidValueError(
            "it is not a size: digits and at most one of the units k, m, g", 'write for example "8m"'
        )
    size = int(found["number"]) * _UNITS[found["unit"].lower()]
    if size > _MOST_BYTES:
        return Parsed(_MOST_BYTES, f"the most is {_MOST_BYTES} bytes")
    return Parsed(size)


def parse_text(text: str) -> Parsed[str]:
    return Parsed(one_line(text))


def parse_lines(text: str) -> Parsed[str]:
    return Parsed(text)


def parse_list(text: str) -> Parsed[tuple[str, ...]]:
    return Parsed(tuple(part for item in one_line(text).split(",") if (part := item.strip())))


def parse_networks(text: str) -> Parsed[tuple[str, ...]]:
    networks = []
    for item in parse_list(text).value:
        try:
            networks.append(str(ip_network(item, strict=False)))
        except ValueError:
            reason = f"{item[:60]!r} is neither an address nor a network"
            raise InvalidValueError(
                reason, "write addresses or networks such as 10.0.0.0/8, joined by commas"
            ) from None
    return Parsed(tuple(networks))


def choice(*words: str, ignore_case: bool = False) -> Type[str]:
    """One of some words."""
    listed = ", ".join(words)

    def parse(text: str) -> Parsed[str]:
        for word in words:
            if text == word or (ignore_case and text.lower() == word.lower()):
                return Parsed(word)
        raise InvalidValueError(f"it is none of {listed}", f"write one of {listed}")

    return Type("word", f"one of {', '.join(f'`{word}`' for word in words)}", parse)


BOOLEAN: Final = Type("boolean", "`true` or `false`", parse_boolean)
INTEGER: Final = Type("integer", "a whole number", parse_integer)
SECONDS: Final = Type("seconds", "a whole number of seconds, 1 or more, without a unit", parse_seconds)
SIZE: Final = Type("size", "bytes, or with a unit `k`, `m` or `g` of 1024 each", parse_size)
TEXT: Final = Type("text", "one line of text", parse_text)
LINES: Final = Type("lines", "text", parse_lines)
LIST: Final = Type("list", "items joined by commas", parse_list)
NETWORKS: Final = Type("networks", "addresses or networks in CIDR notation, joined by commas", parse_networks)
ON_OFF: Final = choice("on", "off")
