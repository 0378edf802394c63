"""Answers that send the client elsewhere."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN
from gateway.translate.ingress.annotations.values_http import TARGET, redirect_code
from gateway.translate.ingress.settings import with_redirects

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
    _supported(
        name="preserve-trailing-slash",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        default="false",
        doc="Keeps the last slash of the path in the redirect to https.",
        apply=lambda settings, value: with_redirects(settings, keep_slash=value),
    ),
    _supported(
        name="use-port-in-redirects",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="false",
        doc="Puts the port, 443, into the redirect to https. Redirects to a path always keep the host and port that "
        "the client asked for.",
        apply=lambda settings, value: with_redirects(settings, port=value),
    ),
    _supported(
        name="relative-redirects",
        type=BOOLEAN,
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="false",
        on_invalid=OnInvalid.INGRESS,
        doc="Leaves scheme and host out of redirects to a path; not out of those to https.",
        apply=lambda settings, value: with_redirects(settings, relative=value),
    ),
    _supported(
        name="permanent-redirect",
        type=TARGET,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="Answers every request with a redirect (301) to this URL or path, as it is written, before https, access "
        "lists and passwords. Variables close the routes.",
        apply=lambda settings, value: with_redirects(settings, permanent=value),
    ),
    _supported(
        name="permanent-redirect-code",
        type=redirect_code(308, 301),
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="301",
        on_invalid=OnInvalid.INGRESS,
        doc="The status of permanent-redirect.",
        apply=lambda settings, value: with_redirects(settings, permanent_code=value),
    ),
    _supported(
        name="temporal-redirect",
        type=TARGET,
        scope=Scope.LOCATION,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.INGRESS,
        doc="As permanent-redirect, with status 302. Of the two this one counts.",
        apply=lambda settings, value: with_redirects(settings, temporal=value),
    ),
    _supported(
        name="temporal-redirect-code",
        type=redirect_code(307, 302),
        scope=Scope.LOCATION,
        risk=Risk.LOW,
        default="302",
        on_invalid=OnInvalid.INGRESS,
        doc="The status of temporal-redirect.",
        apply=lambda settings, value: with_redirects(settings, temporal_code=value),
    ),
    _supported(
        name="from-to-www-redirect",
        type=BOOLEAN,
        scope=Scope.SERVER,
        risk=Risk.LOW,
        default="false",
        on_invalid=OnInvalid.INGRESS,
        doc="Redirects (308) the host with `www.` in front, or without it where this one has it, to this host, unless "
        "an Ingress has that host itself. Location has the port 80 or 443, as in ingress-nginx.",
        apply=lambda settings, value: with_redirects(settings, www=value),
    ),
)
