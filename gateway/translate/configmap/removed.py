"""Options that are gone from ingress-nginx itself, and still stand in charts."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_removed = partial(Option, family="removed", support=Support.REMOVED)

ROWS: Final = (
    _removed(
        name="enable-opentracing", default="false", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."
    ),
    _removed(name="opentracing-operation-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(
        name="opentracing-location-operation-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."
    ),
    _removed(name="opentracing-trust-incoming-span", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="zipkin-collector-host", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="zipkin-collector-port", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="zipkin-service-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="zipkin-sample-rate", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-collector-host", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-collector-port", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-endpoint", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-service-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-propagation-format", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-sampler-type", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-sampler-param", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-sampler-host", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-sampler-port", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-trace-context-header-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-debug-header", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="jaeger-baggage-header", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(
        name="jaeger-trace-baggage-header-prefix", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."
    ),
    _removed(name="datadog-collector-host", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-collector-port", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-service-name", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-environment", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-operation-name-override", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-priority-sampling", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(name="datadog-sample-rate", instead="use OpenTelemetry", doc="Tracing before OpenTelemetry."),
    _removed(
        name="use-geoip",
        default="true",
        neutral=("false",),
        instead="remove it",
        doc="Where clients are, from a database that is not published any more.",
    ),
    _removed(
        name="global-rate-limit-memcached-host",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
    _removed(
        name="global-rate-limit-memcached-port",
        default="11211",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
    _removed(
        name="global-rate-limit-memcached-connect-timeout",
        default="50",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
    _removed(
        name="global-rate-limit-memcached-max-idle-timeout",
        default="10000",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
    _removed(
        name="global-rate-limit-memcached-pool-size",
        default="50",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
    _removed(
        name="global-rate-limit-status-code",
        default="429",
        instead="remove it",
        doc="Part of limits across replicas by a memcached server.",
    ),
)
