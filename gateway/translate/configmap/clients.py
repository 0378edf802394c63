"""Connections of clients, and the requests on them."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.connections import BUFFERS, REQUESTS, TIME, WAITING, header_buffers, keep, keep_alive
from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.tries import MEMORY
from gateway.translate.ingress.annotations.values import BOOLEAN

_idle = partial(Option, family="clients", support=Support.NO_EFFECT)
_supported = partial(Option, family="clients", support=Support.SUPPORTED)

ROWS: Final = (
    _supported(
        name="keep-alive",
        default="75",
        type=TIME,
        apply=keep_alive,
        doc="How long an idle connection is kept, in seconds; with 0 each answer ends its connection.",
    ),
    # After `keep-alive`, which may ask for a single one.
    _supported(
        name="keep-alive-requests",
        default="1000",
        type=REQUESTS,
        apply=lambda rules, value: keep(rules, client_requests=min(value, rules.connections.client_requests or value)),
        differs="without the option, `--keep-alive-requests` of the data plane says it: 10000",
        doc="Requests on one connection.",
    ),
    _idle(name="client-header-buffer-size", default="1k", doc="Size of a first buffer; there is one size."),
    _supported(
        name="large-client-header-buffers",
        default="4 8k",
        type=BUFFERS,
        apply=header_buffers,
        doc="The longest line of a request, and by their number the longest head: 1 KiB to 60 KiB.",
    ),
    _supported(
        name="client-header-timeout",
        default="60",
        type=WAITING,
        apply=lambda rules, value: keep(rules, header_timeout_ms=value),
        differs="without the option it is 10 seconds",
        doc="How long the head of a request may take, in seconds.",
    ),
    _supported(
        name="client-body-timeout",
        default="60",
        type=WAITING,
        apply=lambda rules, value: keep(rules, body_timeout_ms=value),
        doc="How long may pass between two reads of a body, in seconds.",
    ),
    _supported(
        name="client-body-buffer-size",
        default="8k",
        type=MEMORY,
        apply=lambda rules, value: replace(rules, request_body=replace(rules.request_body, memory_bytes=value)),
        doc="How much of a body is kept in memory while it is read, where the Ingress does not say.",
    ),
    _supported(
        name="enable-underscores-in-headers",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: keep(rules, underscores=value),
        doc="Whether request headers with an underscore are forwarded; twins of those that we set never are.",
    ),
    _idle(
        name="ignore-invalid-headers",
        default="true",
        neutral=("false",),
        differs="a name that is no token is answered 400, and every other goes on but for the underscores of "
        "enable-underscores-in-headers",
        doc="Whether headers with odd names are dropped.",
    ),
    _supported(
        name="strict-validate-path-type",
        default="true",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, strict_path_type=value),
        doc="Whether Exact and Prefix paths may hold special characters.",
    ),
)
