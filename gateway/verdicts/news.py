"""Verdicts as lines for a terminal, and only those that are new or have gone since the last time."""

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.verdicts.verdict import ObjectRef, Origin, Verdict

LINES: Final = 100  # of one batch; a first start with a broken folder must not bury everything else


def line(verdict: Verdict) -> str:
    """`error GW240 shop.yaml:12:9 Ingress default/shop spec.rules[0] "shop-svc": reason; fix`."""
    words = [verdict.severity.value, verdict.code]
    words += [str(part) for part in (verdict.origin, verdict.object, verdict.field) if part and str(part)]
    if verdict.value:
        words.append(json.dumps(verdict.value, ensure_ascii=False))
    sentence = "; ".join(part for part in (verdict.reason, verdict.fix) if part)
    return f"{' '.join(words)}: {sentence}"


class News:
    """Remembers what has been said."""

    def __init__(self) -> None:
        self._said: dict[Verdict, None] = {}

    def of(self, standing: Iterable[Verdict]) -> list[str]:
        """Lines for the verdicts that came or went. A verdict that only moved within its file is not news."""
        now = {_substance(verdict): verdict for verdict in standing}
        come = sorted((verdict for key, verdict in now.items() if key not in self._said), key=_reading_order)
        gone = sorted((key for key in self._said if key not in now), key=_reading_order)
        self._said = dict.fromkeys(now)
        return _capped([line(verdict) for verdict in come]) + _capped([f"resolved {line(key)}" for key in gone])


def _reading_order(verdict: Verdict) -> tuple[Origin, ObjectRef, str, str]:
    return verdict.origin or Origin(""), verdict.object, verdict.field, verdict.code


def _substance(verdict: Verdict) -> Verdict:
    return msgspec.structs.replace(verdict, origin=verdict.origin and Origin(verdict.origin.file))


def _capped(lines: list[str]) -> list[str]:
    if len(lines) <= LINES:
        return lines
    return [*lines[:LINES], f"… and {len(lines) - LINES} more like these"]
