"""Which answers are compressed, as the options say it → `ir.filters`.

Knows no option by name: those are rows of `configmap/compression.py`.
"""

import re
from typing import Final

from msgspec import Struct

from gateway.ir.filters import Coding, Compression
from gateway.translate.ingress.annotations.values import InvalidValueError, Parsed, Type, parse_integer, parse_text
from gateway.translate.limits import BROTLI_LEVEL, CONTENT_TYPES, PATTERN_BYTES
from gateway.translate.tokens import is_token

_ALWAYS: Final = "text/html"  # as in nginx, whatever the list says
GZIP_TYPES: Final = (
    "application/atom+xml",
    "application/javascript",
    "application/x-javascript",
    "application/json",
    "application/rss+xml",
    "application/vnd.ms-fontobject",
    "application/x-font-ttf",
    "application/x-web-app-manifest+json",
    "application/xhtml+xml",
    "application/xml",
    "font/opentype",
    "image/svg+xml",
    "image/x-icon",
    "text/css",
    "text/javascript",
    "text/plain",
    "text/x-component",
)
BROTLI_TYPES: Final = ("application/xml+rss", *GZIP_TYPES)

_MSIE6: Final = "msie6"  # nginx's word for what follows: 4 to 6, but for the service pack that repaired it
_OLD_BROWSERS: Final = r"MSIE [45]\.|MSIE 6\.(?!.*SV1)"
_LONGEST: Final = 1 << 50  # a pebibyte: no answer is that long, so nothing is compressed
_LIST: Final = re.compile(r"[ \t\r\n]+")


class Asked(Struct, frozen=True):
    """The options as they were read. Defaults are ingress-nginx's."""

    gzip: bool = False
    gzip_level: int = 1
    gzip_min_length: int = 256
    gzip_types: tuple[str, ...] = GZIP_TYPES
    gzip_disable: str = ""
    brotli: bool = False
    brotli_level: int = 4
    brotli_min_length: int = 20
    brotli_types: tuple[str, ...] = BROTLI_TYPES


def compression_of(asked: Asked) -> Compression | None:
    if not (asked.gzip or asked.brotli):
        return None
    return Compression(
        gzip=_coding(asked.gzip_level, asked.gzip_min_length, asked.gzip_types) if asked.gzip else None,
        brotli=_coding(asked.brotli_level, asked.brotli_min_length, asked.brotli_types) if asked.brotli else None,
        no_gzip_for=asked.gzip_disable if asked.gzip else "",
    )


def _coding(level: int, min_length: int, types: tuple[str, ...]) -> Coding:
    return Coding(level, min_length, ("*",) if "*" in types else (_ALWAYS, *types))


def parse_types(text: str) -> Parsed[tuple[str, ...]]:
    found = dict.fromkeys(word.lower() for word in _LIST.split(text) if word)
    for name in found:
        kind, slash, form = name.partition("/")
        if name != "*" and not (slash and is_token(kind) and is_token(form)):
            raise InvalidValueError(f"{name[:60]!r} is not a content type", "write types separated by spaces, or *")
    found.pop(_ALWAYS, None)
    if len(found) >= CONTENT_TYPES:
        raise InvalidValueError(f"{len(found)} types are more than {CONTENT_TYPES - 1}", "list fewer, or write *")
    return Parsed(tuple(found))


def parse_gzip_level(text: str) -> Parsed[int]:
    return Parsed(_within(text, 1, 9))


def parse_brotli_level(text: str) -> Parsed[int]:
    level = _within(text, 0, 11)
    if level > BROTLI_LEVEL:
        why = f"{level} would make answers a hundredth smaller, for several times the time and memory"
        return Parsed(BROTLI_LEVEL, f"{why}; the most is {BROTLI_LEVEL}")
    return Parsed(level)


def parse_length(text: str) -> Parsed[int]:
    length = parse_integer(text).value
    if length < 0:
        raise InvalidValueError("it is less than 0", "write a number of bytes, 0 or more")
    return Parsed(min(length, _LONGEST))


def parse_browsers(text: str) -> Parsed[str]:
    pattern = _OLD_BROWSERS if text == _MSIE6 else parse_text(text).value
    if len(pattern.encode()) > PATTERN_BYTES:
        raise InvalidValueError(f"it is longer than {PATTERN_BYTES} bytes", "shorten it")
    return Parsed(pattern)


def _within(text: str, least: int, most: int) -> int:
    level = parse_integer(text).value
    if not least <= level <= most:
        raise InvalidValueError(f"it is not within {least} and {most}", f"write a number from {least} to {most}")
    return level


TYPES: Final = Type("content types", "content types separated by spaces; `*` is every one", parse_types)
GZIP_LEVEL: Final = Type("level", "a whole number from 1 to 9", parse_gzip_level)
BROTLI_LEVEL_TYPE: Final = Type(
    "level", f"a whole number from 0 to 11; those above {BROTLI_LEVEL} count as {BROTLI_LEVEL}", parse_brotli_level
)
LENGTH: Final = Type("length", "bytes, a whole number, 0 or more", parse_length)
BROWSERS: Final = Type("expression", "a regular expression, in any case; or `msie6`", parse_browsers)
