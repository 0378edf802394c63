"""TLS toward clients and toward backends."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, ON_OFF, TEXT

_planned = partial(Annotation, family="tls", support=Support.PLANNED, scope=Scope.SERVER)

ROWS: Final = (
    _planned(
        name="ssl-passthrough",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        on_invalid=OnInvalid.INGRESS,
        unsupported_effect=Effect.CLOSED,
        doc="Hands TLS connections to the backend without opening them. Closed until it is supported: opening them "
        "here would bypass what the backend asks of its clients.",
    ),
    _planned(
        name="ssl-ciphers",
        type=TEXT,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="The cipher suites of TLS 1.2. The gateway's own list has no weak ones.",
    ),
    _planned(
        name="ssl-prefer-server-ciphers",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        neutral=(True,),
        on_invalid=OnInvalid.INGRESS,
        doc="Whether the server's order of cipher suites counts.",
    ),
    _planned(
        name="proxy-ssl-secret",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        unsupported_effect=Effect.CLOSED,
        doc="The Secret with the certificate to show to backends, and the authority that theirs must come from. Closed "
        "until it is supported: backends would not be who they are meant to be.",
    ),
    _planned(
        name="proxy-ssl-verify",
        type=ON_OFF,
        risk=Risk.LOW,
        default="off",
        neutral=("off",),
        unsupported_effect=Effect.CLOSED,
        doc="Whether certificates of backends are verified. Closed until it is supported: they would not be.",
    ),
    _planned(
        name="proxy-ssl-verify-depth",
        type=INTEGER,
        risk=Risk.LOW,
        default="1",
        doc="The longest chain of a backend's certificate.",
    ),
    _planned(
        name="proxy-ssl-name",
        type=TEXT,
        risk=Risk.HIGH,
        doc="The name to verify a backend by, and to ask it for by SNI.",
    ),
    _planned(
        name="proxy-ssl-server-name",
        type=ON_OFF,
        risk=Risk.LOW,
        default="off",
        neutral=("off",),
        doc="Whether SNI is sent to backends.",
    ),
    _planned(
        name="proxy-ssl-protocols",
        type=TEXT,
        risk=Risk.LOW,
        default="TLSv1.2",
        doc="The TLS versions toward backends.",
    ),
    _planned(
        name="proxy-ssl-ciphers",
        type=TEXT,
        risk=Risk.MEDIUM,
        default="DEFAULT",
        doc="The cipher suites toward backends.",
    ),
)
