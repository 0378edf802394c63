"""Cross-origin requests. Without these headers browsers refuse such requests, so ignoring them opens nothing."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, LIST

_planned = partial(Annotation, family="cors", support=Support.PLANNED, scope=Scope.LOCATION)

ROWS: Final = (
    _planned(
        name="enable-cors",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Answers preflight requests and adds CORS headers.",
    ),
    _planned(name="cors-allow-origin", type=LIST, risk=Risk.MEDIUM, default="*", doc="The origins that are allowed."),
    _planned(
        name="cors-allow-methods",
        type=LIST,
        risk=Risk.MEDIUM,
        default="GET, PUT, POST, DELETE, PATCH, OPTIONS",
        doc="The methods that are allowed.",
    ),
    _planned(
        name="cors-allow-headers",
        type=LIST,
        risk=Risk.MEDIUM,
        default="DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,"
        "Authorization",
        doc="The request headers that are allowed.",
    ),
    _planned(
        name="cors-allow-credentials",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether cookies are allowed.",
    ),
    _planned(
        name="cors-expose-headers", type=LIST, risk=Risk.MEDIUM, doc="The response headers that scripts may read."
    ),
    _planned(
        name="cors-max-age",
        type=INTEGER,
        risk=Risk.LOW,
        default="1728000",
        doc="How long a preflight answer is kept, in seconds.",
    ),
)
