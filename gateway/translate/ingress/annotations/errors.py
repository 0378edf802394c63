"""Who answers in place of a backend that cannot, or should not."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, LIST, TEXT

_planned = partial(Annotation, family="errors", support=Support.PLANNED, scope=Scope.LOCATION, risk=Risk.LOW)

ROWS: Final = (
    _planned(
        name="default-backend",
        type=TEXT,
        on_invalid=OnInvalid.INGRESS,
        doc="The Service that answers when the route's own has no ready endpoint.",
    ),
    _planned(
        name="custom-http-errors",
        type=LIST,
        on_invalid=OnInvalid.INGRESS,
        doc="The statuses that the default backend answers in place of the backend.",
    ),
    _planned(
        name="disable-proxy-intercept-errors",
        type=BOOLEAN,
        default="false",
        neutral=(False,),
        doc="Lets the backend's own error answers through although custom-http-errors lists them.",
    ),
)
