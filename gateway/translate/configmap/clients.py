"""Connections of clients, and the requests on them."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.tries import MEMORY
from gateway.translate.ingress.annotations.values import BOOLEAN

_planned = partial(Option, family="clients", support=Support.PLANNED)
_idle = partial(Option, family="clients", support=Support.NO_EFFECT)
_supported = partial(Option, family="clients", support=Support.SUPPORTED)

ROWS: Final = (
    _planned(name="keep-alive", default="75", doc="How long an idle connection is kept, in seconds."),
    _planned(name="keep-alive-requests", default="1000", doc="Requests on one connection."),
    _idle(name="client-header-buffer-size", default="1k", doc="Size of a first buffer; there is one size."),
    _planned(name="large-client-header-buffers", default="4 8k", doc="The largest head of a request."),
    _planned(name="client-header-timeout", default="60", doc="How long the head of a request may take, in seconds."),
    _planned(
        name="client-body-timeout", default="60", doc="How long may pass between two reads of a body, in seconds."
    ),
    _supported(
        name="client-body-buffer-size",
        default="8k",
        type=MEMORY,
        apply=lambda rules, value: replace(rules, request_body=replace(rules.request_body, memory_bytes=value)),
        doc="How much of a body is kept in memory while it is read, where the Ingress does not say.",
    ),
    _planned(
        name="enable-underscores-in-headers", default="false", doc="Whether headers with an underscore are taken."
    ),
    _planned(
        name="ignore-invalid-headers",
        default="true",
        differs="a name that is no token is answered 400",
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
