"""What is written down."""

import re
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.log import Escape, SkipPattern
from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.log_format import FORMAT, USUAL, Format, compiled
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError, Parsed, Type
from gateway.translate.rules import Rules

_planned = partial(Option, family="logs", support=Support.PLANNED)
_idle = partial(Option, family="logs", support=Support.NO_EFFECT)
_supported = partial(Option, family="logs", support=Support.SUPPORTED)

USUAL_PATH: Final = "/var/log/nginx/access.log"  # in ingress-nginx's image a link to stdout
_BY_A_FLAG: Final = "a flag says where it is written, and without one that is stdout"
MOST_SKIPS: Final = 100  # what the data plane accepts: each request is compared with all of them


def _formatted(rules: Rules, value: Format) -> Rules:
    return replace(rules, log=replace(rules.log, format=value.parts))


def _escaped(rules: Rules, escape: Escape) -> Rules:
    """It holds for the usual form, too, which then has to be spelled out."""
    parts = rules.log.format or compiled(USUAL).parts
    return replace(rules, log=replace(rules.log, format=parts, escape=escape))


def _unlogged(rules: Rules, value: bool) -> Rules:
    return replace(rules, logged=False, log=replace(rules.log, enabled=False)) if value else rules


def _parse_skips(text: str) -> Parsed[tuple[str, ...]]:
    found = tuple(part for part in map(str.strip, text.split(",")) if part)
    if len(found) > MOST_SKIPS:
        raise InvalidValueError(f"{len(found)} are more than {MOST_SKIPS}", "join some of them in one expression")
    odd = next((part for part in found if re.search(r"[\s;{}]", part) or not part.isprintable()), None)
    if odd is not None:
        raise InvalidValueError(
            f"{odd!r} is no key of an nginx map", "write targets or ~ and an expression, without spaces"
        )
    return Parsed(found)


def _patterns(found: tuple[str, ...]) -> tuple[SkipPattern, ...]:
    """As nginx reads the keys of a map: `~` and an expression, or `~*` and one that ignores case."""
    return tuple(
        SkipPattern(one[2:], ignore_case=True) if one.startswith("~*") else SkipPattern(one[1:])
        for one in found
        if one.startswith("~")
    )


def _unfit(rules: Rules, found: tuple[str, ...]) -> str:
    for skip in _patterns(found):
        refused, _ = rules.check_regex(skip.pattern, True)
        if refused:
            return f"{skip.pattern!r}: {refused}"
    return ""


def _skipping(rules: Rules, found: tuple[str, ...]) -> Rules:
    exact = tuple(one.removeprefix("\\").lower() for one in found if not one.startswith("~"))
    return replace(rules, log=replace(rules.log, skip=exact, skip_patterns=_patterns(found)))


SKIPS: Final = Type("targets", "targets of requests, or `~` and an expression, joined by commas", _parse_skips)

ROWS: Final = (
    _supported(
        name="log-format-upstream",
        default="",
        type=FORMAT,
        instead="leave these variables out, if nothing reads them",
        apply=_formatted,
        differs="a value is cut where a line would pass 7,174 bytes; `$uri` is the path before it was rewritten, "
        "in which controls and what is no UTF-8 stay encoded; `$request_completion` is empty if an answer breaks off; "
        "where both are given it wins over `--access-log-format`",
        doc="The form of the access log. What is not known here of nginx's variables is as if it were not set.",
    ),
    _supported(
        name="log-format-escape-json",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _escaped(rules, Escape.JSON) if value else rules,
        differs="what is no UTF-8 is written as U+FFFD, so that a line is JSON whatever a client sends",
        doc="Escapes values as JSON does.",
    ),
    _supported(
        name="log-format-escape-none",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _escaped(rules, Escape.NONE) if value else rules,
        differs="what would end the line is written as \\x0A or \\x0D all the same",
        doc="Escapes nothing, whatever log-format-escape-json says.",
    ),
    _planned(name="log-format-stream", doc="The form of the log of TCP and UDP."),
    _supported(
        name="disable-access-log",
        default="false",
        type=BOOLEAN,
        apply=_unlogged,
        doc="Whether there is no access log.",
    ),
    _supported(
        name="disable-http-access-log",
        default="false",
        type=BOOLEAN,
        apply=_unlogged,
        doc="Whether there is none of HTTP.",
    ),
    _planned(name="disable-stream-access-log", default="false", doc="Whether there is none of TCP and UDP."),
    _planned(
        name="access-log-path",
        default=USUAL_PATH,
        neutral=("/dev/stdout",),
        differs=_BY_A_FLAG,
        instead="give this path to `--access-log`",
        doc="Where it is written.",
    ),
    _planned(
        name="http-access-log-path",
        neutral=("/dev/stdout", USUAL_PATH),
        differs=_BY_A_FLAG,
        instead="give this path to `--access-log`",
        doc="Where that of HTTP is written.",
    ),
    _planned(name="stream-access-log-path", neutral=("/dev/stdout",), doc="Where that of TCP and UDP is written."),
    _idle(name="access-log-params", doc="How nginx buffers it."),
    _supported(
        name="enable-access-log-for-default-backend",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, log=replace(rules.log, unrouted=value)),
        differs="where it is not set they are in it, since the line tells which host nobody serves",
        doc="Whether requests for hosts that nobody serves are in it.",
    ),
    _planned(name="enable-auth-access-log", default="false", doc="Whether requests to auth-url are in it."),
    _supported(
        name="skip-access-log-urls",
        type=SKIPS,
        apply=_skipping,
        check=_unfit,
        doc="Targets, with their query, that are not in it: whole, whatever their case, or by an expression.",
    ),
    _idle(
        name="error-log-path",
        default="/var/log/nginx/error.log",
        neutral=("/dev/stderr",),
        doc="Where errors are written; they go to stderr.",
    ),
    _idle(name="error-log-level", default="notice", doc="How much is told; there is one level."),
    _planned(name="enable-syslog", default="false", doc="Whether logs go to a syslog server."),
    _planned(name="syslog-host", doc="Which one."),
    _planned(name="syslog-port", default="514", doc="Its port."),
    _idle(name="debug-connections", doc="Clients that nginx logs in detail."),
)
