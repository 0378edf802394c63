"""The access log as the options of the gateway ask for it: the form of its lines, and which requests are in it."""

from enum import StrEnum

from msgspec import Struct


class Escape(StrEnum):
    """How values are written into a line."""

    DEFAULT = "default"
    JSON = "json"
    NONE = "none"


class SkipPattern(Struct, frozen=True, omit_defaults=True):
    """Requests whose target matches are not in the log. It may match anywhere."""

    pattern: str
    ignore_case: bool = False


class AccessLog(Struct, frozen=True, omit_defaults=True):
    """For every listener; a change holds for the next request."""

    format: tuple[str, ...] = ()  # texts and names of variables in turn, a text first; empty: as the flags say
    escape: Escape = Escape.DEFAULT
    skip: tuple[str, ...] = ()  # targets that are not in it, in lower case; case does not count
    skip_patterns: tuple[SkipPattern, ...] = ()
    unrouted: bool = True  # requests for hosts that nobody serves
    enabled: bool = True  # whatever no route speaks for, such as heads that are refused
