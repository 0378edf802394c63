"""Asking another service about the requests of every Ingress that does not say otherwise."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, LIST
from gateway.translate.ingress.annotations.values_auth import HEADER_NAMES, KEPT_TYPE, METHOD, PARAM, SIGNIN, URL
from gateway.translate.ingress.annotations.values_http import TEMPLATE
from gateway.translate.rules import Rules

_supported = partial(Option, family="authorisation", support=Support.SUPPORTED)


def _with(rules: Rules, **changed: object) -> Rules:
    return replace(rules, external=replace(rules.external, **changed))


_broken = partial(
    _supported, guard=True, unreadable=("the routes that it is for answer 503", lambda rules: _with(rules, broken=True))
)

ROWS: Final = (
    _broken(
        name="global-auth-url",
        type=URL,
        doc="The service that decides about each request of Ingresses that have neither an auth-url of their own nor "
        '`enable-global-auth: "false"`. See the annotation auth-url.',
        apply=lambda rules, value: _with(rules, place=value),
    ),
    _broken(
        name="global-auth-method",
        type=METHOD,
        doc="The method of the request to it.",
        apply=lambda rules, value: _with(rules, method=value),
    ),
    _supported(
        name="global-auth-signin",
        type=SIGNIN,
        doc="Where clients are sent that would be answered 401.",
        apply=lambda rules, value: _with(rules, signin=value),
    ),
    _supported(
        name="global-auth-signin-redirect-param",
        type=PARAM,
        default="rd",
        doc="The query parameter with the original URL.",
        apply=lambda rules, value: _with(rules, signin_param=value),
    ),
    _broken(
        name="global-auth-response-headers",
        type=HEADER_NAMES,
        doc="Headers of its answer that backends get. What a client sends under these names never reaches them.",
        apply=lambda rules, value: _with(rules, response_headers=value),
    ),
    _supported(
        name="global-auth-request-redirect",
        type=TEMPLATE,
        doc="The X-Auth-Request-Redirect header for it.",
        apply=lambda rules, value: _with(rules, redirect=value),
    ),
    _supported(
        name="global-auth-snippet",
        support=Support.REFUSED,
        guard=True,
        closes=lambda rules: _with(rules, broken=True),
        differs="the routes that it is for answer 503",
        doc="nginx text for the request to it.",
    ),
    _supported(
        name="global-auth-cache-key",
        type=TEMPLATE,
        doc="What its answers are remembered by, together with host and route.",
        apply=lambda rules, value: _with(rules, cache_key=value),
    ),
    _supported(
        name="global-auth-cache-duration",
        type=KEPT_TYPE,
        default="200 202 401 5m",
        doc="How long its answers are remembered.",
        apply=lambda rules, value: _with(rules, kept=value),
    ),
    _supported(
        name="global-auth-always-set-cookie",
        type=BOOLEAN,
        default="false",
        doc="Whether its cookies are set whatever the status.",
        apply=lambda rules, value: _with(rules, always_set_cookie=value),
    ),
    _supported(
        name="no-auth-locations",
        type=LIST,
        default="/.well-known/acme-challenge",
        doc="Beginnings of paths, as Ingresses write them, that neither a service nor a password is asked for.",
        apply=lambda rules, value: replace(rules, no_auth_locations=value),
    ),
)
