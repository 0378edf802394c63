"""What is written down about a request."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, TEXT

_planned = partial(Annotation, family="telemetry", support=Support.PLANNED, scope=Scope.LOCATION)

ROWS: Final = (
    Annotation(
        name="enable-access-log",
        family="telemetry",
        support=Support.SUPPORTED,
        scope=Scope.LOCATION,
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether requests are in the access log. Metrics count them all the same.",
        apply=lambda settings, value: replace(settings, logged=value),
    ),
    Annotation(
        name="enable-rewrite-log",
        family="telemetry",
        support=Support.NO_EFFECT,
        scope=Scope.LOCATION,
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        instead="remove it; `sallygate explain URL` shows the request that a backend receives",
        doc="nginx's log of rewrites, in its error log. There is no such log here.",
    ),
    _planned(
        name="enable-opentelemetry",
        type=BOOLEAN,
        risk=Risk.LOW,
        neutral=(False,),
        doc="Whether requests are traced. They are not yet.",
    ),
    _planned(
        name="opentelemetry-trust-incoming-span",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether a trace that the client has begun is continued.",
    ),
    _planned(
        name="opentelemetry-operation-name",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="The name of the span.",
    ),
)
