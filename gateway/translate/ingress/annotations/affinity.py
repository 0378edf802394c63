"""Keeping a client on one endpoint by a cookie."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, TEXT, choice

_planned = partial(Annotation, family="affinity", support=Support.PLANNED, scope=Scope.UPSTREAM)

ROWS: Final = (
    _planned(name="affinity", type=choice("cookie"), risk=Risk.LOW, doc="Keeps a client on one endpoint by a cookie."),
    _planned(
        name="affinity-mode",
        type=choice("balanced", "persistent"),
        risk=Risk.MEDIUM,
        default="balanced",
        doc="Whether clients may move when endpoints come and go.",
    ),
    _planned(
        name="affinity-canary-behavior",
        type=choice("sticky", "legacy"),
        risk=Risk.LOW,
        default="sticky",
        doc="Whether affinity also keeps a client on the canary.",
    ),
    _planned(
        name="session-cookie-name",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="INGRESSCOOKIE",
        doc="The name of the cookie.",
    ),
    _planned(name="session-cookie-path", type=TEXT, risk=Risk.MEDIUM, doc="The Path of the cookie."),
    _planned(name="session-cookie-domain", type=TEXT, risk=Risk.MEDIUM, doc="The Domain of the cookie."),
    _planned(
        name="session-cookie-expires",
        type=INTEGER,
        risk=Risk.MEDIUM,
        doc="Seconds until the Expires of the cookie.",
    ),
    _planned(name="session-cookie-max-age", type=INTEGER, risk=Risk.MEDIUM, doc="The Max-Age of the cookie."),
    _planned(
        name="session-cookie-secure",
        type=BOOLEAN,
        risk=Risk.LOW,
        doc="Marks the cookie Secure also for plain HTTP requests.",
    ),
    _planned(
        name="session-cookie-samesite",
        type=choice("None", "Lax", "Strict"),
        risk=Risk.LOW,
        doc="The SameSite of the cookie.",
    ),
    _planned(
        name="session-cookie-conditional-samesite-none",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Leaves SameSite=None out for browsers that mistake it.",
    ),
    _planned(
        name="session-cookie-change-on-failure",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Moves the client to another endpoint when its own fails.",
    ),
)
