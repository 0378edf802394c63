"""Copies of requests for another service."""

import re
from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.authorisation import Place
from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import (
    ON_OFF,
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
)
from gateway.translate.ingress.annotations.values_auth import parse_url
from gateway.translate.ingress.annotations.values_http import TEMPLATE
from gateway.translate.ingress.settings import Settings

_VARIABLE: Final = re.compile(r"(https?://[^/?#$]+)(\$.*)", re.ASCII)


def parse_place(text: str) -> Parsed[Place]:
    """A URL with variables after its host, with or without a slash before them."""
    found = _VARIABLE.fullmatch(text)
    try:
        place = parse_url(f"{found[1]}/{found[2]}" if found else text).value
    except UnsupportedValueError as unknown:  # copies are no reason to close a route
        raise InvalidValueError(unknown.reason, unknown.fix) from None
    if place.backend is None:
        raise InvalidValueError("its host is that of the request, so the copy would come back", _FIX)
    if place.target.startswith("/$request_uri"):  # which begins with a slash itself
        place = replace(place, target=place.target.removeprefix("/"))
    return Parsed(place)


_FIX: Final = "write for example http://copies.tools.svc.cluster.local:8080$request_uri"
PLACE: Final = Type(
    "URL",
    "a URL with `http://` or `https://` and the name of a Service or of a machine; variables after it",
    parse_place,
)

_supported = partial(Annotation, family="headers", support=Support.SUPPORTED, scope=Scope.LOCATION)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, mirror=replace(settings.mirror, **changed))


ROWS: Final = (
    _supported(
        name="mirror-target",
        type=PLACE,
        risk=Risk.HIGH,
        doc="Where a copy of each request that is forwarded is sent. Its answer is read and thrown away, and whatever "
        "becomes of it, the request goes its own way. A copy is dropped, and counted, when too many are under way, or "
        "when a body is larger than 1 MiB or sent on before it is whole.",
        differs="a slash before `$request_uri` is not sent twice; a copy has the client's headers, those that the "
        "gateway adds for every backend, and a connection of its own",
        apply=lambda settings, value: _with(settings, place=value),
    ),
    _supported(
        name="mirror-request-body",
        type=ON_OFF,
        risk=Risk.LOW,
        default="on",
        doc="Whether the copy has the request's body.",
        apply=lambda settings, value: _with(settings, body=value == "on"),
    ),
    _supported(
        name="mirror-host",
        type=TEMPLATE,
        risk=Risk.HIGH,
        doc="The Host header of the copy, in place of the host in mirror-target.",
        apply=lambda settings, value: _with(settings, host=value),
    ),
)
