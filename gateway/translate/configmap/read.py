"""The options of one ConfigMap → the rules of a translation, and a verdict for each that is not honoured as written."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from gateway.translate.configmap.declare import Option, closed
from gateway.translate.configmap.table import BY_NAME, TABLE
from gateway.translate.ingress.annotations.declare import Support
from gateway.translate.ingress.annotations.values import BOOLEAN, InvalidValueError
from gateway.translate.limits import ANNOTATION_BYTES
from gateway.translate.rules import Rules
from gateway.verdicts import reasons_options as reasons
from gateway.verdicts.verdict import ObjectRef, Verdict

_NOTHING: Final[Mapping[str, str]] = {}
_GUARD_FIX: Final = "protect every Ingress by annotations, or do not open the gateway to those who must stay out"
_FIX: Final = "use annotations where they say the same; until then, remove it or expect what happens without it"


def with_options(rules: Rules, data: Mapping[str, str]) -> Rules:
    """`rules` as the options ask for them. What cannot be read has no effect, as in ingress-nginx; but what keeps
    requests out and cannot be honoured closes every route.
    """
    for row in TABLE:  # in the order of the table, so that the order of the ConfigMap has no say
        value = data.get(row.name, "").strip()
        if row.closes and row.keeps_out(value):
            rules = row.closes(rules)
        if row.apply is None or not value:
            continue
        try:
            rules = row.apply(rules, _parse(row, value, rules))
        except InvalidValueError:  # `judge_options` says so
            if row.unreadable:
                rules = row.unreadable[1](rules)
            elif row.guard:
                rules = closed(rules, row.name)
    return rules


def judge_options(
    subject: ObjectRef, data: Mapping[str, str], rules: Rules, beneath: Mapping[str, str] = _NOTHING
) -> Iterator[Verdict]:
    """`beneath` are options of another ConfigMap that hold where these say nothing. They are not judged."""
    for name, value in sorted(data.items()):
        row = BY_NAME.get(name)
        if row is None:
            yield _unknown(subject, name, value)
        elif row.support is Support.SUPPORTED:
            yield from _invalid(subject, row, value.strip(), rules)
            yield from _alone(subject, row, value, {**beneath, **data})
        elif not row.asks_nothing(value):
            yield _unsupported(subject, row, value, without_snippets=rules.without_snippets)


def _parse(row: Option, value: str, rules: Rules) -> object:
    if len(value) > ANNOTATION_BYTES:
        raise InvalidValueError(f"{len(value)} characters are more than {ANNOTATION_BYTES}", "shorten the value")
    parsed = row.type.parse(value).value
    if row.check and (problem := row.check(rules, parsed)):
        raise InvalidValueError(problem, "correct the value")
    return parsed


def _invalid(subject: ObjectRef, row: Option, value: str, rules: Rules) -> Iterator[Verdict]:
    shown = "(not shown)" if row.secret else value
    try:
        if value:
            _parse(row, value, rules)
            if adjusted := row.type.parse(value).adjusted:
                fix = row.instead or "write a value within the bounds"
                yield reasons.OPTION_ADJUSTED.verdict(
                    subject, _field(row.name), shown, f"{adjusted}, which is used", fix
                )
    except InvalidValueError as problem:
        if row.guard:
            standing = row.unreadable[0] if row.unreadable else "every route answers 503"
            text = f"{problem.reason}; {standing} meanwhile"
            yield reasons.GUARD_INVALID.verdict(subject, _field(row.name), shown, text, problem.fix)
            return
        standing = f"the default ({row.default}) is used" if row.default else "it is ignored"
        standing = row.unreadable[0] if row.unreadable else standing
        yield reasons.OPTION_INVALID.verdict(
            subject, _field(row.name), shown, f"{problem.reason}; {standing}", problem.fix
        )


def _alone(subject: ObjectRef, row: Option, value: str, data: Mapping[str, str]) -> Iterator[Verdict]:
    """Whether it waits for another option that is not there."""
    if not row.needs or row.asks_nothing(value):
        return
    asked = (data.get(name, "").strip() for name in row.needs)
    if not any(text and BOOLEAN.parse(text).value for text in asked if _is_boolean(text)):
        why = f"it says something only when {' or '.join(row.needs)} is true"
        fix = f"set {row.needs[0]}, or remove it"
        yield reasons.OPTION_ALONE.verdict(subject, _field(row.name), value, why, fix)


def _is_boolean(text: str) -> bool:
    try:
        BOOLEAN.parse(text)
    except InvalidValueError:
        return False
    return True


def _unsupported(subject: ObjectRef, row: Option, value: str, *, without_snippets: bool) -> Verdict:
    match row.support:
        case Support.NO_EFFECT:
            why = row.differs or "what it adjusts does not exist here"
            return reasons.OPTION_IDLE.verdict(subject, _field(row.name), value, why, row.instead or "remove it")
        case Support.REMOVED:
            why = "ingress-nginx has removed it; it has no effect there either"
            return reasons.OPTION_REMOVED.verdict(subject, _field(row.name), value, why, row.instead or "remove it")
        case Support.REFUSED:
            return _text(subject, row, value, without_snippets=without_snippets)
        case _:
            reason = reasons.GUARD_UNSUPPORTED if row.guard else reasons.OPTION_UNSUPPORTED
            fix = row.instead or (_GUARD_FIX if row.guard else _FIX)
            why = "the gateway does not read this option yet"
            why = f"{why}; {row.differs}" if row.guard else row.differs or why
            return reason.verdict(subject, _field(row.name), value, why, fix)


def _text(subject: ObjectRef, row: Option, value: str, *, without_snippets: bool) -> Verdict:
    fix = row.instead or _GUARD_FIX
    if row.advise is not None and len(value) <= ANNOTATION_BYTES and (found := row.advise(value)):
        fix = f"{fix}: {found}"
    optional = row.family == "snippets"  # may the operator serve without it?
    if row.closes and row.keeps_out(value) and not (optional and without_snippets):
        closed = row.differs or "every route answers 503"
        why = f"it is configuration text, which is refused, and may keep requests out; {closed}"
        if optional:
            fix = f"{fix}; or start with --serve-without-snippets, if nothing in it keeps anybody out"
        return reasons.TEXT_CLOSED.verdict(subject, _field(row.name), value, why, fix)
    why = "it is configuration text, which is refused; everything is served without it"
    return reasons.OPTION_REFUSED.verdict(subject, _field(row.name), value, why, fix)


def _unknown(subject: ObjectRef, name: str, value: str) -> Verdict:
    near = get_close_matches(name.lower(), BY_NAME, n=1)
    fix = f"did you mean {near[0]}?" if near else "remove it, or look its name up in the reference"
    return reasons.OPTION_UNKNOWN.verdict(
        subject, _field(name), value, "there is no option of this name; it has no effect", fix
    )


def _field(name: str) -> str:
    return f"data[{name}]"
