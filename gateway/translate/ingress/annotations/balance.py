"""Which endpoint gets a request, and what counts as one."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.ir.backend import Balance
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, choice
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, TEMPLATE

_hash = partial(
    Annotation, family="balance", support=Support.SUPPORTED, scope=Scope.UPSTREAM, on_invalid=OnInvalid.INGRESS
)

BALANCES: Final = {"round_robin": Balance.ROUND_ROBIN, "ewma": Balance.LEAST_REQUEST}

ROWS: Final = (
    Annotation(
        name="service-upstream",
        family="balance",
        support=Support.SUPPORTED,
        type=BOOLEAN,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="false",
        doc="Sends requests to the Service's cluster IP and port instead of its endpoints. A headless Service has no "
        "cluster IP, so its endpoints are used. The oldest Ingress that refers to a Service port decides for all.",
        apply=lambda settings, value: replace(settings, service_upstream=value),
    ),
    Annotation(
        name="load-balance",
        family="balance",
        support=Support.SUPPORTED,
        type=choice("round_robin", "ewma"),
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="round_robin",
        on_invalid=OnInvalid.INGRESS,
        doc="How an endpoint is chosen: in turn, or (`ewma`) the one of two random endpoints with fewer requests under "
        "way, which is what ingress-nginx means by it, but for what it adds of past response times. The oldest Ingress "
        "that refers to a Service port decides for all.",
        apply=lambda settings, value: replace(settings, balance=BALANCES[value]),
    ),
    Annotation(
        name="upstream-hash-by",
        family="balance",
        support=Support.SUPPORTED,
        type=TEMPLATE,
        scope=Scope.UPSTREAM,
        risk=Risk.HIGH,
        on_invalid=OnInvalid.INGRESS,
        doc="Sends requests that agree in a text with variables to the same endpoint; when endpoints come and go, few "
        "texts move. It holds for the routes of this Ingress. A cookie of affinity counts more.",
        apply=lambda settings, value: replace(settings, hash_by=value),
    ),
    _hash(
        name="upstream-hash-by-subset",
        type=BOOLEAN,
        risk=Risk.LOW,
        default="false",
        doc="Lets upstream-hash-by choose a few endpoints instead of one; each request goes to any of them.",
        differs="each text has endpoints of its own, where ingress-nginx parts all endpoints into fixed groups; so few "
        "texts move when endpoints come and go",
        apply=lambda settings, value: replace(settings, hash_subset=value),
    ),
    _hash(
        name="upstream-hash-by-subset-size",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="3",
        doc="How many endpoints that are. 0 counts as 1.",
        apply=lambda settings, value: replace(settings, hash_subset_size=max(value, 1)),
    ),
)
