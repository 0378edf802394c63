"""The types of annotation values that speak of HTTP: targets of redirects, names and values of headers, statuses."""

import re
from typing import Final
from urllib.parse import urlsplit

from gateway.translate.ingress.annotations.values import (
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    one_line,
    parse_integer,
    parse_list,
)
from gateway.translate.limits import COUNT, HEADER_VALUE_BYTES, PATH_BYTES
from gateway.translate.variables import unknown_variable

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_SAFE: Final = re.compile(r"[!-~]+", re.ASCII)
_PATH: Final = re.compile(r"/[!-~]*", re.ASCII)


def parse_target(text: str) -> Parsed[str]:
    """Where a redirect leads to, literally."""
    one_line(text)
    if "$" in text:
        raise UnsupportedValueError("variables are not filled in here", "write the target as it is to be sent", text)
    if len(text) > PATH_BYTES:
        raise InvalidValueError(f"it is longer than {PATH_BYTES} bytes", "shorten it")
    if not _SAFE.fullmatch(text):
        raise InvalidValueError("a URL has no spaces and no characters outside ASCII", "write them percent-encoded")
    if text.startswith("/"):
        return Parsed(text)
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname)
    except ValueError:
        sound = False
    if not sound or not text.startswith(("http://", "https://")):
        raise InvalidValueError("it is neither a URL nor a path", "write https://host/path, or a path from / on")
    return Parsed(text)


def parse_path(text: str) -> Parsed[str]:
    if not _PATH.fullmatch(one_line(text)) or len(text) > PATH_BYTES:
        raise InvalidValueError("it is not a path", "write a path that begins with /, percent-encoded where need be")
    return Parsed(text)


def parse_template(text: str) -> Parsed[str]:
    """One line of text with variables."""
    if len(one_line(text).encode()) > HEADER_VALUE_BYTES:
        raise InvalidValueError(f"it is longer than {HEADER_VALUE_BYTES} bytes", "shorten it")
    if found := unknown_variable(text):
        raise UnsupportedValueError(f"there is no variable {found[:40]} here", "use one of those that are supported")
    return Parsed(text)


def parse_token(text: str) -> Parsed[str]:
    if not _TOKEN.fullmatch(text) or len(text) > 256:
        raise InvalidValueError("it is not the name of a header or cookie", "use letters, digits and hyphens")
    return Parsed(text)


def parse_tokens(text: str) -> Parsed[str]:
    """A list of names, as it is sent."""
    names = parse_list(text).value
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise InvalidValueError(f"{name[:40]!r} is not a name", "write names joined by commas")
    return Parsed(", ".join(names))


def parse_count(text: str) -> Parsed[int]:
    number = parse_integer(text).value
    if number < 0:
        raise InvalidValueError("it is less than 0", "write 0 or more")
    if number > COUNT:
        return Parsed(COUNT, f"the most is {COUNT}")
    return Parsed(number)


def parse_value(text: str) -> Parsed[str]:
    if len(one_line(text).encode()) > HEADER_VALUE_BYTES:
        raise InvalidValueError(f"it is longer than {HEADER_VALUE_BYTES} bytes", "shorten it")
    return Parsed(text)


def parse_statuses(text: str) -> Parsed[tuple[int, ...]]:
    """Statuses of errors."""
    found = set()
    for item in parse_list(text).value:
        if not re.fullmatch("[45][0-9][0-9]", item):
            raise InvalidValueError(f"{item[:20]!r} is not a status of an error", "write numbers from 400 to 599")
        found.add(int(item))
    return Parsed(tuple(sorted(found)))


def redirect_code(most: int, default: int) -> Type[int]:
    """A status of a redirect; one that is out of range is `default`, as in ingress-nginx."""

    def parse(text: str) -> Parsed[int]:
        code = parse_integer(text).value
        if 300 <= code <= most:
            return Parsed(code)
        return Parsed(default, f"it is not within 300 and {most}; ingress-nginx uses {default} then")

    return Type("status", f"a status from 300 to {most}; another one counts as {default}", parse)


TARGET: Final = Type("target", "a URL with `http://` or `https://`, or a path; taken literally", parse_target)
PATH: Final = Type("path", "a path that begins with `/`", parse_path)
TEMPLATE: Final = Type("text with variables", "one line of text with variables such as `$host`", parse_template)
TOKEN: Final = Type("name", "the name of a header or cookie", parse_token)
TOKENS: Final = Type("names", "names joined by commas", parse_tokens)
COUNT_TYPE: Final = Type("count", "a whole number, 0 or more", parse_count)
VALUE: Final = Type("text", "one line of text", parse_value)
STATUSES: Final = Type("statuses", "statuses from 400 to 599, joined by commas", parse_statuses)
