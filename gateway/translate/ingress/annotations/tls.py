"""TLS toward clients and toward backends."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, ON_OFF, TEXT
from gateway.translate.ingress.annotations.values_tls import CIPHERS, DEPTH, PEER_NAME, VERSIONS
from gateway.translate.ingress.settings import Settings

_planned = partial(Annotation, family="tls", support=Support.PLANNED, scope=Scope.SERVER)
_supported = partial(Annotation, family="tls", support=Support.SUPPORTED, scope=Scope.SERVER)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, endpoints=replace(settings.endpoints, **changed))


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
    _supported(
        name="ssl-ciphers",
        type=CIPHERS,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="The cipher suites of TLS 1.2. The gateway's own list has no weak ones.",
        apply=lambda settings, value: replace(settings, ciphers=value),
    ),
    _supported(
        name="ssl-prefer-server-ciphers",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        on_invalid=OnInvalid.INGRESS,
        doc="Whether the server's order of cipher suites counts.",
        apply=lambda settings, value: replace(settings, client_order=not value),
    ),
    _supported(
        name="proxy-ssl-secret",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The Secret `[namespace/]name`, of the same namespace, with the certificate to show to backends "
        "(`tls.crt`, `tls.key`) and the authorities that theirs must come from (`ca.crt`). Missing or unreadable, it "
        "closes the routes. Other Ingresses of the host and namespace that have none share it. Without it the other "
        "proxy-ssl-* have no effect, as in ingress-nginx; nor has it one without backend-protocol HTTPS.",
        apply=lambda settings, value: _with(settings, secret=value),
    ),
    _supported(
        name="proxy-ssl-verify",
        type=ON_OFF,
        risk=Risk.LOW,
        on_invalid=OnInvalid.LOCATION,
        default="off",
        doc="Whether certificates of backends are verified, by proxy-ssl-name. A request to one that does not pass is "
        "answered 502. Without a Secret it closes the routes, which ingress-nginx serves unverified.",
        apply=lambda settings, value: _with(settings, verify=value == "on"),
    ),
    _supported(
        name="proxy-ssl-verify-depth",
        type=DEPTH,
        risk=Risk.LOW,
        default="1",
        doc="The longest chain of a backend's certificate.",
        apply=lambda settings, value: _with(settings, depth=value),
    ),
    _supported(
        name="proxy-ssl-name",
        type=PEER_NAME,
        risk=Risk.HIGH,
        doc="The name to verify a backend by, and to ask it for by SNI.",
        apply=lambda settings, value: _with(settings, name=value),
    ),
    _supported(
        name="proxy-ssl-server-name",
        type=ON_OFF,
        risk=Risk.LOW,
        default="off",
        doc="Whether backends are told that name (SNI).",
        apply=lambda settings, value: _with(settings, tells_name=value == "on"),
    ),
    _supported(
        name="proxy-ssl-protocols",
        type=VERSIONS,
        risk=Risk.LOW,
        default="TLSv1.2 TLSv1.3",
        doc="The TLS versions toward backends. ingress-nginx speaks TLSv1.2 alone by default.",
        apply=lambda settings, value: _with(settings, oldest=value.oldest, newest=value.newest),
    ),
    _supported(
        name="proxy-ssl-ciphers",
        type=CIPHERS,
        risk=Risk.MEDIUM,
        default="DEFAULT",
        doc="The cipher suites of TLS 1.2 toward backends.",
        apply=lambda settings, value: _with(settings, ciphers="" if value == "DEFAULT" else value),
    ),
)
