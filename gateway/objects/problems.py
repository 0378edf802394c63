"""What can be wrong with an object before anyone asks what it means. Must not know codes or severities."""

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct

VALUE_LENGTH: Final = 80  # of a value or name that is repeated: a person reads it, and an annotation may hold megabytes
PROBLEMS: Final = 20  # named per object; whoever made more mistakes than these has one mistake to find first


class Flaw(Enum):
    NOT_AN_OBJECT = auto()
    OLD_VERSION = auto()
    BAD_NAME = auto()
    WRONG_TYPE = auto()
    MISSING_FIELD = auto()
    UNKNOWN_FIELD = auto()  # the only one that leaves the object usable, with NO_NAMESPACE
    NO_NAMESPACE = auto()
    NOT_TEXT = auto()
    ANNOTATIONS_TOO_LARGE = auto()
    BAD_BASE64 = auto()
    MORE = auto()


HARMLESS: Final = frozenset({Flaw.UNKNOWN_FIELD, Flaw.NO_NAMESPACE})


class Problem(Struct, frozen=True):
    """`field` is a path such as `spec.rules[0].host`; `value` is short, and empty wherever it could be a secret."""

    flaw: Flaw
    field: str
    value: str
    reason: str
    fix: str


class Problems:
    """Gathers the problems of one object. `secretive` keeps every value out."""

    def __init__(self, *, secretive: bool) -> None:
        self._secretive = secretive
        self._found: list[Problem] = []
        self._more = 0
        self.fatal = False

    def add(self, flaw: Flaw, field: str, value: object, reason: str, fix: str) -> None:
        self.fatal = self.fatal or flaw not in HARMLESS
        if len(self._found) >= PROBLEMS:
            self._more += 1
            return
        shown = "" if self._secretive else text_of(value)
        self._found.append(Problem(flaw, cut(field, 4 * VALUE_LENGTH), shown, reason, fix))

    def all(self) -> tuple[Problem, ...]:
        if not self._more:
            return tuple(self._found)
        reason = f"{self._more} more problems are not named one by one"
        return (*self._found, Problem(Flaw.MORE, "", "", reason, "correct the others first"))


def cut(text: str, length: int = VALUE_LENGTH) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def text_of(value: object) -> str:
    """A scalar as JSON would write it, without quotes; nothing for what has no short text."""
    match value:
        case str():
            return cut(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return cut(str(value))
        case _:
            return ""


_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def member(path: str, name: str) -> str:
    """The path of a member: `spec.rules`, or `metadata.annotations[a.example/b]` where a dot would mislead."""
    if _PLAIN_KEY.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f"{path}[{cut(name)}]"
