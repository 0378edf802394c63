"""From where, and how often, requests may come. Closed until supported, where ignoring a row would let more in."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import INTEGER, NETWORKS

_planned = partial(Annotation, family="access", support=Support.PLANNED, scope=Scope.LOCATION)
_closed = partial(_planned, unsupported_effect=Effect.CLOSED)

ROWS: Final = (
    _closed(
        name="allowlist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="Only these client addresses are served.",
    ),
    _closed(
        name="whitelist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        alias_of="allowlist-source-range",
        doc="The old name of allowlist-source-range, read when that one is absent.",
    ),
    _closed(
        name="denylist-source-range",
        type=NETWORKS,
        risk=Risk.MEDIUM,
        on_invalid=OnInvalid.LOCATION,
        doc="These client addresses are not served.",
    ),
    _closed(
        name="limit-rps",
        type=INTEGER,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        neutral=(0,),
        doc="Requests per second and client address.",
    ),
    _closed(
        name="limit-rpm",
        type=INTEGER,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        neutral=(0,),
        doc="Requests per minute and client address.",
    ),
    _closed(
        name="limit-connections",
        type=INTEGER,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        neutral=(0,),
        doc="Requests at a time per client address.",
    ),
    _planned(
        name="limit-burst-multiplier",
        type=INTEGER,
        risk=Risk.LOW,
        default="5",
        on_invalid=OnInvalid.INGRESS,
        doc="How far limit-rps and limit-rpm may be exceeded for a moment. Limits nothing by itself.",
    ),
    _planned(
        name="limit-rate",
        type=INTEGER,
        risk=Risk.LOW,
        default="0",
        neutral=(0,),
        on_invalid=OnInvalid.INGRESS,
        doc="Kilobytes per second of a response. Shapes traffic and keeps nobody out.",
    ),
    _planned(
        name="limit-rate-after",
        type=INTEGER,
        risk=Risk.LOW,
        default="0",
        neutral=(0,),
        on_invalid=OnInvalid.INGRESS,
        doc="Kilobytes of a response before limit-rate begins.",
    ),
    _planned(
        name="limit-allowlist",
        type=NETWORKS,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        doc="Client addresses that limits do not apply to. Limits nothing by itself.",
    ),
    _planned(
        name="limit-whitelist",
        type=NETWORKS,
        risk=Risk.LOW,
        on_invalid=OnInvalid.INGRESS,
        alias_of="limit-allowlist",
        doc="The old name of limit-allowlist, read when that one is absent.",
    ),
)
