"""Verdicts as lines for a terminal, and only those that are new or have gone since the last time."""

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Final, NamedTuple

import msgspec

from gateway.verdicts.verdict import ObjectRef, Origin, Severity, Verdict

LINES: Final = 100  # of one batch; a first start with a broken folder must not bury everything else


def line(verdict: Verdict) -> str:
    """`error GW240 shop.yaml:12:9 Ingress default/shop spec.rules[0] "shop-svc": reason; fix`."""
    words = [verdict.severity.value, verdict.code]
    words += [str(part) for part in (verdict.origin, verdict.object, verdict.field) if part and str(part)]
    if verdict.value:
        words.append(json.dumps(verdict.value, ensure_ascii=False))
    sentence = "; ".join(part for part in (verdict.reason, verdict.fix) if part)
    return f"{' '.join(words)}: {sentence}"


class _Group(NamedTuple):
    """What one owner says: as it was given, and what of it counts for being new."""

    said: tuple[Verdict, ...]
    substances: tuple[Verdict, ...]


class News:
    """Remembers what has been said. Costs are in proportion to the owners who say something else than last time, and a
    look at each of the others.
    """

    def __init__(self) -> None:
        self._groups: dict[Hashable, _Group] = {}
        self._count: dict[Verdict, int] = {}  # by how many owners a substance is said
        self._severities: Counter[Severity] = Counter()

    def of(
        self,
        standing: Iterable[tuple[Hashable, tuple[Verdict, ...]]],
        place: Callable[[Verdict], Verdict] = lambda verdict: verdict,
        *,
        anew: bool = False,
    ) -> list[str]:
        """Lines for the verdicts that came or went; `standing` has each owner once. A verdict that only moved within
        its file is not news.

        `place` puts in where a verdict was written. `anew` where that may change without its owner saying anything new.
        """
        before, self._groups = self._groups, {}
        change: Counter[Verdict] = Counter()
        shown: dict[Verdict, Verdict] = {}
        for owner, said in standing:
            old = before.pop(owner, None)
            if old is not None and not anew and old.said == said:
                self._groups[owner] = old
                continue
            placed = [place(verdict) for verdict in said]
            group = self._groups[owner] = _Group(said, tuple(map(_substance, placed)))
            shown.update(zip(group.substances, placed, strict=True))
            change.update(group.substances)
            change.subtract(old.substances if old else ())
        for left in before.values():
            change.subtract(left.substances)
        come = sorted((shown[key] for key in self._crossings(change, came=True)), key=_reading_order)
        gone = sorted(self._crossings(change, came=False), key=_reading_order)
        self._settle(change)
        return _capped([line(verdict) for verdict in come]) + _capped([f"resolved {line(key)}" for key in gone])

    def severities(self) -> Counter[Severity]:
        """How many verdicts of each stand."""
        return self._severities

    def _crossings(self, change: Counter[Verdict], *, came: bool) -> list[Verdict]:
        """What nobody said before and somebody says now, or the other way round."""
        found = []
        for key, difference in change.items():
            before = self._count.get(key, 0)
            if difference and (before == 0 if came else before + difference == 0):
                found.append(key)
        return found

    def _settle(self, change: Counter[Verdict]) -> None:
        for key, difference in change.items():
            before = self._count.get(key, 0)
            count = before + difference
            self._severities[key.severity] += bool(count) - bool(before)
            if count:
                self._count[key] = count
            else:
                self._count.pop(key, None)


def _reading_order(verdict: Verdict) -> tuple[Origin, ObjectRef, str, str]:
    return verdict.origin or Origin(""), verdict.object, verdict.field, verdict.code


def _substance(verdict: Verdict) -> Verdict:
    return msgspec.structs.replace(verdict, origin=verdict.origin and Origin(verdict.origin.file))


def _capped(lines: list[str]) -> list[str]:
    if len(lines) <= LINES:
        return lines
    return [*lines[:LINES], f"… and {len(lines) - LINES} more like these"]
