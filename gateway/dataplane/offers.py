"""From a publish to an answer: which segments are still wanted, and what the engine said. Knows no socket."""

from collections.abc import Callable
from typing import Final, Protocol

from gateway.publish.protocol import Accepted, Publish, Refused, Segments, Want

ROUNDS: Final = 64  # wants for one publish. The tree is five levels deep; the rest is for answers cut into parts

Answer = Accepted | Refused | Want


class Offer(Protocol):
    """As `_core.Offer`."""

    @property
    def accepted(self) -> bool: ...
    @property
    def wanted(self) -> list[bytes]: ...
    @property
    def built(self) -> int: ...
    @property
    def reused(self) -> int: ...
    @property
    def build_us(self) -> int: ...
    @property
    def swap_us(self) -> int: ...


class _Pending:
    def __init__(self, message: Publish) -> None:
        self.id = message.id
        self.root = message.root
        self.segments = list(message.segments)
        self.rounds = 0


class Offers:
    """Takes the messages of one control connection in order. Blocks for as long as the engine builds: run in a thread.

    `refusal` is the exception by which `offer` says that a snapshot cannot be served (`_core.Refused`).
    """

    def __init__(self, offer: Callable[[bytes, list[bytes]], Offer], refusal: type[Exception]) -> None:
        self._offer = offer
        self._refusal = refusal
        self._pending: _Pending | None = None

    def take(self, message: Publish | Segments) -> Answer | None:
        """The answer, if there is one: segments for a publish that was superseded have none."""
        if isinstance(message, Publish):
            self._pending = _Pending(message)
        elif self._pending is None or self._pending.id != message.id:
            return None
        else:
            self._pending.segments += message.segments
        answer = self._attempt(self._pending)
        if not isinstance(answer, Want):
            self._pending = None
        return answer

    def _attempt(self, pending: _Pending) -> Answer:
        try:
            offer = self._offer(pending.root, pending.segments)
        except self._refusal as refused:
            return _refused(pending, *(str(getattr(refused, name)) for name in ("segment", "kind", "field", "reason")))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 -- a panic of the engine is not an Exception
            # What was served before is served on, so this is a refusal, and the next publish may well be fine.
            return _refused(pending, "", "", "", f"the engine failed: {type(error).__name__}: {error}")
        if offer.accepted:
            return Accepted(pending.id, pending.root, offer.built, offer.reused, offer.build_us, offer.swap_us)
        pending.rounds += 1
        if pending.rounds > ROUNDS:
            return _refused(pending, offer.wanted[0].hex(), "", "", f"asked for {ROUNDS} times, and never sent")
        return Want(pending.id, tuple(offer.wanted))


def _refused(pending: _Pending, segment: str, kind: str, field: str, reason: str) -> Refused:
    return Refused(pending.id, pending.root, segment, kind, field, reason)
