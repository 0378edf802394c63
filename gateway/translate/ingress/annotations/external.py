"""Asking another service about each request. Whatever of it cannot be honoured closes the routes."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, SECONDS, TEXT
from gateway.translate.ingress.annotations.values_auth import (
    HEADER_NAMES,
    KEPT_TYPE,
    METHOD,
    PARAM,
    POSITIVE,
    SIGNIN,
    URL,
)
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, TEMPLATE
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="external-auth", support=Support.SUPPORTED, scope=Scope.LOCATION)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, external=replace(settings.external, **changed))


ROWS: Final = (
    _supported(
        name="auth-url",
        type=URL,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.LOCATION,
        doc="The service that decides about each request: 2xx lets it pass, 401 and 403 are passed on, and everything "
        "else (also no answer) is 500. A Service of the cluster is asked at its endpoints, any other name at the "
        "addresses that the control plane has found for it, but never at the gateway's own machine or link. With "
        "`$host` as its host, whichever route of the request's own host serves its path is asked, without leaving the "
        "gateway.",
        apply=lambda settings, value: _with(settings, place=value),
    ),
    _supported(
        name="auth-method",
        type=METHOD,
        risk=Risk.LOW,
        default="GET",
        on_invalid=OnInvalid.LOCATION,
        doc="The method of the request to it. If it is set, that request has X-Original-URI and X-Scheme, too.",
        apply=lambda settings, value: _with(settings, method=value),
    ),
    _supported(
        name="auth-signin",
        type=SIGNIN,
        risk=Risk.HIGH,
        doc="Where clients are sent (302) that would be answered 401, with a parameter that leads back.",
        apply=lambda settings, value: _with(settings, signin=value),
    ),
    _supported(
        name="auth-signin-redirect-param",
        type=PARAM,
        risk=Risk.MEDIUM,
        default="rd",
        doc="The name of that parameter. It is not added where the URL has it.",
        apply=lambda settings, value: _with(settings, signin_param=value),
    ),
    _supported(
        name="auth-response-headers",
        type=HEADER_NAMES,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="Headers of its answer that the backend gets. What a client sends under these names never reaches it.",
        apply=lambda settings, value: _with(settings, response_headers=value),
    ),
    _supported(
        name="auth-request-redirect",
        type=TEMPLATE,
        risk=Risk.MEDIUM,
        default="$request_uri",
        doc="The X-Auth-Request-Redirect header that it gets.",
        apply=lambda settings, value: _with(settings, redirect=value),
    ),
    _supported(
        name="auth-proxy-set-headers",
        type=TEXT,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="The ConfigMap `[namespace/]name` of the same namespace with more headers for it; their values may have "
        "variables. Missing, it closes the routes.",
        apply=lambda settings, value: _with(settings, headers_in=value),
    ),
    _supported(
        name="auth-always-set-cookie",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Whether clients get its cookies whatever the status; otherwise with 200, 201, 204, 206, 301 to 304, 307 "
        "and 308 only.",
        apply=lambda settings, value: _with(settings, always_set_cookie=value),
    ),
    _supported(
        name="auth-cache-key",
        type=TEMPLATE,
        risk=Risk.MEDIUM,
        doc="What its answers are remembered by, together with host and route. Those with Set-Cookie or Vary are not, "
        "nor those whose Cache-Control does not want it.",
        apply=lambda settings, value: _with(settings, cache_key=value),
    ),
    _supported(
        name="auth-cache-duration",
        type=KEPT_TYPE,
        risk=Risk.MEDIUM,
        default="200 202 401 5m",
        doc="How long they are, by status. A max-age of the answer only shortens it.",
        apply=lambda settings, value: _with(settings, kept=value),
    ),
    _supported(
        name="auth-keepalive",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        doc="The number of idle connections to each endpoint of it that a worker keeps. With 0 they are kept as those "
        "to backends are. Requests are sent and answers read as without it.",
        apply=lambda settings, value: _with(settings, connections=value),
    ),
    _supported(
        name="auth-keepalive-requests",
        type=POSITIVE,
        risk=Risk.LOW,
        default="1000",
        doc="The number of requests on such a connection. Has an effect with auth-keepalive only.",
        apply=lambda settings, value: _with(settings, requests=value),
    ),
    _supported(
        name="auth-keepalive-timeout",
        type=SECONDS,
        risk=Risk.LOW,
        default="60",
        doc="How long such a connection may be idle, in seconds. Has an effect with auth-keepalive only.",
        apply=lambda settings, value: _with(settings, idle_s=value),
    ),
    _supported(
        name="auth-keepalive-share-vars",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Whether that request may set variables of nginx. There are none that one could set, so both values are "
        "the same.",
        apply=lambda settings, _: settings,
    ),
    _supported(
        name="enable-global-auth",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="true",
        doc="Whether the option global-auth-url holds for these routes. An auth-url of their own stands in its place.",
        apply=lambda settings, value: replace(settings, global_auth=value),
    ),
)
