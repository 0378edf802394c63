"""What is believed of proxies in front, and what backends are told of clients."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="forwarding", support=Support.PLANNED)
_idle = partial(Option, family="forwarding", support=Support.NO_EFFECT)

ROWS: Final = (
    _planned(
        name="use-forwarded-headers",
        default="false",
        instead="until then, backends see the address that the connection came from",
        doc="Whether X-Forwarded-* of proxies in front is believed.",
    ),
    _planned(
        name="compute-full-forwarded-for",
        default="false",
        doc="Whether X-Forwarded-For keeps the list that came with the request.",
    ),
    _planned(name="enable-real-ip", default="false", doc="Whether the client's address is taken from a header."),
    _planned(name="forwarded-for-header", default="X-Forwarded-For", doc="The header that holds the client's address."),
    _planned(name="proxy-real-ip-cidr", default="0.0.0.0/0", doc="The networks of proxies that are believed."),
    _planned(
        name="use-proxy-protocol",
        default="false",
        instead="let the load balancer pass connections on without a PROXY header",
        doc="Whether connections begin with a PROXY header.",
    ),
    _planned(name="proxy-protocol-header-timeout", default="5s", doc="How long a PROXY header may take."),
    _planned(name="proxy-add-original-uri-header", default="false", doc="Whether backends get X-Original-URI."),
    _planned(name="generate-request-id", default="true", doc="Whether a request without X-Request-ID gets one."),
    _planned(name="proxy-set-headers", doc="The ConfigMap with headers that every backend gets."),
    _idle(name="proxy-headers-hash-max-size", default="512", doc="Size of a table inside nginx."),
    _idle(name="proxy-headers-hash-bucket-size", default="64", doc="Size of a table inside nginx."),
    _planned(
        name="forwarded-host-header",
        default="X-Forwarded-Host",
        doc="The header that X-Original-Forwarded-Host is taken from.",
    ),
)
