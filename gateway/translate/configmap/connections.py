"""How connections are kept: values as nginx reads them, and what they come to.

nginx has these per process and reads them anew when it is reloaded. Here they hold from the next snapshot on, for
connections that are open, too.
"""

import re
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.values import (
    InvalidValueError,
    Parsed,
    Type,
    parse_integer,
    parse_size,
)
from gateway.translate.rules import Rules

_TIME: Final = re.compile(r"(?:[0-9]{1,9}(?:ms|[smhdwMy])? ?)+", re.ASCII)
_PART: Final = re.compile(r"([0-9]{1,9})(ms|[smhdwMy])?", re.ASCII)
_UNITS: Final = {
    "ms": 1,
    "": 1_000,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "M": 30 * 86_400_000,
    "y": 365 * 86_400_000,
}
MOST_MS: Final = 30 * 86_400_000  # what fits the data plane's 32 bits; a connection does not live longer
MOST_COUNT: Final = 0xFFFF_FFFF
LEAST_HEAD: Final = 1 << 10  # what the data plane accepts
MOST_HEAD: Final = 60 << 10
_USUAL: Final = {
    "client_idle_ms": 75_000,
    "body_timeout_ms": 60_000,
    "request_line_bytes": 8 << 10,
    "head_bytes": 32 << 10,
    "upstream_idle_ms": 60_000,
    "upstream_age_ms": 3_600_000,
}  # what the data plane does unasked, and no flag of it says otherwise: asking for it changes no snapshot
_NO_TIME: Final = "it is not a time as nginx writes it"
_TIME_FIX: Final = 'write a number of seconds such as "60", or with a unit: ms, s, m, h, d'


def parse_time(text: str) -> Parsed[int]:
    """Milliseconds. Seconds without a unit; units may follow each other, as in `1h 30m`."""
    if not _TIME.fullmatch(text):
        raise InvalidValueError(_NO_TIME, _TIME_FIX)
    total = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if total > MOST_MS:
        return Parsed(MOST_MS, "the most is 30 days")
    return Parsed(total)


def parse_waiting(text: str) -> Parsed[int]:
    """As `parse_time`, and at least a millisecond: nobody can be heard in no time."""
    if (found := parse_time(text)).value < 1:
        raise InvalidValueError("no time at all would be over before it began", 'write "1" or more')
    return found


def parse_count(text: str) -> Parsed[int]:
    count = parse_integer(text).value
    if count < 0:
        raise InvalidValueError("there is no negative number of them", 'write "0" or more')
    return Parsed(min(count, MOST_COUNT))


def parse_requests(text: str) -> Parsed[int]:
    """A connection serves one at least: nginx closes with the first answer where 0 is written, too."""
    return Parsed(max(parse_count(text).value, 1))


def parse_buffers(text: str) -> Parsed[tuple[int, int]]:
    """The longest line, and the longest head. nginx gives each line a buffer, or several short ones share one."""
    number, _, size = text.partition(" ")
    if not (number.isascii() and number.isdigit() and size):
        raise InvalidValueError("it is not a number of buffers and their size", 'write for example "4 8k"')
    line = parse_size(size.strip()).value
    head = int(number[:9]) * line
    if line < LEAST_HEAD or head < LEAST_HEAD:
        raise InvalidValueError(f"{line} bytes are too few for any browser", f'write "{int(number[:9]) or 4} 8k"')
    adjusted = f"the longest head is {MOST_HEAD} bytes" if head > MOST_HEAD else ""
    return Parsed((min(line, MOST_HEAD), min(head, MOST_HEAD)), adjusted)


TIME: Final = Type("time", "seconds, or a number with a unit: `ms`, `s`, `m`, `h`, `d`", parse_time)
WAITING: Final = Type("time", "seconds, or a number with a unit: `ms`, `s`, `m`, `h`, `d`; not 0", parse_waiting)
COUNT: Final = Type("count", "a whole number, 0 or more", parse_count)
REQUESTS: Final = Type("count", "a whole number; 0 is taken as 1", parse_requests)
BUFFERS: Final = Type("buffers", "a number and a size, as in `4 8k`", parse_buffers)


def keep(rules: Rules, **changes: int | bool) -> Rules:
    found = {name: None if value == _USUAL.get(name) else value for name, value in changes.items()}
    return replace(rules, connections=replace(rules.connections, **found))


def keep_alive(rules: Rules, milliseconds: int) -> Rules:
    """Without any time to wait, the first answer is the last, as in nginx."""
    return keep(rules, client_idle_ms=milliseconds) if milliseconds else keep(rules, client_requests=1)


def keep_upstreams(rules: Rules, milliseconds: int) -> Rules:
    return keep(rules, upstream_idle_ms=milliseconds) if milliseconds else keep(rules, upstream_idle=0)


def header_buffers(rules: Rules, lengths: tuple[int, int]) -> Rules:
    return keep(rules, request_line_bytes=lengths[0], head_bytes=lengths[1])
