"""HTTP/2 toward clients."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="http2", support=Support.PLANNED)
_idle = partial(Option, family="http2", support=Support.NO_EFFECT)

ROWS: Final = (
    _planned(name="use-http2", default="true", doc="Whether HTTP/2 is spoken."),
    _planned(name="http2-max-concurrent-streams", default="128", doc="Requests at a time on one connection."),
    _idle(name="http2-max-field-size", neutral=("4k",), doc="Obsolete in nginx itself."),
    _idle(name="http2-max-header-size", neutral=("16k",), doc="Obsolete in nginx itself."),
    _idle(name="http2-max-requests", default="0", neutral=("1000",), doc="Obsolete in nginx itself."),
)
