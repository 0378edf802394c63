"""HTTP/2 toward clients."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="http2", support=Support.PLANNED)
_idle = partial(Option, family="http2", support=Support.NO_EFFECT)

ROWS: Final = (
    _planned(name="use-http2", default="true", neutral=("false",), doc="Whether HTTP/2 is spoken."),
    _idle(
        name="http2-max-concurrent-streams",
        default="128",
        differs="HTTP/2 is not spoken, so every connection has one request at a time",
        doc="Requests at a time on one connection.",
    ),
    _idle(name="http2-max-field-size", neutral=("4k",), doc="Obsolete in nginx itself."),
    _idle(name="http2-max-header-size", neutral=("16k",), doc="Obsolete in nginx itself."),
    _idle(name="http2-max-requests", default="0", neutral=("1000",), doc="Obsolete in nginx itself."),
)
