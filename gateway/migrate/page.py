"""The report as one HTML file: nothing is loaded from anywhere, and nothing in it runs."""

from collections.abc import Iterator
from html import escape
from typing import Final

from gateway.migrate.page_style import STYLE
from gateway.migrate.report import Item, Judgement, Report, Subject

CLASSES: Final = {Judgement.WORKS: "works", Judgement.DIFFERS: "differs", Judgement.CHANGE: "change"}
MARKS: Final = {Judgement.WORKS: "✓", Judgement.DIFFERS: "≈", Judgement.CHANGE: "✕"}
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_NEXT: Final = {
    True: "Some objects need a change before they can move. Each is listed with the field, the line and what to write.",
    False: "Everything can move as it is.",
}


def page(found: Report) -> str:
    return "".join(_parts(found))


def _parts(found: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>From ingress-nginx to Sallygate</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    yield "<header><h1>From ingress-nginx to Sallygate</h1>\n"
    yield f"<p>{_NEXT[found.needs_change]}</p></header>\n"
    yield from _summary(found)
    if found.unread:
        yield '<section class="unread"><h2>Not everything could be read</h2><ul>\n'
        yield from (f"<li>{escape(line)}</li>\n" for line in found.unread)
        yield "</ul></section>\n"
    for subject in found.subjects:
        yield from _subject(subject)
    if found.foreign:
        names = ", ".join(f"{one.namespace}/{one.name}" for one in found.foreign)
        yield f"<footer>Not judged, because they belong to other controllers: {escape(names)}</footer>\n"
    yield "</main>\n</body>\n</html>\n"


def _summary(found: Report) -> Iterator[str]:
    total = max(1, sum(found.objects.values()))
    yield '<section class="summary" aria-label="Summary">\n<div class="cards">\n'
    for judgement, name in CLASSES.items():
        yield f'<div class="card {name}"><span class="mark" aria-hidden="true">{MARKS[judgement]}</span>'
        yield f'<strong>{found.objects[judgement]}</strong><span class="what">{_objects(found.objects[judgement])} '
        yield f"{judgement}</span><small>{found.items[judgement]} fields</small></div>\n"
    yield '</div>\n<div class="bar" role="img" aria-label="Shares of the three">'
    for judgement, name in CLASSES.items():
        share = 100 * found.objects[judgement] / total
        if share:
            yield f'<span class="{name}" style="width:{share:.2f}%"></span>'
    yield "</div>\n</section>\n"


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"


def _subject(subject: Subject) -> Iterator[str]:
    opened = "" if subject.judgement is Judgement.WORKS else " open"
    yield f'<details class="{CLASSES[subject.judgement]}"{opened}>\n<summary>'
    yield f'<span class="pill">{MARKS[subject.judgement]} {subject.judgement}</span> '
    yield f"<b>{escape(str(subject.object))}</b>"
    if subject.origin:
        yield f" <code>{escape(subject.origin)}</code>"
    yield "</summary>\n"
    if not subject.items:
        yield "<p>Nothing in it is special to ingress-nginx.</p>\n"
    else:
        yield '<table>\n<thead><tr><th scope="col">Field</th><th scope="col">Value</th>'
        yield '<th scope="col">What becomes of it</th><th scope="col">What to change</th></tr></thead>\n<tbody>\n'
        yield from map(_item, subject.items)
        yield "</tbody>\n</table>\n"
    yield "</details>\n"


def _item(item: Item) -> str:
    how = escape(item.how) if item.how else "works"
    code = f" <small>{escape(item.code)}</small>" if item.code else ""
    change = escape(item.change) if item.judgement is not Judgement.WORKS else ""
    place = f"<br><small>{escape(item.origin)}</small>" if item.origin else ""
    mark = f'<span class="mark" title="{item.judgement}">{MARKS[item.judgement]}</span>'
    return (
        f'<tr class="{CLASSES[item.judgement]}"><td>{mark} <code>{escape(item.field)}</code>{place}</td>'
        f"<td><code>{escape(item.value)}</code></td><td>{how}{code}</td><td>{change}</td></tr>\n"
    )
