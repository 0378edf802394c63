"""Headers that are added, changed or copied along with a request."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, ON_OFF, TEXT, choice

_planned = partial(Annotation, family="headers", support=Support.PLANNED, scope=Scope.LOCATION)

ROWS: Final = (
    _planned(
        name="proxy-cookie-domain",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="off",
        neutral=("off",),
        doc="Rewrites the Domain of cookies that the backend sets.",
    ),
    _planned(
        name="proxy-cookie-path",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="off",
        neutral=("off",),
        doc="Rewrites the Path of cookies that the backend sets.",
    ),
    _planned(
        name="proxy-redirect-from",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="off",
        neutral=("off",),
        doc="The start of a Location from the backend that is replaced.",
    ),
    _planned(
        name="proxy-redirect-to",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="off",
        neutral=("off",),
        doc="What it is replaced by.",
    ),
    _planned(
        name="connection-proxy-header",
        type=choice("close", "keep-alive"),
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="A fixed Connection header to the backend.",
    ),
    _planned(
        name="custom-headers",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap with headers that are added to responses.",
    ),
    _planned(
        name="mirror-target",
        type=TEXT,
        risk=Risk.HIGH,
        doc="Where a copy of each request is sent.",
    ),
    _planned(
        name="mirror-request-body",
        type=ON_OFF,
        risk=Risk.LOW,
        default="on",
        neutral=("on",),
        doc="Whether the copy has the request's body.",
    ),
    _planned(name="mirror-host", type=TEXT, risk=Risk.HIGH, doc="The Host header of the copy."),
    Annotation(
        name="http2-push-preload",
        family="headers",
        support=Support.NO_EFFECT,
        scope=Scope.LOCATION,
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        on_invalid=OnInvalid.INGRESS,
        instead="remove it",
        doc="HTTP/2 server push, which browsers and nginx have given up.",
    ),
)
