"""Who may send a request: passwords, and asking another service.

Until a row here is supported it closes its routes: serving without it would serve everyone.
"""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import (
    BOOLEAN,
    INTEGER,
    LIST,
    TEXT,
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    choice,
)
from gateway.translate.ingress.annotations.values_http import parse_value
from gateway.translate.ingress.settings import Settings

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")

_planned = partial(
    Annotation, family="auth", support=Support.PLANNED, scope=Scope.LOCATION, unsupported_effect=Effect.CLOSED
)

_supported = partial(Annotation, family="auth", support=Support.SUPPORTED, scope=Scope.LOCATION)
_TYPES: Final = choice("basic", "digest")


def parse_auth_type(text: str) -> Parsed[str]:
    kind = _TYPES.parse(text)
    if kind.value != "basic":
        raise UnsupportedValueError("digest authentication is not supported", "use basic, over https")
    return kind


def parse_realm(text: str) -> Parsed[str]:
    if '"' in text or "\\" in text:
        raise InvalidValueError("it has a quote or a backslash, which cannot stand in a header", "leave them out")
    return parse_value(text)


AUTH_TYPE: Final = Type("word", "`basic`", parse_auth_type)
REALM: Final = Type("text", "one line of text without quotes and backslashes", parse_realm)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, auth=replace(settings.auth, **changed))


ROWS: Final = (
    _supported(
        name="auth-type",
        type=AUTH_TYPE,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="Asks for a name and a password (`basic`), which the backend does not get. `digest` closes the routes.",
        apply=lambda settings, value: _with(settings, kind=value),
    ),
    _supported(
        name="auth-secret",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The Secret `[namespace/]name` with the password hashes, of the same namespace: bcrypt, SHA-crypt (`$5$`, "
        "`$6$`), `$apr1$`, `$1$` or `{SHA}`. Missing, it closes the routes. Has an effect with auth-type only, as in "
        "ingress-nginx.",
        apply=lambda settings, value: _with(settings, secret=value),
    ),
    _supported(
        name="auth-secret-type",
        type=choice("auth-file", "auth-map"),
        risk=Risk.LOW,
        default="auth-file",
        on_invalid=OnInvalid.INGRESS,
        doc="How the Secret is laid out: lines of `name:hash` under the key `auth`, or a key for each name.",
        apply=lambda settings, value: _with(settings, secret_type=value),
    ),
    _supported(
        name="auth-realm",
        type=REALM,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="The realm that clients are asked a password for.",
        apply=lambda settings, value: _with(settings, realm=value),
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
    _supported(
        name="enable-global-auth",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether the option global-auth-url holds for these routes. While that option is not supported, it closes "
        "every route that does not say `false` here.",
        apply=lambda settings, value: replace(settings, global_auth=value),
    ),
    _supported(
        name="satisfy",
        type=choice("all", "any"),
        risk=Risk.LOW,
        default="all",
        doc="Whether one of address list and password is enough, or all are needed.",
        apply=lambda settings, value: replace(settings, satisfy_any=value == "any"),
    ),
)
