"""What the publisher tells the rest of control."""

from collections.abc import Iterable
from typing import Final, Self, TypeAlias

from msgspec import Struct, structs

from gateway.encode.digest import Digest
from gateway.encode.units import Unit
from gateway.publish import protocol

ORIGINS: Final = 16  # kept by name; lines name two, and a first start has tens of thousands


class Cause(Struct, frozen=True):
    """Why there is something to publish: when the first event came (monotonic seconds), and from where. `edited`:
    somebody waits to hear what comes of it, be it nothing. `more` origins are only counted, each time they come.
    """

    began: float
    origins: tuple[str, ...] = ()
    edited: bool = True
    more: int = 0

    @classmethod
    def of(cls, began: float, origins: Iterable[str], *, edited: bool) -> Self:
        """Each origin once, and no more than are kept."""
        named = tuple(dict.fromkeys(origins))
        return cls(began, named[:ORIGINS], edited, max(0, len(named) - ORIGINS))

    def joined(self, later: "Cause") -> "Cause":
        both = Cause.of(
            min(self.began, later.began), (*self.origins, *later.origins), edited=self.edited or later.edited
        )
        return structs.replace(both, more=self.more + later.more + both.more)


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
