"""Answers that send the client elsewhere."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, INTEGER, TEXT

_planned = partial(Annotation, family="redirects", support=Support.PLANNED)
_supported = partial(Annotation, family="redirects", support=Support.SUPPORTED)

ROWS: Final = (
    _supported(
        name="ssl-redirect",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="true",
        doc="Sends plain HTTP requests to https (308) when the host, or its wildcard, has a TLS entry. Paths below "
        "`/.well-known/acme-challenge` are left out.",
        apply=lambda settings, value: replace(settings, ssl_redirect=value),
    ),
    _supported(
        name="force-ssl-redirect",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        default="false",
        doc="Sends plain HTTP requests to https (308) also when the host has no TLS entry.",
        apply=lambda settings, value: replace(settings, force_ssl_redirect=value),
    ),
    _planned(
        name="preserve-trailing-slash",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        default="false",
        neutral=(False,),
        doc="Keeps the last slash of the path in the redirect to https.",
    ),
    _planned(
        name="use-port-in-redirects",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        doc="Puts the port into redirects.",
    ),
    _planned(
        name="relative-redirects",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        on_invalid=OnInvalid.INGRESS,
        doc="Leaves scheme and host out of redirects.",
    ),
    _planned(
        name="permanent-redirect",
        type=TEXT,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        unsupported_effect=Effect.CLOSED,
        doc="Answers every request with a redirect (301). Closed until it is supported: these requests were never "
        "meant to reach the backend.",
    ),
    _planned(
        name="permanent-redirect-code",
        type=INTEGER,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="301",
        on_invalid=OnInvalid.INGRESS,
        doc="The status of permanent-redirect.",
    ),
    _planned(
        name="temporal-redirect",
        type=TEXT,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        unsupported_effect=Effect.CLOSED,
        doc="Answers every request with a redirect (302). Closed until it is supported: these requests were never "
        "meant to reach the backend.",
    ),
    _planned(
        name="temporal-redirect-code",
        type=INTEGER,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="302",
        on_invalid=OnInvalid.INGRESS,
        doc="The status of temporal-redirect.",
    ),
    _planned(
        name="from-to-www-redirect",
        type=BOOLEAN,
        scope=Scope.SERVER,
        risk=Risk.LOW,
        default="false",
        neutral=(False,),
        on_invalid=OnInvalid.INGRESS,
        doc="Redirects the same host with or without `www.` in front to this one.",
    ),
)
