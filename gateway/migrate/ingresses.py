"""One Ingress → what becomes of each of its annotations, and of the rest of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gateway.migrate.report import Item, Judgement, Subject, subject
from gateway.objects.ingress import Ingress
from gateway.store.view import View
from gateway.translate.ingress.annotations.declare import Annotation, Support
from gateway.translate.ingress.annotations.idioms import idioms
from gateway.translate.ingress.annotations.table import BY_NAME
from gateway.verdicts.reasons import readable
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict

# Codes of what is the same in ingress-nginx, however bad it is: it is no matter of the migration.
SAME_THERE: Final = frozenset(
    (
        *("GW102", "GW106", "GW110", "GW111"),
        *("GW202", "GW203", "GW204", "GW205", "GW206", "GW207"),
        *("GW223", "GW225", "GW226", "GW227", "GW228"),
        *("GW240", "GW241", "GW242", "GW245", "GW247", "GW248", "GW249"),
        *("GW260", "GW261", "GW262", "GW263", "GW264", "GW265", "GW266", "GW267", "GW270", "GW271"),
        *("GW282", "GW284", "GW285", "GW286", "GW287", "GW288", "GW294", "GW295"),
    )
)
_OF_SEVERITY: Final = {
    Severity.ERROR: Judgement.CHANGE,
    Severity.WARNING: Judgement.DIFFERS,
    Severity.INFO: Judgement.WORKS,
}
_STANDING: Final = "as in ingress-nginx: "


def judge_ingress(ingress: Ingress, verdicts: Iterable[Verdict], view: View, prefix: str) -> Subject:
    """`verdicts` are those on this Ingress."""
    meta = ingress.metadata
    ref = ObjectRef("Ingress", meta.namespace, meta.name)
    said: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        said.setdefault(verdict.field, []).append(verdict)
    items = [*_annotations(ref, meta.annotations, said, view, prefix)]
    items += [_of(verdict) for found in said.values() for verdict in found]
    origin = view.origin(*_key(ref), "")
    return subject(ref, str(origin) if origin else "", items)


def _annotations(
    ref: ObjectRef, annotations: Mapping[str, str], said: dict[str, list[Verdict]], view: View, prefix: str
) -> Iterator[Item]:
    """Takes what is said of annotations out of `said`."""
    start = f"{prefix}/"
    for key in sorted(annotations):
        name = key.removeprefix(start)
        if not key.startswith(start):
            continue
        field = f"metadata.annotations[{key}]"
        found = said.pop(field, [])
        row = BY_NAME.get(name)
        if found:
            yield from (_with_idioms(_of(verdict), row, annotations[key]) for verdict in found)
            continue
        origin = view.origin(*_key(ref), field)
        where = str(origin) if origin else ""
        how = "it asks for what happens anyway" if row is not None and row.support is not Support.SUPPORTED else ""
        yield Item(field, readable(annotations[key]), Judgement.WORKS, how, origin=where)


def _with_idioms(item: Item, row: Annotation[Any] | None, value: str) -> Item:
    """A snippet is listed directive by directive."""
    if row is None or row.support is not Support.REFUSED:
        return item
    parts = []
    for one in idioms(value):
        how = f" ({one.how})" if one.how else ""
        parts.append(f"{one.written} → {' and '.join(map(_named, one.instead)) or 'nothing here says this'}{how}")
    change = "; ".join(parts) or item.change
    return Item(item.field, item.value, item.judgement, item.how, change, item.code, item.origin)


def _named(instead: str) -> str:
    """The name of an annotation, with a word where it does not work yet."""
    row = BY_NAME.get(instead)
    waiting = row is not None and row.support is not Support.SUPPORTED
    return f"{instead} (not supported yet)" if waiting else instead


def _of(verdict: Verdict) -> Item:
    origin = str(verdict.origin) if verdict.origin else ""
    if verdict.code in SAME_THERE:
        how = f"{_STANDING}{verdict.reason}"
        return Item(verdict.field, verdict.value, Judgement.WORKS, how, verdict.fix, verdict.code, origin)
    judgement = _OF_SEVERITY[verdict.severity]
    return Item(verdict.field, verdict.value, judgement, verdict.reason, verdict.fix, verdict.code, origin)


def _key(ref: ObjectRef) -> tuple[str, str, str]:
    return ref.kind, ref.namespace, ref.name
