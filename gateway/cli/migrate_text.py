"""The report of a migration for a terminal."""

from collections.abc import Iterator
from typing import Final

from gateway.cli.tables import painted, plain
from gateway.migrate.report import Item, Judgement, Report, Subject

COLOURS: Final = {Judgement.WORKS: "ok", Judgement.DIFFERS: "warning", Judgement.CHANGE: "error"}


def text(found: Report) -> str:
    return "".join(f"{line}\n" for subject in found.subjects for line in _subject(subject))


def summary(found: Report) -> str:
    objects = ", ".join(f"{count} {judgement}" for judgement, count in found.objects.items())
    items = ", ".join(f"{count} {judgement}" for judgement, count in found.items.items())
    foreign = f"; {len(found.foreign)} Ingresses of other controllers were not judged" if found.foreign else ""
    return f"objects: {objects}; fields: {items}{foreign}"


def _subject(subject: Subject) -> Iterator[str]:
    place = f"  {subject.origin}" if subject.origin else ""
    yield f"{painted(str(subject.judgement), COLOURS[subject.judgement])}  {plain(f'{subject.object}{place}')}"
    for item in subject.items:
        if item.judgement is not Judgement.WORKS:
            yield from _item(item)


def _item(item: Item) -> Iterator[str]:
    value = f' = "{item.value}"' if item.value else ""
    code = f" ({item.code})" if item.code else ""
    yield f"    {painted(str(item.judgement), COLOURS[item.judgement])}  {plain(f'{item.field}{value}')}"
    yield f"        {plain(f'{item.how}{code}')}"
    if item.change:
        yield f"        {plain(f'change: {item.change}')}"
