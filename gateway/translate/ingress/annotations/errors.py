"""Who answers in place of a backend that cannot, or should not."""

from functools import partial
from typing import Final

from msgspec.structs import replace

from gateway.objects.names import name_problem
from gateway.translate.ingress.annotations.declare import Annotation, OnInvalid, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError, Parsed, Type
from gateway.translate.ingress.annotations.values_http import STATUSES
from gateway.translate.ingress.settings import Settings

_supported = partial(Annotation, family="errors", support=Support.SUPPORTED, scope=Scope.LOCATION, risk=Risk.LOW)


def parse_service(text: str) -> Parsed[str]:
    if problem := name_problem(text, label=True):
        raise InvalidValueError(problem, "write the name of a Service in the same namespace")
    return Parsed(text)


SERVICE: Final = Type("Service", "the name of a Service in the same namespace", parse_service)


def _with(settings: Settings, **changed: object) -> Settings:
    return replace(settings, errors=replace(settings.errors, **changed))


ROWS: Final = (
    _supported(
        name="default-backend",
        type=SERVICE,
        on_invalid=OnInvalid.INGRESS,
        doc="The Service (its first port) that answers while the route's own has no ready endpoint, with the request "
        "as it came and X-Code 503; and in place of the statuses of custom-http-errors.",
        apply=lambda settings, value: _with(settings, backend=value),
    ),
    _supported(
        name="custom-http-errors",
        type=STATUSES,
        on_invalid=OnInvalid.INGRESS,
        doc="The statuses, of the backend or of the gateway itself, that the default backend (the annotation's, else "
        "the gateway's) answers instead: it is asked GET `/` with X-Code, X-Format, X-Original-URI, X-Namespace, "
        "X-Ingress-Name, X-Service-Name, X-Service-Port and X-Request-ID.",
        apply=lambda settings, value: _with(settings, statuses=value),
    ),
    _supported(
        name="disable-proxy-intercept-errors",
        type=BOOLEAN,
        default="false",
        doc="Lets the backend's own error answers through although custom-http-errors lists them.",
        apply=lambda settings, value: _with(settings, local_only=value),
    ),
)
