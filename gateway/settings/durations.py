"""Spans of time as flags of Go programs hold them, read into seconds."""

import re
from typing import Final

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)
LONGEST: Final = 7 * 24 * 3_600.0  # nothing here is meant to wait for longer, and a typing error should be told


def duration(value: str) -> float:
    """`30s`, `1m30s`, `500ms`: seconds, above 0 and at most a week. Raises ValueError."""
    parts = _PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError("use a duration with its unit, such as 30s or 1m30s")
    return _bounded(sum(float(number) * _UNITS[unit] for number, unit in parts))


def seconds(value: str) -> float:
    """A whole number of seconds, above 0 and at most a week. Raises ValueError."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("use a whole number of seconds, such as 60")
    return _bounded(float(value))


def _bounded(found: float) -> float:
    if not 0 < found <= LONGEST:
        raise ValueError("use more than 0 and at most a week")
    return found
