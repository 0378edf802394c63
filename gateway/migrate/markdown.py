"""The report in Markdown, for a pull request or a wiki."""

from collections.abc import Iterator

from gateway.migrate.report import Item, Judgement, Report, Subject

MARKS = {Judgement.WORKS: "✅", Judgement.DIFFERS: "🔶", Judgement.CHANGE: "🛑"}


def markdown(found: Report) -> str:
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Report) -> Iterator[str]:
    yield "# From ingress-nginx to Sallygate"
    yield ""
    yield "| | objects | annotations, options and other fields |"
    yield "|---|---|---|"
    for judgement, mark in MARKS.items():
        yield f"| {mark} {judgement} | {found.objects[judgement]} | {found.items[judgement]} |"
    if found.unread:
        yield ""
        yield "**Not everything could be read**, so this is not all:"
        yield ""
        yield from (f"- {text(line)}" for line in found.unread)
    for subject in found.subjects:
        yield ""
        yield from _subject(subject)
    if found.foreign:
        names = ", ".join(f"{one.namespace}/{one.name}" for one in found.foreign)
        yield ""
        yield f"Not judged, because they belong to other controllers: {text(names)}"


def _subject(subject: Subject) -> Iterator[str]:
    yield f"## {MARKS[subject.judgement]} {text(str(subject.object))}"
    yield ""
    if subject.origin:
        yield f"`{subject.origin}`"
        yield ""
    if not subject.items:
        yield "Nothing in it is special to ingress-nginx."
        return
    yield "| | field | value | what becomes of it | what to change |"
    yield "|---|---|---|---|---|"
    yield from map(_item, subject.items)


def _item(item: Item) -> str:
    code = f" ({item.code})" if item.code else ""
    change = item.change if item.judgement is not Judgement.WORKS else ""
    cells = (
        MARKS[item.judgement],
        code_of(item.field),
        code_of(item.value),
        text(item.how or "works") + code,
        text(change),
    )
    return f"| {' | '.join(cells)} |"


def text(value: str) -> str:
    """Text that is text in Markdown, too, and does not end a table's cell."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in value.replace("\n", " "))


def code_of(value: str) -> str:
    return f"`{value.replace('`', chr(0x2018)).replace('|', chr(92) + '|')}`" if value else ""
