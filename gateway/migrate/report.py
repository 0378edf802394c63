"""The report as a document. Must not know how it is shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.verdicts.verdict import ObjectRef


class Judgement(StrEnum):
    WORKS = "works"
    DIFFERS = "works differently"
    CHANGE = "needs a change"


ORDER: Final = (Judgement.CHANGE, Judgement.DIFFERS, Judgement.WORKS)


class Item(Struct, frozen=True):
    """One thing that an object asks for. `how` says what is different, `change` what to write instead; `code` is that
    of the finding, `origin` is `file:line:column`; both may be empty.
    """

    field: str
    value: str
    judgement: Judgement
    how: str = ""
    change: str = ""
    code: str = ""
    origin: str = ""


class Subject(Struct, frozen=True):
    """An object. `judgement` is the worst of its items'."""

    object: ObjectRef
    origin: str
    judgement: Judgement
    items: tuple[Item, ...]


class Report(Struct, frozen=True):
    """Objects that need a change come first. `objects` and `items` count them by judgement; `foreign` are Ingresses of
    other classes, which were not judged; `unread` says what could not be read at all.
    """

    kind: str
    objects: Mapping[str, int]
    items: Mapping[str, int]
    subjects: tuple[Subject, ...]
    foreign: tuple[ObjectRef, ...]
    unread: tuple[str, ...]

    @property
    def needs_change(self) -> bool:
        return any(one.judgement is Judgement.CHANGE for one in self.subjects)


def subject(ref: ObjectRef, origin: str, items: Iterable[Item]) -> Subject:
    """Items in the order of their place, what needs a change first."""
    found = tuple(sorted(items, key=lambda one: (ORDER.index(one.judgement), one.field, one.code, one.how)))
    worst = found[0].judgement if found else Judgement.WORKS
    return Subject(ref, origin, worst, found)


def report(subjects: Iterable[Subject], foreign: Iterable[ObjectRef], unread: Iterable[str]) -> Report:
    found = tuple(sorted(subjects, key=lambda one: (ORDER.index(one.judgement), one.object)))
    objects = Counter(one.judgement for one in found)
    items = Counter(item.judgement for one in found for item in one.items)
    return Report("migrate-report/v1", _all(objects), _all(items), found, tuple(sorted(foreign)), tuple(sorted(unread)))


def _all(count: Counter[Judgement]) -> dict[str, int]:
    return {str(one): count[one] for one in reversed(ORDER)}
