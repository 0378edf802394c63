"""What clients are answered."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError, Parsed, Type, parse_list
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, STATUSES
from gateway.translate.limits import HEADERS
from gateway.translate.tokens import is_token

_planned = partial(Option, family="responses", support=Support.PLANNED)
_supported = partial(Option, family="responses", support=Support.SUPPORTED)
_idle = partial(Option, family="responses", support=Support.NO_EFFECT)


def parse_header_names(text: str) -> Parsed[tuple[str, ...]]:
    names = parse_list(text).value
    if len(names) > HEADERS:
        raise InvalidValueError(f"{len(names)} names are more than {HEADERS}", "list fewer")
    for name in names:
        if not is_token(name):
            raise InvalidValueError(f"{name[:60]!r} is not the name of a header", "write names joined by commas")
    return Parsed(names)


HEADER_NAMES: Final = Type("names", "names of headers, joined by commas", parse_header_names)

ROWS: Final = (
    _supported(
        name="add-headers",
        doc="The ConfigMap `[namespace/]name` with headers of every response; values may have variables.",
        apply=lambda rules, value: replace(rules, response_headers_in=value),
    ),
    _supported(
        name="hide-headers",
        type=HEADER_NAMES,
        doc="Headers of backends that clients do not get.",
        apply=lambda rules, value: replace(rules, hidden_headers=value),
    ),
    _supported(
        name="global-allowed-response-headers",
        type=HEADER_NAMES,
        doc="Headers that the annotation custom-headers may set.",
        apply=lambda rules, value: replace(rules, allowed_response_headers=value),
    ),
    _supported(
        name="allow-backend-server-header",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, server_header=value),
        doc="Whether clients see the Server header of backends.",
    ),
    _idle(
        name="server-tokens", default="false", doc="Whether the Server header shows nginx's version; there is no nginx."
    ),
    _supported(
        name="custom-http-errors",
        type=STATUSES,
        doc="Statuses that are answered by the default backend: that of the Ingress, else that of the gateway.",
        apply=lambda rules, value: replace(rules, custom_errors=value),
    ),
    _supported(
        name="disable-proxy-intercept-errors",
        type=BOOLEAN,
        default="false",
        doc="Whether that holds only for statuses of the gateway itself.",
        apply=lambda rules, value: replace(rules, local_errors_only=value),
    ),
    _idle(
        name="default-type", default="text/html", doc="Content type of files that nginx serves; no files are served."
    ),
    _supported(
        name="limit-rate",
        default="0",
        type=COUNT_TYPE,
        apply=lambda rules, value: replace(rules, limits=replace(rules.limits, rate=value * 1024)),
        differs="it needs no proxy-buffering",
        doc="Kilobytes (of 1024) per second that an answer of a backend goes to its client with, where the Ingress "
        "does not say; 0 is without limit.",
    ),
    _supported(
        name="limit-rate-after",
        default="0",
        type=COUNT_TYPE,
        apply=lambda rules, value: replace(rules, limits=replace(rules.limits, rate_after=value * 1024)),
        doc="Kilobytes of an answer that go as fast as they can before limit-rate begins.",
    ),
)
