"""How the values read that are about tries and about bodies that wait for them: in annotations and in the ConfigMap."""

from typing import Final

from msgspec.structs import replace

from gateway.ir.policy import Retries
from gateway.translate.ingress.annotations.values import (
    SIZE,
    InvalidValueError,
    Parsed,
    Type,
    parse_integer,
    parse_seconds,
    parse_size,
)

_STATUSES: Final = {f"http_{status}": status for status in (403, 404, 429, 500, 502, 503, 504)}
_CONDITIONS: Final = ("error", "timeout", "invalid_header", *_STATUSES, "non_idempotent", "off")
MOST_TRIES: Final = 100  # what the data plane accepts; each try is written to the access log
_MOST_MEMORY: Final = 64 << 20  # what the data plane accepts; beyond it the disk does as well


def parse_conditions(text: str) -> Parsed[Retries]:
    """Words with spaces between them. `off` rules all others out, as in nginx."""
    words = frozenset(text.split())
    for word in sorted(words.difference(_CONDITIONS)):
        listed = ", ".join(_CONDITIONS)
        raise InvalidValueError(f"{word[:40]!r} is none of {listed}", "write some of these, with spaces between them")
    if "off" in words:
        return Parsed(Retries(error=False, timeout=False))
    retries = Retries(
        error="error" in words,
        timeout="timeout" in words,
        invalid="invalid_header" in words,
        statuses=tuple(status for word, status in _STATUSES.items() if word in words),
        non_idempotent="non_idempotent" in words,
    )
    return Parsed(retries)


def parse_tries(text: str) -> Parsed[int]:
    """0 is as many as there can be."""
    tries = parse_integer(text).value
    if tries < 0:
        raise InvalidValueError("there is no negative number of tries", 'write "1" or more, or "0" for no limit')
    if tries > MOST_TRIES:
        return Parsed(MOST_TRIES, f"the most is {MOST_TRIES}")
    return Parsed(tries or MOST_TRIES)


def parse_budget(text: str) -> Parsed[int]:
    """Seconds; 0 is no limit."""
    return Parsed(0) if text == "0" else parse_seconds(text)


def parse_memory(text: str) -> Parsed[int]:
    size = parse_size(text).value
    if size > _MOST_MEMORY:
        return Parsed(_MOST_MEMORY, f"the most is {_MOST_MEMORY} bytes")
    return Parsed(size)


CONDITIONS: Final = Type(
    "conditions", f"some of {', '.join(f'`{word}`' for word in _CONDITIONS)}, with spaces between", parse_conditions
)
TRIES: Final = Type("tries", f"a whole number up to {MOST_TRIES}; 0 is the most", parse_tries)
BUDGET: Final = Type("seconds or 0", "a whole number of seconds; 0 is no limit", parse_budget)
MEMORY: Final = Type("size", f"{SIZE.doc}, up to 64m", parse_memory)


def conditions_over(old: Retries, new: Retries) -> Retries:
    """New conditions, with the time limit as it was. That POST and the like may be repeated was said for everybody."""
    return replace(new, budget_ms=old.budget_ms, non_idempotent=old.non_idempotent or new.non_idempotent)
