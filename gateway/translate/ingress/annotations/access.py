"""From where, and how often, requests may come."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import NETWORKS
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="access", support=Support.SUPPORTED, scope=Scope.LOCATION)


def _allow(settings: Settings, value: tuple[str, ...]) -> Settings:
    return replace(settings, allow=value)


def _limit(settings: Settings, **changed: object) -> Settings:
    return replace(settings, limits=replace(settings.limits, **changed))


ROWS: Final = (
    _supported(
        name="allowlist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="Only these client addresses are served, others are answered 403. Takes the place of the gateway's list.",
        apply=_allow,
    ),
    _supported(
        name="whitelist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        alias_of="allowlist-source-range",
        doc="The old name of allowlist-source-range, read when that one is absent.",
        apply=_allow,
    ),
    _supported(
        name="denylist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="These client addresses are answered 403, whatever else lists them.",
        apply=lambda settings, value: replace(settings, deny=value),
    ),
    _supported(
        name="limit-rps",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        on_invalid=OnInvalid.INGRESS,
        doc="Requests per second and client address, of all routes of the Ingress together; more are answered 503, or "
        "what the option limit-req-status-code says. So many more as limit-burst-multiplier says pass at once. Each "
        "replica counts by itself. 0 is without limit.",
        apply=lambda settings, value: _limit(settings, per_second=value),
    ),
    _supported(
        name="limit-rpm",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        on_invalid=OnInvalid.INGRESS,
        doc="Requests per minute, likewise.",
        apply=lambda settings, value: _limit(settings, per_minute=value),
    ),
    _supported(
        name="limit-connections",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        on_invalid=OnInvalid.INGRESS,
        doc="Requests at a time per client address, of all routes of the Ingress together; more are answered 503, or "
        "what the option limit-conn-status-code says.",
        apply=lambda settings, value: _limit(settings, connections=value),
    ),
    _supported(
        name="limit-burst-multiplier",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="5",
        on_invalid=OnInvalid.INGRESS,
        doc="How many times itself limit-rps and limit-rpm may be exceeded for a moment. 0 counts as 5.",
        apply=lambda settings, value: _limit(settings, burst=value or 5),
    ),
    _supported(
        name="limit-rate",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        on_invalid=OnInvalid.INGRESS,
        doc="Kilobytes (of 1024) per second that an answer of the backend goes to its client with, each answer by "
        "itself; a second's worth may go at once. 0 is without limit.",
        differs="it needs no proxy-buffering: while the client gets its answer slowly, its endpoint is read slowly",
        apply=lambda settings, value: _limit(settings, rate=value * 1024),
    ),
    _supported(
        name="limit-rate-after",
        type=COUNT_TYPE,
        risk=Risk.LOW,
        default="0",
        on_invalid=OnInvalid.INGRESS,
        doc="Kilobytes of an answer that go as fast as they can before limit-rate begins.",
        apply=lambda settings, value: _limit(settings, rate_after=value * 1024),
    ),
    _supported(
        name="limit-allowlist",
        type=NETWORKS,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="Client addresses that limits do not apply to.",
        apply=lambda settings, value: _limit(settings, exempt=value),
    ),
    _supported(
        name="limit-whitelist",
        type=NETWORKS,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        alias_of="limit-allowlist",
        doc="The old name of limit-allowlist, read when that one is absent.",
        apply=lambda settings, value: _limit(settings, exempt=value),
    ),
)
