"""TCP and UDP."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_planned = partial(Option, family="streams", support=Support.PLANNED)

ROWS: Final = (
    _planned(name="proxy-stream-timeout", default="600s", doc="How long a connection may be silent."),
    _planned(name="proxy-stream-next-upstream", default="true", doc="Whether the next endpoint is tried."),
    _planned(name="proxy-stream-next-upstream-timeout", default="600s", doc="For how long."),
    _planned(name="proxy-stream-next-upstream-tries", default="3", doc="How often."),
    _planned(name="proxy-stream-responses", default="1", doc="Datagrams that answer one."),
)
