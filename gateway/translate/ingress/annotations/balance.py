"""Which endpoint gets a request, and what counts as one."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, TEXT, choice

_planned = partial(
    Annotation, family="balance", support=Support.PLANNED, scope=Scope.UPSTREAM, on_invalid=OnInvalid.INGRESS
)

ROWS: Final = (
    Annotation(
        name="service-upstream",
        family="balance",
        support=Support.SUPPORTED,
        type=BOOLEAN,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="false",
        doc="Sends requests to the Service's cluster IP and port instead of its endpoints. A headless Service has no "
        "cluster IP, so its endpoints are used. The oldest Ingress that refers to a Service port decides for all.",
        apply=lambda settings, value: replace(settings, service_upstream=value),
    ),
    _planned(
        name="load-balance",
        type=choice("round_robin", "ewma"),
        risk=Risk.LOW,
        default="round_robin",
        neutral=("round_robin",),
        doc="How an endpoint is chosen.",
    ),
    _planned(
        name="upstream-hash-by",
        type=TEXT,
        risk=Risk.HIGH,
        doc="Sends requests that agree in a text with variables to the same endpoint.",
    ),
    _planned(
        name="upstream-hash-by-subset",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Lets upstream-hash-by choose a group of endpoints instead of one.",
    ),
    _planned(
        name="upstream-hash-by-subset-size",
        type=INTEGER,
        risk=Risk.LOW,
        default="3",
        doc="The size of such a group.",
    ),
)
