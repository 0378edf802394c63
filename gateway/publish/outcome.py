"""What the publisher tells the rest of control."""

from typing import TypeAlias

from msgspec import Struct

from gateway.encode.digest import Digest
from gateway.encode.units import Unit
from gateway.publish import protocol


class Cause(Struct, frozen=True):
    """Why there is something to publish: when the first event came (monotonic seconds), and from where. `edited`:
    somebody waits to hear what comes of it, be it nothing.
    """

    began: float
    origins: tuple[str, ...] = ()
    edited: bool = True

    def joined(self, later: "Cause") -> "Cause":
        origins = tuple(dict.fromkeys((*self.origins, *later.origins)))
        return Cause(min(self.began, later.began), origins, self.edited or later.edited)


class Connected(Struct, frozen=True):
    hello: protocol.DataPlaneHello


class Disconnected(Struct, frozen=True):
    """The connection is gone; the next attempt follows by itself."""

    reason: str


class Accepted(Struct, frozen=True):
    """`root` is served. `before` is what was accepted before it, readable until this has been handled.

    `cause` is None where nothing had changed: the data plane only had to be told again.
    """

    root: Digest
    before: Digest | None
    cause: Cause | None
    answer: protocol.Accepted


class Refused(Struct, frozen=True):
    """The data plane goes on with what it had. `units` went to quarantine; without any, nothing more is tried."""

    answer: protocol.Refused
    units: tuple[Unit, ...]


Outcome: TypeAlias = Connected | Disconnected | Accepted | Refused
