"""Sending a share of the requests to a second Ingress."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Effect, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, TEXT

_planned = partial(Annotation, family="canary", support=Support.PLANNED)

ROWS: Final = (
    _planned(
        name="canary",
        type=BOOLEAN,
        scope=Scope.INGRESS,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        unsupported_effect=Effect.UNSERVED,
        doc="Makes the Ingress a canary of another one with the same hosts and paths. Until it is supported, it "
        "is left out and the primary gets every request.",
    ),
    _planned(
        name="canary-weight",
        type=INTEGER,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="0",
        doc="The canary's share of the requests.",
    ),
    _planned(
        name="canary-weight-total",
        type=INTEGER,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="100",
        doc="What canary-weight is a share of.",
    ),
    _planned(
        name="canary-by-header",
        type=TEXT,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The header that chooses the canary by the value `always` or `never`.",
    ),
    _planned(
        name="canary-by-header-value",
        type=TEXT,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The value of that header that chooses the canary.",
    ),
    _planned(
        name="canary-by-header-pattern",
        type=TEXT,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="A regular expression for that value.",
    ),
    _planned(
        name="canary-by-cookie",
        type=TEXT,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The cookie that chooses the canary by the value `always` or `never`.",
    ),
)
