"""Headers that are added, changed or copied along with a request."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.filters import Replacement
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import (
    BOOLEAN,
    TEXT,
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    choice,
)
from gateway.translate.ingress.annotations.values_http import parse_value
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="headers", support=Support.SUPPORTED, scope=Scope.LOCATION)


def parse_replacement(text: str) -> Parsed[Replacement | None]:
    """`off`, or what is looked for and what takes its place."""
    if text == "off":
        return Parsed(None)
    words = parse_value(text).value.split()
    if len(words) != 2:
        raise InvalidValueError("it is neither off nor two words", "write what is looked for, and what replaces it")
    if "$" in text or words[0].startswith("~"):
        raise UnsupportedValueError("variables and regular expressions are not filled in here", "write plain text")
    return Parsed(Replacement(words[0], words[1]))


def parse_place(text: str) -> Parsed[str]:
    if "$" in text or text.startswith("~"):
        raise UnsupportedValueError("variables and regular expressions are not filled in here", "write plain text")
    return parse_value(text)


REPLACEMENT: Final = Type("replacement", "`off`, or two words: what is replaced, and by what", parse_replacement)
PLACE: Final = Type("text", "`off`, or the start of a URL", parse_place)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, headers=replace(settings.headers, **changed))


ROWS: Final = (
    _supported(
        name="proxy-cookie-domain",
        type=REPLACEMENT,
        risk=Risk.MEDIUM,
        default="off",
        doc="Replaces the Domain of cookies that the backend sets, if it is the first word, by the second.",
        apply=lambda settings, value: _with(settings, cookie_domain=value),
    ),
    _supported(
        name="proxy-cookie-path",
        type=REPLACEMENT,
        risk=Risk.MEDIUM,
        default="off",
        doc="Replaces the start of the Path of cookies that the backend sets, if it is the first word, by the second.",
        apply=lambda settings, value: _with(settings, cookie_path=value),
    ),
    _supported(
        name="proxy-redirect-from",
        type=PLACE,
        risk=Risk.MEDIUM,
        default="off",
        doc="The start of a Location or Refresh from the backend that proxy-redirect-to replaces. `default` replaces "
        "nothing, since the backend's address is never in them.",
        apply=lambda settings, value: _with(settings, location_from="" if value in ("off", "default") else value),
    ),
    _supported(
        name="proxy-redirect-to",
        type=PLACE,
        risk=Risk.MEDIUM,
        default="off",
        doc="What it is replaced by. Without proxy-redirect-from it does nothing.",
        apply=lambda settings, value: _with(settings, location_to="" if value == "off" else value),
    ),
    _supported(
        name="connection-proxy-header",
        type=choice("close", "keep-alive"),
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="The Connection header that the backend gets. WebSockets do not work with it, as in ingress-nginx. After "
        "`close` the backend ends the connection, so each request has one of its own.",
        apply=lambda settings, value: _with(settings, connection=value),
    ),
    _supported(
        name="custom-headers",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap `[namespace/]name` with headers that are set in every answer. A header that the option "
        "global-allowed-response-headers does not list, or a ConfigMap that is missing, closes the routes.",
        apply=lambda settings, value: _with(settings, custom=value),
    ),
    Annotation(
        name="http2-push-preload",
        family="headers",
        support=Support.NO_EFFECT,
        scope=Scope.LOCATION,
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        on_invalid=OnInvalid.INGRESS,
        instead="remove it",
        doc="HTTP/2 server push, which browsers and nginx have given up.",
    ),
)
