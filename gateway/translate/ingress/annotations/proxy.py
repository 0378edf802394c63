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

_MOST_HEAD_BYTES: Final = 32 << 10  # of an answer; what the data plane takes
_PROTOCOLS: Final = choice("HTTP", "HTTPS", "GRPC", "GRPCS", "FCGI", "AUTO_HTTP", ignore_case=True)


def parse_protocol(text: str) -> Parsed[str]:
    """HTTP or HTTPS."""
    protocol = _PROTOCOLS.parse(text)
    if protocol.value not in ("HTTP", "HTTPS"):
        raise UnsupportedValueError(f"{protocol.value} backends are not supported yet", "use HTTP or HTTPS")
    return protocol


def parse_head_size(text: str) -> Parsed[int]:
    size = SIZE.parse(text)
    if size.value > _MOST_HEAD_BYTES:
        return Parsed(_MOST_HEAD_BYTES, f"the most is {_MOST_HEAD_BYTES} bytes")
    return size


HEAD_SIZE: Final = Type("size", SIZE.doc, parse_head_size)
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
_no_effect = partial(Annotation, family="proxy", support=Support.NO_EFFECT, scope=Scope.LOCATION, risk=Risk.LOW)
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
    _no_effect(
        name="proxy-buffering",
        type=ON_OFF,
        default="off",
        neutral=("off",),
        instead="remove it; a slow client keeps its endpoint busy until it has read its answer",
        doc="Whether an answer is read ahead of its client, in full. Here it goes on as it comes, as with `off`: up to "
        "64 KiB of it wait for the client, and nothing ever goes to disk.",
    ),
    _supported(
        name="proxy-buffer-size",
        type=HEAD_SIZE,
        risk=Risk.LOW,
        default="4k",
        doc="The largest head of an answer that is taken; a larger one is answered 502.",
        differs="every head of up to 32 KiB is taken, whatever it says, so that no answer fails for want of it",
        apply=lambda settings, _: settings,
    ),
    _no_effect(
        name="proxy-buffers-number",
        type=INTEGER,
        default="4",
        neutral=(4,),
        instead="remove it; up to 64 KiB of an answer wait for its client",
        doc="How many buffers of proxy-buffer-size an answer is read ahead into. There are none here.",
    ),
    _no_effect(
        name="proxy-busy-buffers-size",
        type=SIZE,
        instead="remove it; up to 64 KiB of an answer wait for its client",
        doc="How much of those buffers may wait for the client. There are none here.",
    ),
    _no_effect(
        name="proxy-max-temp-file-size",
        type=SIZE,
        default="1024m",
        neutral=(0, 1 << 30),
        instead="remove it; no part of an answer goes to disk",
        doc="How much of an answer that is read ahead may go to disk. Here none ever does, as with 0.",
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
        doc="The file that FastCGI serves for a folder. Without effect by itself: backend-protocol FCGI closes the "
        "routes.",
    ),
    _planned(
        name="fastcgi-params-configmap",
        type=LIST,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap with FastCGI parameters. Without effect by itself, likewise.",
    ),
)
