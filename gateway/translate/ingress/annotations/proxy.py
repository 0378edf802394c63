"""The exchange with the backend: protocol, time limits, buffers, retries."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.policy import Timeouts
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.tries import BUDGET, CONDITIONS, MEMORY, TRIES, conditions_over
from gateway.translate.ingress.annotations.values import (
    INTEGER,
    LIST,
    ON_OFF,
    SECONDS,
    SIZE,
    TEXT,
    Parsed,
    Type,
    UnsupportedValueError,
    choice,
)
from gateway.translate.ingress.settings import Settings

_PROTOCOLS: Final = choice("HTTP", "HTTPS", "GRPC", "GRPCS", "FCGI", "AUTO_HTTP", ignore_case=True)


def parse_protocol(text: str) -> Parsed[str]:
    """HTTP or HTTPS."""
    protocol = _PROTOCOLS.parse(text)
    if protocol.value not in ("HTTP", "HTTPS"):
        raise UnsupportedValueError(f"{protocol.value} backends are not supported yet", "use HTTP or HTTPS")
    return protocol


VERSION: Final = choice("1.0", "1.1")
PROTOCOL: Final = Type("protocol", "`HTTP` or `HTTPS`, in any case", parse_protocol)


def _with(settings: Settings, *, connect: int = 0, send: int = 0, read: int = 0) -> Settings:
    old = settings.timeouts
    timeouts = Timeouts(
        connect_ms=connect * 1000 or old.connect_ms,
        send_ms=send * 1000 or old.send_ms,
        read_ms=read * 1000 or old.read_ms,
    )
    return replace(settings, timeouts=timeouts)


_planned = partial(Annotation, family="proxy", support=Support.PLANNED, scope=Scope.LOCATION)
_supported = partial(Annotation, family="proxy", support=Support.SUPPORTED, scope=Scope.LOCATION)

ROWS: Final = (
    _supported(
        name="backend-protocol",
        type=PROTOCOL,
        risk=Risk.LOW,
        default="HTTP",
        doc="How to speak to the backend. HTTPS takes any certificate, as in ingress-nginx. The values `GRPC`, "
        "`GRPCS`, `FCGI` and `AUTO_HTTP` close the routes (503) until they are supported.",
        apply=lambda settings, value: replace(settings, upstream_tls=value == "HTTPS"),
    ),
    _supported(
        name="proxy-connect-timeout",
        type=SECONDS,
        risk=Risk.LOW,
        default="5",
        doc="How long one attempt to connect to an endpoint may take.",
        apply=lambda settings, value: _with(settings, connect=value),
    ),
    _supported(
        name="proxy-send-timeout",
        type=SECONDS,
        risk=Risk.LOW,
        default="60",
        doc="How long may pass between two writes of the request to the backend.",
        apply=lambda settings, value: _with(settings, send=value),
    ),
    _supported(
        name="proxy-read-timeout",
        type=SECONDS,
        risk=Risk.LOW,
        default="60",
        doc="How long may pass between two reads of the response from the backend; for WebSockets, too.",
        apply=lambda settings, value: _with(settings, read=value),
    ),
    _supported(
        name="proxy-body-size",
        type=SIZE,
        risk=Risk.MEDIUM,
        default="1m",
        doc="The largest request body; a larger one is answered 413. 0 is unlimited.",
        apply=lambda settings, value: replace(settings, body_limit_bytes=value),
    ),
    _supported(
        name="client-body-buffer-size",
        type=MEMORY,
        risk=Risk.LOW,
        default="8k",
        on_invalid=OnInvalid.INGRESS,
        doc="How much of a request body is kept in memory while it is read; what is more goes to an unlinked file. A "
        "body that arrives in one piece with its head needs neither.",
        apply=lambda settings, value: replace(
            settings, request_body=replace(settings.request_body, memory_bytes=value)
        ),
    ),
    _supported(
        name="proxy-request-buffering",
        type=ON_OFF,
        risk=Risk.LOW,
        default="on",
        doc="Whether a request body is read completely before it is sent on, always with its length. `off` sends it on "
        "as it comes; what was sent cannot be tried again on another endpoint.",
        apply=lambda settings, value: replace(
            settings, request_body=replace(settings.request_body, buffered=value == "on")
        ),
    ),
    _planned(
        name="proxy-buffering",
        type=ON_OFF,
        risk=Risk.LOW,
        default="off",
        neutral=("off",),
        doc="Whether a response is read ahead of the client.",
    ),
    _planned(name="proxy-buffer-size", type=SIZE, risk=Risk.LOW, default="4k", doc="The largest head of a response."),
    _planned(
        name="proxy-buffers-number", type=INTEGER, risk=Risk.LOW, default="4", doc="How many such buffers there are."
    ),
    _planned(name="proxy-busy-buffers-size", type=SIZE, risk=Risk.LOW, doc="How much of them may wait for the client."),
    _planned(
        name="proxy-max-temp-file-size",
        type=SIZE,
        risk=Risk.LOW,
        default="1024m",
        doc="How much of a response may go to disk.",
    ),
    _supported(
        name="proxy-http-version",
        type=VERSION,
        risk=Risk.LOW,
        default="1.1",
        doc="The HTTP version spoken to the backend. With 1.0 every request has a connection of its own, and a body "
        "without a length is read completely first.",
        apply=lambda settings, value: replace(settings, http10=value == "1.0"),
    ),
    _supported(
        name="proxy-next-upstream",
        type=CONDITIONS,
        risk=Risk.MEDIUM,
        default="error timeout",
        doc="When another endpoint is tried. Never after the client was sent a part of the answer, nor twice on one "
        "endpoint while there is another; POST, LOCK and PATCH only before anything was sent, or with "
        "`non_idempotent`.",
        apply=lambda settings, value: replace(settings, retries=conditions_over(settings.retries, value)),
    ),
    _supported(
        name="proxy-next-upstream-timeout",
        type=BUDGET,
        risk=Risk.LOW,
        default="0",
        doc="How long after the first attempt another one may begin.",
        apply=lambda settings, value: replace(settings, retries=replace(settings.retries, budget_ms=value * 1000)),
    ),
    _supported(
        name="proxy-next-upstream-tries",
        type=TRIES,
        risk=Risk.LOW,
        default="3",
        doc="The number of attempts, the first included.",
        apply=lambda settings, value: replace(settings, tries=value),
    ),
    _planned(
        name="fastcgi-index",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="The file that FastCGI serves for a folder.",
    ),
    _planned(
        name="fastcgi-params-configmap",
        type=LIST,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap with FastCGI parameters.",
    ),
)
