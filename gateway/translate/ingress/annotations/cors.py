"""Cross-origin requests: what browsers are told about who may read the answers."""

import re
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError, Parsed, Type, parse_list
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, TOKENS
from gateway.translate.ingress.asked import CORS_HEADERS, CORS_MAX_AGE, CORS_METHODS
from gateway.translate.ingress.settings import Settings
from gateway.translate.limits import ORIGINS

_ORIGIN: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE
)


def parse_origins(text: str) -> Parsed[tuple[str, ...]]:
    """As in ingress-nginx, an entry that is no origin is left out."""
    listed = parse_list(text).value
    if len(listed) > ORIGINS:
        raise InvalidValueError(f"{len(listed)} origins are more than {ORIGINS}", "list fewer")
    if "*" in listed:
        return Parsed(("*",))
    found = tuple(item for item in listed if item == "null" or _ORIGIN.fullmatch(item))
    bad = next((item for item in listed if item not in found), "")
    if not found:
        raise InvalidValueError(f"{bad[:60]!r} is not an origin", "write scheme://host, with :port where it is needed")
    return Parsed(found, f"{bad[:60]!r} is not an origin and is left out of the list" if bad else "")


ORIGIN_LIST: Final = Type("origins", "`*`, `null`, or `scheme://host[:port]` joined by commas", parse_origins)

_supported = partial(Annotation, family="cors", support=Support.SUPPORTED, scope=Scope.LOCATION)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, cors=replace(settings.cors, **changed))


ROWS: Final = (
    _supported(
        name="enable-cors",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Answers preflight requests (`OPTIONS`) of allowed origins by 204, before everything else, and adds the "
        "headers below to every answer, in place of the backend's; and `Vary: Origin` where they depend on it.",
        apply=lambda settings, value: _with(settings, enabled=value),
    ),
    _supported(
        name="cors-allow-origin",
        type=ORIGIN_LIST,
        risk=Risk.MEDIUM,
        default="*",
        doc="The origins that are allowed. A host may begin with `*.`, which stands for one label. Others get no CORS "
        "headers, and their preflights reach the backend.",
        apply=lambda settings, value: _with(settings, origins=value),
    ),
    _supported(
        name="cors-allow-methods",
        type=TOKENS,
        risk=Risk.MEDIUM,
        default=CORS_METHODS,
        doc="The methods that are allowed.",
        apply=lambda settings, value: _with(settings, methods=value),
    ),
    _supported(
        name="cors-allow-headers",
        type=TOKENS,
        risk=Risk.MEDIUM,
        default=CORS_HEADERS,
        doc="The request headers that are allowed.",
        apply=lambda settings, value: _with(settings, headers=value),
    ),
    _supported(
        name="cors-allow-credentials",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether cookies are allowed.",
        apply=lambda settings, value: _with(settings, credentials=value),
    ),
    _supported(
        name="cors-expose-headers",
        type=TOKENS,
        risk=Risk.MEDIUM,
        doc="The response headers that scripts may read.",
        apply=lambda settings, value: _with(settings, expose=value),
    ),
    _supported(
        name="cors-max-age",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default=str(CORS_MAX_AGE),
        doc="How long a preflight answer is kept, in seconds.",
        apply=lambda settings, value: _with(settings, max_age_s=value),
    ),
)
