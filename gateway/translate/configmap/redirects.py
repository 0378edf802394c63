"""Redirects, and where requests are sent by the gateway itself."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, LIST, choice
from gateway.translate.rules import Rules

_supported = partial(Option, family="redirects", support=Support.SUPPORTED)


def _redirects(rules: Rules, **changes: bool) -> Rules:
    return replace(rules, redirects=replace(rules.redirects, **changes))


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
    _supported(
        name="preserve-trailing-slash",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _redirects(rules, keep_slash=value),
        doc="Whether the redirect to https keeps a slash at the end, where the Ingress does not say.",
    ),
    _supported(
        name="relative-redirects",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _redirects(rules, relative=value),
        doc="Whether Location is a path only in redirects to a path, where the Ingress does not say; never in those to "
        "https.",
    ),
    _supported(
        name="use-port-in-redirects",
        default="false",
        type=BOOLEAN,
        apply=lambda rules, value: _redirects(rules, port=value),
        doc="Whether the redirect to https has the port, 443, where the Ingress does not say.",
    ),
    Option(
        name="app-root",
        family="redirects",
        support=Support.NO_EFFECT,
        differs="ingress-nginx reads the option and does nothing with it; only the annotation sends / elsewhere",
        instead="set the annotation app-root on the Ingresses that are meant",
        doc="Where requests for / would be sent.",
    ),
)
