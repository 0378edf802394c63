"""What clients are answered."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="responses", support=Support.PLANNED)
_idle = partial(Option, family="responses", support=Support.NO_EFFECT)

ROWS: Final = (
    _planned(name="add-headers", doc="The ConfigMap with headers of every response."),
    _planned(name="hide-headers", doc="Headers of backends that clients do not get."),
    _planned(name="global-allowed-response-headers", doc="Headers that the annotation custom-headers may set."),
    _planned(
        name="allow-backend-server-header", default="false", doc="Whether clients see the Server header of backends."
    ),
    _idle(
        name="server-tokens", default="false", doc="Whether the Server header shows nginx's version; there is no nginx."
    ),
    _planned(name="custom-http-errors", doc="Statuses that are answered by the default backend."),
    _planned(
        name="disable-proxy-intercept-errors",
        default="false",
        doc="Whether that holds only for statuses of the gateway itself.",
    ),
    _idle(
        name="default-type", default="text/html", doc="Content type of files that nginx serves; no files are served."
    ),
    _planned(name="use-gzip", default="false", doc="Whether responses are compressed."),
    _planned(name="gzip-level", default="1", doc="How hard gzip tries."),
    _planned(name="gzip-min-length", default="256", doc="The shortest response that is compressed."),
    _planned(name="gzip-types", doc="Content types that are compressed."),
    _planned(name="gzip-disable", doc="Browsers for which nothing is compressed."),
    _planned(name="enable-brotli", default="false", doc="Whether responses are compressed with Brotli."),
    _planned(name="brotli-level", default="4", doc="How hard Brotli tries."),
    _planned(name="brotli-min-length", default="20", doc="The shortest response that is compressed."),
    _planned(name="brotli-types", doc="Content types that are compressed."),
    _planned(name="limit-rate", default="0", doc="Bytes per second of a response."),
    _planned(name="limit-rate-after", default="0", doc="Bytes of a response before limit-rate begins."),
)
