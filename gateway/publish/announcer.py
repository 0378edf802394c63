"""Tells people and the supervisor how publications end: one line per snapshot, one event per acknowledgement."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from gateway.encode import diff, routes
from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.publish import refusals
from gateway.publish.outcome import Accepted, Cause, Connected, Disconnected, Outcome, Refused
from gateway.publish.refusals import Refusal

NAMED_ORIGINS: Final = 2  # files named in one line; more are only counted

Say = Callable[[str], None]
Notify = Callable[[str, dict[str, object]], None]


class Announcer:
    """`hear` is the publisher's `tell`. `refused` is called when `refusals()` may have changed, which has one entry per
    unit in quarantine.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        say: Say,
        notify: Notify,
        refused: Callable[[], object],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._tree = tree
        self._say = say
        self._notify = notify
        self._refused = refused
        self._now = now
        self._monotonic = monotonic
        self._first = True
        self._reasons: dict[object, Refusal] = {}
        self._whole: Refusal | None = None

    def refusals(self) -> list[Refusal]:
        held = self._tree.held
        self._reasons = {unit: refusal for unit, refusal in self._reasons.items() if unit in held}
        found = list(self._reasons.values())
        return [*found, self._whole] if self._whole else found

    def hear(self, outcome: Outcome) -> None:
        match outcome:
            case Connected():
                hello = outcome.hello
                self._line(f"data plane {hello.version} connected (pid {hello.pid})")
            case Disconnected():
                self._line(outcome.reason)
            case Accepted():
                self._on_accepted(outcome)
            case Refused():
                self._on_refused(outcome)

    def unchanged(self, cause: Cause) -> None:
        """Something was edited, and what is served is the same as before."""
        if cause.origins and cause.edited:
            self._line(f"no change in what is served{_origins(cause)}")

    def _on_accepted(self, outcome: Accepted) -> None:
        if self._whole is not None:
            self._whole = None
            self._refused()
        self._notify("accepted", {"root": outcome.root.hex()})
        if self._first:
            self._first = False
            rows, total = routes.rows(self._tree.pool, outcome.root)
            self._notify("routes", {"rows": msgspec.to_builtins(rows), "total": total})
        name = _short(outcome.root)
        if outcome.cause is None:
            self._line(f"snapshot {name}: served by the data plane again")
            return
        words = ", ".join(diff.describe(self._tree.pool, outcome.before, outcome.root))
        took = (self._monotonic() - outcome.cause.began) * 1_000
        self._line(f"snapshot {name}: {words}{_origins(outcome.cause)} · {took:.0f} ms")

    def _on_refused(self, outcome: Refused) -> None:
        for unit in outcome.units:
            self._reasons[unit] = refusals.explain(self._tree, unit, outcome.answer)
        if not outcome.units:
            self._whole = refusals.unattributed(outcome.answer)
            self._line(f"snapshot {_short(outcome.answer.root)} refused: the last accepted one is served on")
        self._refused()

    def _line(self, text: str) -> None:
        self._say(f"{self._now():%H:%M:%S} {text}")


def _short(root: Digest) -> str:
    return root.hex()[:8]


def _origins(cause: Cause) -> str:
    if not cause.origins:
        return ""
    rest = len(cause.origins) + cause.more - NAMED_ORIGINS
    return f" ({', '.join(cause.origins[:NAMED_ORIGINS])}{f' and {rest} more' if rest > 0 else ''})"
