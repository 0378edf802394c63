"""Who may send a request: passwords, and how they go together with whatever else decides."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import (
    TEXT,
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    choice,
)
from gateway.translate.ingress.annotations.values_http import parse_value
from gateway.translate.ingress.settings import Settings

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
    _supported(
        name="satisfy",
        type=choice("all", "any"),
        risk=Risk.LOW,
        default="all",
        doc="Whether one of address list, password and auth-url is enough, or all are needed.",
        apply=lambda settings, value: replace(settings, satisfy_any=value == "any"),
    ),
)
