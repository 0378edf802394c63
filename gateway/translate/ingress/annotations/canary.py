"""Sending a share of the requests to a second Ingress."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN
from gateway.translate.ingress.annotations.values_http import COUNT_TYPE, TOKEN, VALUE
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="canary", support=Support.SUPPORTED)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, canary=replace(settings.canary, **changed))


ROWS: Final = (
    _supported(
        name="canary",
        type=BOOLEAN,
        scope=Scope.INGRESS,
        risk=Risk.LOW,
        default="false",
        doc="Makes the Ingress a canary: its backends get some of the requests for the same host, path and path type "
        "of another one, all of whose other settings hold. Several canaries are asked in order of age. Header comes "
        "before cookie before weight. A canary without endpoints answers 503.",
        apply=lambda settings, value: _with(settings, enabled=value),
    ),
    _supported(
        name="canary-weight",
        type=COUNT_TYPE,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="0",
        doc="The canary's share of the requests that neither header nor cookie decide.",
        apply=lambda settings, value: _with(settings, weight=value),
    ),
    _supported(
        name="canary-weight-total",
        type=COUNT_TYPE,
        scope=Scope.UPSTREAM,
        risk=Risk.LOW,
        default="100",
        doc="What canary-weight is a share of. Values below 100 count as 100.",
        apply=lambda settings, value: _with(settings, total=max(value, 100)),
    ),
    _supported(
        name="canary-by-header",
        type=TOKEN,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The header that chooses the canary by the value `always`, and the primary by `never`.",
        apply=lambda settings, value: _with(settings, header=value),
    ),
    _supported(
        name="canary-by-header-value",
        type=VALUE,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The value of that header that chooses the canary, in place of `always` and `never`.",
        apply=lambda settings, value: _with(settings, header_value=value),
    ),
    _supported(
        name="canary-by-header-pattern",
        type=VALUE,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="A regular expression that is looked for in the value of that header. canary-by-header-value comes first. "
        "One that is not accepted leaves every request with the primary.",
        apply=lambda settings, value: _with(settings, header_pattern=value),
    ),
    _supported(
        name="canary-by-cookie",
        type=TOKEN,
        scope=Scope.UPSTREAM,
        risk=Risk.MEDIUM,
        doc="The cookie that chooses the canary by the value `always`, and the primary by `never`.",
        apply=lambda settings, value: _with(settings, cookie=value),
    ),
)
