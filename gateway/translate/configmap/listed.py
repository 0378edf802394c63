"""Lists of values of a header that nobody is served with, as nginx's `map` reads them. Must not know which header."""

from typing import Final

from gateway.ir.filters import Listed
from gateway.translate.ingress.annotations.values import InvalidValueError, Parsed, Type
from gateway.translate.ingress.paths import judge_regex
from gateway.translate.limits import HEADER_VALUE_BYTES, LISTED, LISTED_PATTERNS
from gateway.translate.rules import Rules

_WORDS: Final = frozenset(("default", "hostnames", "include", "volatile"))  # that say something else in a map
_QUOTES: Final = ("'", '"')


def parse_listed(text: str) -> Parsed[Listed]:
    """Entries joined by commas: a value, or an expression after `~` or `~*`. Quotes around one are taken off, and a
    backslash in front says that what follows is a value.
    """
    texts: set[str] = set()
    patterns: set[str] = set()
    patterns_in_any_case: set[str] = set()
    for entry in filter(None, map(str.strip, text.split(","))):
        value = _bare(entry)
        if value.startswith("~*"):
            patterns_in_any_case.add(value[2:])
        elif value.startswith("~"):
            patterns.add(value[1:])
        elif value in _WORDS:
            raise InvalidValueError(f"{value} is a word of nginx's, and no value", f"write \\{value} for the value")
        else:
            texts.add(value.removeprefix("\\").lower())
    if len(texts) > LISTED or len(patterns) + len(patterns_in_any_case) > LISTED_PATTERNS:
        raise InvalidValueError(
            f"there are more than {LISTED} values or {LISTED_PATTERNS} expressions", "join expressions by |"
        )
    if not (texts or patterns or patterns_in_any_case):
        raise InvalidValueError("it lists nothing", "list values, or remove it")
    return Parsed(Listed(*(tuple(sorted(found)) for found in (texts, patterns, patterns_in_any_case))))


def unfit(rules: Rules, listed: Listed) -> str:
    """Why one of the expressions cannot be compiled; empty if they all can."""
    for pattern in (*listed.patterns, *listed.patterns_in_any_case):
        refused = judge_regex(pattern, rules, anywhere=True)[0]
        if refused is not None:
            return f"in {pattern[:60]!r}: {refused.reason}"
    return ""


def _bare(entry: str) -> str:
    if entry[0] in _QUOTES:
        if len(entry) < 2 or entry[-1] != entry[0]:
            raise InvalidValueError(f"{entry[:60]!r} has no second quote", "write both, or none")
        entry = entry[1:-1]
    elif any(character in entry for character in " \t;{}"):
        # nginx would take it for something else than one value.
        raise InvalidValueError(f"{entry[:60]!r} is not one word", "put it between quotes")
    if not entry.isprintable() or len(entry.encode()) > HEADER_VALUE_BYTES:
        raise InvalidValueError("an entry is no line of printable text that fits a header", "write a shorter one")
    if entry in ("~", "~*"):
        raise InvalidValueError("an expression is empty, and would be found in everything", "write one, or remove it")
    return entry


BLOCKED: Final = Type("values", "values, or expressions after `~` or `~*`, joined by commas", parse_listed)
