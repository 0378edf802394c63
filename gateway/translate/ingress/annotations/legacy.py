"""Names that ingress-nginx itself no longer reads, and names of other controllers, which are still found in charts."""

from functools import partial
from typing import Final

from gateway.translate.ingress.annotations.declare import Annotation, Risk, Scope, Support
from gateway.translate.ingress.annotations.values import LINES

_removed = partial(
    Annotation,
    family="legacy",
    support=Support.REMOVED,
    scope=Scope.LOCATION,
    type=LINES,
    risk=Risk.LOW,
)
_NOTHING: Final = "remove it"
_TRACING: Final = "remove it; tracing is by OpenTelemetry"
_INFLUX: Final = "remove it; metrics are read from the metrics port"

ROWS: Final = (
    _removed(
        name="secure-backends",
        instead='write backend-protocol: "HTTPS" instead',
        doc="Spoke HTTPS to backends; backend-protocol does now.",
    ),
    _removed(
        name="grpc-backend",
        instead='write backend-protocol: "GRPC" instead',
        doc="Spoke gRPC to backends; backend-protocol is its successor.",
    ),
    _removed(
        name="secure-verify-ca-secret",
        instead="see proxy-ssl-secret and proxy-ssl-verify",
        doc="Verified backends; proxy-ssl-secret and proxy-ssl-verify are its successors.",
    ),
    _removed(name="add-base-url", instead=_NOTHING, doc="Added a base element to pages."),
    _removed(name="base-url-scheme", instead=_NOTHING, doc="The scheme of that element."),
    _removed(name="session-cookie-hash", instead=_NOTHING, doc="How the affinity cookie was hashed."),
    _removed(name="enable-influxdb", instead=_INFLUX, doc="Sent metrics to InfluxDB."),
    _removed(name="influxdb-measurement", instead=_INFLUX, doc="The name of its measurement."),
    _removed(name="influxdb-port", instead=_INFLUX, doc="Its port."),
    _removed(name="influxdb-host", instead=_INFLUX, doc="Its address."),
    _removed(name="influxdb-server-name", instead=_INFLUX, doc="The name that was reported to it."),
    _removed(
        name="global-rate-limit",
        instead="see limit-rps and limit-rpm",
        doc="Limited requests over all replicas. ingress-nginx from 1.12 on serves without the limit, and so does this "
        "gateway.",
    ),
    _removed(name="global-rate-limit-window", instead="see limit-rps and limit-rpm", doc="The time that it counted."),
    _removed(name="global-rate-limit-key", instead="see limit-rps and limit-rpm", doc="What it counted by."),
    _removed(
        name="global-rate-limit-ignored-cidrs",
        instead="see limit-allowlist",
        doc="Addresses that it did not count.",
    ),
    _removed(name="enable-opentracing", instead=_TRACING, doc="Traced requests by OpenTracing."),
    _removed(name="opentracing-trust-incoming-span", instead=_TRACING, doc="Continued the client's trace."),
    _removed(name="enable-jaeger", instead=_TRACING, doc="Traced requests by Jaeger."),
    _removed(name="enable-zipkin", instead=_TRACING, doc="Traced requests by Zipkin."),
    Annotation(
        name="websocket-services",
        family="legacy",
        support=Support.NO_EFFECT,
        scope=Scope.LOCATION,
        type=LINES,
        risk=Risk.LOW,
        instead=_NOTHING,
        doc="From another controller; WebSockets always work.",
    ),
    Annotation(
        name="enable-websockets",
        family="legacy",
        support=Support.NO_EFFECT,
        scope=Scope.LOCATION,
        type=LINES,
        risk=Risk.LOW,
        instead=_NOTHING,
        doc="From another controller; WebSockets always work.",
    ),
)
