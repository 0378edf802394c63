"""Redirects, and where requests are sent by the gateway itself."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, LIST, choice

_supported = partial(Option, family="redirects", support=Support.SUPPORTED)
_planned = partial(Option, family="redirects", support=Support.PLANNED)

ROWS: Final = (
    _supported(
        name="ssl-redirect",
        default="true",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, ssl_redirect=value),
        doc="Whether hosts with TLS send plain HTTP to https, where the Ingress does not say.",
    ),
    _supported(
        name="force-ssl-redirect",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: replace(rules, force_ssl_redirect=value),
        doc="Whether every host does, where the Ingress does not say.",
    ),
    _supported(
        name="http-redirect-code",
        default="308",
        type=choice("301", "302", "307", "308"),
        apply=lambda rules, value: replace(rules, https_redirect_status=int(value)),
        doc="The status of these redirects.",
    ),
    _supported(
        name="no-tls-redirect-locations",
        default="/.well-known/acme-challenge",
        type=LIST,
        apply=lambda rules, value: replace(rules, no_tls_redirect_locations=value),
        doc="Beginnings of paths that are never sent to https.",
    ),
    _planned(name="preserve-trailing-slash", default="false", doc="Whether a redirect keeps a slash at the end."),
    _planned(name="relative-redirects", default="false", doc="Whether Location is a path only."),
    _planned(name="use-port-in-redirects", default="false", doc="Whether Location has the port."),
    _planned(name="app-root", doc="Where requests for / are sent."),
)
