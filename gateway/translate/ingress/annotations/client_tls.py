"""Certificates that clients must show.

They protect whole hosts in ingress-nginx, the paths of other Ingresses included. So until it is supported, the
annotation that asks for them closes the whole host; the ones that only adjust it close the routes of their Ingress.
"""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, TEXT, choice

_planned = partial(
    Annotation, family="client-tls", support=Support.PLANNED, scope=Scope.SERVER, unsupported_effect=Effect.CLOSED
)

ROWS: Final = (
    Annotation(
        name="auth-tls-secret",
        family="client-tls",
        support=Support.PLANNED,
        scope=Scope.SERVER,
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.HOST,
        unsupported_effect=Effect.HOST_CLOSED,
        doc="The Secret with the authority that client certificates must come from.",
    ),
    _planned(
        name="auth-tls-verify-client",
        type=choice("on", "off", "optional", "optional_no_ca"),
        risk=Risk.MEDIUM,
        default="on",
        neutral=("off",),
        doc="Whether a client must show a certificate.",
    ),
    _planned(
        name="auth-tls-verify-depth",
        type=INTEGER,
        risk=Risk.LOW,
        default="1",
        doc="The longest chain of a client certificate.",
    ),
    _planned(
        name="auth-tls-error-page",
        type=TEXT,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.INGRESS,
        doc="Where clients without a good certificate are redirected.",
    ),
    _planned(
        name="auth-tls-pass-certificate-to-upstream",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        on_invalid=OnInvalid.INGRESS,
        doc="Whether the backend gets the client certificate.",
    ),
    _planned(
        name="auth-tls-match-cn",
        type=TEXT,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.INGRESS,
        doc="A regular expression for the subject of client certificates.",
    ),
)
