"""The tables of annotations and of options, as documents."""

from difflib import get_close_matches
from typing import Any, Final

from msgspec import Struct

from gateway.translate.configmap.declare import Option
from gateway.translate.configmap.table import TABLE as OPTIONS
from gateway.translate.docs import SUPPORT, otherwise, support_of
from gateway.translate.ingress.annotations.declare import Annotation
from gateway.translate.ingress.annotations.table import TABLE as ANNOTATIONS

_LABELS: Final = (
    ("support", "support"),
    ("values", "values"),
    ("default", "default"),
    ("scope", "applies to"),
    ("otherwise", "otherwise an Ingress with it"),
    ("alias_of", "other name of"),
    ("instead", "instead"),
    ("differs", "differs"),
)


class Entry(Struct, frozen=True):
    """A row. `otherwise` says what becomes of an Ingress when the annotation is not honoured."""

    name: str
    family: str
    support: str
    values: str
    default: str
    scope: str
    otherwise: str
    alias_of: str
    instead: str
    doc: str
    differs: str = ""


class Registry(Struct, frozen=True):
    kind: str
    what: str
    entries: tuple[Entry, ...]


def registry(*, options: bool = False) -> Registry:
    if options:
        return Registry("options/v1", "option", tuple(map(_option, OPTIONS)))
    return Registry("annotations/v1", "annotation", tuple(map(_annotation, ANNOTATIONS)))


def nearest(name: str, found: Registry) -> str:
    return next(iter(get_close_matches(name, [one.name for one in found.entries], n=1)), "")


def entry_text(one: Entry) -> str:
    """For a terminal."""
    lines = [f"{one.name}: {one.doc}", ""]
    given = [(label, str(getattr(one, name))) for name, label in _LABELS if getattr(one, name)]
    width = max(len(label) for label, _ in given)
    return "\n".join([*lines, *(f"  {label:<{width}}  {value}" for label, value in given)])


def _annotation(row: Annotation[Any]) -> Entry:
    return Entry(
        row.name,
        row.family,
        support_of(row),
        row.type.doc.replace("`", ""),
        row.default,
        str(row.scope),
        otherwise(row).replace("*", ""),
        row.alias_of,
        row.instead,
        row.doc.replace("`", ""),
        row.differs.replace("`", ""),
    )


def _option(row: Option) -> Entry:
    return Entry(
        row.name,
        row.family,
        SUPPORT[row.support],
        row.type.doc.replace("`", ""),
        row.default,
        "the whole gateway",
        row.differs,
        "",
        row.instead.replace("`", ""),
        row.doc.replace("`", ""),
    )
