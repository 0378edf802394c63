"""The reference pages of annotations, options and verdicts, made from their tables.

`python -m gateway.translate.docs annotations > docs/reference/annotations.md`; the same for `options` and `verdicts`. A
test compares them.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import groupby
from pkgutil import iter_modules
from typing import Any, Final

from gateway import verdicts
from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.table import TABLE as OPTIONS
from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Support
from gateway.translate.ingress.annotations.table import TABLE
from gateway.translate.rules import PREFIX
from gateway.verdicts.reasons import Reason

SUPPORT: Final = {
    Support.SUPPORTED: "supported",
    Support.PLANNED: "not yet",
    Support.REFUSED: "refused",
    Support.NO_EFFECT: "no effect",
    Support.REMOVED: "removed",
}
_EFFECT: Final = {
    Effect.IGNORED: "has no effect",
    Effect.CLOSED: "**closes its routes**",
    Effect.HOST_CLOSED: "**closes its hosts**",
}
_INVALID: Final = {
    OnInvalid.DEFAULT: "default",
    OnInvalid.INGRESS: "closes its routes",
    OnInvalid.LOCATION: "closes its routes",
    OnInvalid.HOST: "closes its hosts",
}
_ANNOTATIONS: Final = """\
# Annotations

<!-- Made by `python -m gateway.translate.docs annotations`. Do not edit. -->

Names are written without their prefix `{prefix}/`, which can be changed by a setting. {counts}

No annotation is ignored in silence. One that is not honoured as written has a verdict with its name, its value, the
reason, what to write instead, and where it stands.

- **Support**: *not yet* is planned; *refused* never comes, because it would be configuration text; *no effect* adjusts
  something that does not exist here; *removed* is gone from ingress-nginx itself.
- **Otherwise** says what becomes of an Ingress: with a supported annotation whose value is not valid, or with one that
  is not supported. *Closes its routes*: they answer 503, because without the annotation they could be open to the wrong
  requests. *Closes its hosts*: so do the routes of other Ingresses on the same hosts, since the annotation protects
  them, too. A value that asks for what happens anyway (such as `off` for what is not there) never does harm.
- **Scope** is what ingress-nginx applies it to: the paths of the *location*, the *ingress*, the whole *server* (host),
  or the *upstream*, a Service port. The oldest Ingress decides about a server or an upstream.
- Text is trimmed. An empty value counts as not set. Truth values are `true`, `t`, `T`, `True`, `TRUE`, `1`, and their
  opposites.
- Annotations with any other prefix (cert-manager.io, external-dns and the like) belong to others and are not read.
"""
_OPTIONS: Final = """\
# Options of the ConfigMap

<!-- Made by `python -m gateway.translate.docs options`. Do not edit. -->

The keys of the ConfigMap that `--configmap` names, as ingress-nginx has them, the ones that it has removed included.
{counts}

No key is ignored in silence: one that asks for something else than what happens anyway, and is not honoured, has a
verdict. *Not yet* is planned; *refused* never comes, because it would be configuration text; *no effect* adjusts
something that does not exist here; *removed* is gone from ingress-nginx itself. Without an option that **protects**,
requests come in that it was to keep out: that is an error, the others are warnings. An annotation of an Ingress counts
more than the option. Values are read as ingress-nginx reads them; one that cannot be read leaves the default.
"""
_VERDICTS: Final = """\
# Verdicts

<!-- Made by `python -m gateway.translate.docs verdicts`. Do not edit. -->

A verdict is a judgement on one field of one object: which object and field, the value found there, the reason, what to
write instead, and the file, line and column. A mistake costs what it stands in and nothing else.

- **error**: what the field asks for is not served.
- **warning**: it is served, but not as written.
- **info**: worth knowing.

| Code | Severity | What | Why, and what follows |
|---|---|---|---|
"""


def annotations_page(table: Iterable[Annotation[Any]] = TABLE) -> str:
    rows = tuple(table)
    count = Counter(row.support for row in rows)
    counts = ", ".join(f"{count[support]} {words}" for support, words in SUPPORT.items())
    parts = [_ANNOTATIONS.format(prefix=PREFIX, counts=f"There are {len(rows)}: {counts}.")]
    for family, members in groupby(rows, key=lambda row: row.family):
        parts.append(f"\n## {family.replace('-', ' ').capitalize()}\n\n")
        parts.append(
            "| Name | Support | Value | Default | Scope | Otherwise | What it does |\n|---|---|---|---|---|---|---|\n"
        )
        parts.extend(_row(row) for row in members)
    return "".join(parts)


def verdicts_page() -> str:
    return _VERDICTS + "".join(
        f"| {reason.code} | {reason.severity} | {_cell(reason.title)} | {_cell(reason.explanation)} |\n"
        for reason in all_reasons()
    )


def all_reasons() -> list[Reason]:
    """By code. Whatever passes verdicts has its own table, in a module whose name begins with `reasons`."""
    names = [module.name for module in iter_modules(verdicts.__path__) if module.name.startswith("reasons")]
    found = {
        value
        for name in names
        for value in vars(import_module(f"gateway.verdicts.{name}")).values()
        if isinstance(value, Reason)
    }
    return sorted(found, key=lambda reason: reason.code)


def support_of(row: Annotation[Any]) -> str:
    """As the pages and tables have it."""
    return "supported, differs" if row.differs else SUPPORT[row.support]


def otherwise(row: Annotation[Any]) -> str:
    """What becomes of an Ingress whose annotation is not honoured as written."""
    supported = row.support is Support.SUPPORTED
    return _INVALID[row.on_invalid] if supported else _EFFECT[row.unsupported_effect]


def options_page(table: Iterable[Option] = OPTIONS) -> str:
    rows = tuple(table)
    count = Counter(row.support for row in rows)
    counts = ", ".join(f"{count[support]} {words}" for support, words in SUPPORT.items())
    parts = [_OPTIONS.format(counts=f"There are {len(rows)}: {counts}.")]
    for family, members in groupby(rows, key=lambda row: row.family):
        parts.append(f"\n## {family.capitalize()}\n\n| Name | Support | Default | What it does |\n|---|---|---|---|\n")
        parts.extend(_option(row) for row in members)
    return "".join(parts)


def _option(row: Option) -> str:
    parts = (row.doc, f"Here: {row.differs}." if row.differs else "", f"Instead: {row.instead}." if row.instead else "")
    default = f"`{row.default}`" if row.default else ""
    guard = " **(protects)**" if row.guard else ""
    cells = (f"`{row.name}`", SUPPORT[row.support] + guard, default, " ".join(part for part in parts if part))
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _row(row: Annotation[Any]) -> str:
    doc = f"{row.doc} ({row.instead})" if row.support is Support.REMOVED else row.doc
    doc += f" Here: {row.differs}." if row.differs else ""
    cells = (
        f"`{row.name}`",
        support_of(row),
        row.type.doc,
        f"`{row.default}`" if row.default else "",
        str(row.scope),
        otherwise(row),
        doc,
    )
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES: Final[dict[str, Callable[[], str]]] = {
    "annotations": annotations_page,
    "options": options_page,
    "verdicts": verdicts_page,
}

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
