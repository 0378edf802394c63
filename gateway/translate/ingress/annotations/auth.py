"""Who may send a request: passwords, and asking another service.

Until a row here is supported it closes its routes: serving without it would serve everyone.
"""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, LIST, TEXT, choice

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")

_planned = partial(
    Annotation, family="auth", support=Support.PLANNED, scope=Scope.LOCATION, unsupported_effect=Effect.CLOSED
)

ROWS: Final = (
    _planned(
        name="auth-type",
        type=choice("basic", "digest"),
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="Asks for a password.",
    ),
    _planned(
        name="auth-secret",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The Secret with the password hashes.",
    ),
    _planned(
        name="auth-secret-type",
        type=choice("auth-file", "auth-map"),
        risk=Risk.LOW,
        default="auth-file",
        on_invalid=OnInvalid.INGRESS,
        doc="How the Secret is laid out.",
    ),
    _planned(
        name="auth-realm",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="The realm that clients are asked a password for.",
    ),
    _planned(
        name="auth-url",
        type=TEXT,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.LOCATION,
        doc="The service that decides about each request.",
    ),
    _planned(
        name="auth-method",
        type=choice(*_METHODS),
        risk=Risk.LOW,
        default="GET",
        on_invalid=OnInvalid.LOCATION,
        doc="The method of the request to it.",
    ),
    _planned(name="auth-signin", type=TEXT, risk=Risk.HIGH, doc="Where clients that it refuses are sent to sign in."),
    _planned(
        name="auth-signin-redirect-param",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="rd",
        doc="The query parameter of that URL that holds the original one.",
    ),
    _planned(
        name="auth-response-headers",
        type=LIST,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="Headers of its answer that are copied to the request.",
    ),
    _planned(
        name="auth-request-redirect", type=TEXT, risk=Risk.MEDIUM, doc="The X-Auth-Request-Redirect header for it."
    ),
    _planned(
        name="auth-proxy-set-headers",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap with more headers for it.",
    ),
    _planned(
        name="auth-always-set-cookie",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Whether its cookies are set whatever the status.",
    ),
    _planned(name="auth-cache-key", type=TEXT, risk=Risk.MEDIUM, doc="What its answers are cached by."),
    _planned(
        name="auth-cache-duration",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="200 202 401 5m",
        doc="How long its answers are cached.",
    ),
    _planned(
        name="auth-keepalive",
        type=INTEGER,
        risk=Risk.LOW,
        default="0",
        neutral=(0,),
        doc="The number of connections to it that are kept.",
    ),
    _planned(
        name="auth-keepalive-share-vars",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Whether nginx variables are shared with that request.",
    ),
    _planned(
        name="auth-keepalive-requests",
        type=INTEGER,
        risk=Risk.LOW,
        default="1000",
        neutral=(1000,),
        doc="The number of requests per such connection.",
    ),
    _planned(
        name="auth-keepalive-timeout",
        type=INTEGER,
        risk=Risk.LOW,
        default="60",
        neutral=(60,),
        doc="How long an idle one is kept, in seconds.",
    ),
    _planned(
        name="enable-global-auth",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        neutral=(True, False),
        doc="Whether the gateway's global authentication applies; there is none yet, so either value asks for what "
        "happens anyway.",
    ),
    _planned(
        name="satisfy",
        type=choice("all", "any"),
        risk=Risk.LOW,
        default="all",
        neutral=("all",),
        doc="Whether one of address list, password and auth-url is enough, or all are needed.",
    ),
)
