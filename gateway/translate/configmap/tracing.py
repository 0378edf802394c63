"""Traces."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="tracing", support=Support.PLANNED)

ROWS: Final = (
    _planned(name="enable-opentelemetry", default="false", doc="Whether requests are traced."),
    _planned(
        name="opentelemetry-config", default="/etc/nginx/opentelemetry.toml", doc="nginx's file of tracing settings."
    ),
    _planned(name="opentelemetry-operation-name", doc="The name of spans."),
    _planned(name="opentelemetry-trust-incoming-span", default="true", doc="Whether a client's trace is continued."),
    _planned(name="otlp-collector-host", doc="Where traces are sent."),
    _planned(name="otlp-collector-port", default="4317", doc="Its port."),
    _planned(name="otel-service-name", default="nginx", doc="The name of the service in traces."),
    _planned(name="otel-sampler", default="AlwaysOn", doc="Which requests are traced."),
    _planned(name="otel-sampler-ratio", default="0.01", doc="The share of requests that are."),
    _planned(
        name="otel-sampler-parent-based", default="true", neutral=("false",), doc="Whether the client's choice counts."
    ),
    _planned(name="otel-max-queuesize", default="2048", doc="Spans that may wait."),
    _planned(name="otel-schedule-delay-millis", default="5000", doc="How long they may wait."),
    _planned(name="otel-max-export-batch-size", default="512", doc="Spans that are sent at once."),
    _planned(name="use-geoip2", default="false", doc="Whether logs and headers know where clients are."),
)
