"""The annotations of one Ingress → its settings, and a verdict for each that is not honoured as written."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeVar

from msgspec.structs import replace

from gateway.translate.ingress.annotations.declare import Annotation, Effect, OnInvalid, Support
from gateway.translate.ingress.annotations.table import BY_NAME
from gateway.translate.ingress.annotations.values import InvalidValueError, Parsed, UnsupportedValueError
from gateway.translate.ingress.settings import Settings, defaults
from gateway.translate.limits import ANNOTATION_BYTES, UNKNOWN_ANNOTATIONS
from gateway.translate.rules import PREFIX, Rules
from gateway.verdicts import reasons
from gateway.verdicts.reasons import Reason
from gateway.verdicts.verdict import ObjectRef, Verdict

T = TypeVar("T")

_LONGEST_NAME: Final = max(map(len, BY_NAME))
_EFFECT_OF_INVALID: Final = {
    OnInvalid.DEFAULT: Effect.IGNORED,
    OnInvalid.INGRESS: Effect.CLOSED,
    OnInvalid.LOCATION: Effect.CLOSED,
    OnInvalid.HOST: Effect.HOST_CLOSED,
}
_CONSEQUENCE: Final = {
    Effect.IGNORED: "it has no effect",
    Effect.CLOSED: "the routes of this Ingress answer 503 meanwhile",
    Effect.HOST_CLOSED: "every route of its hosts answers 503 meanwhile",
}


_UNSUPPORTED: Final = {
    Effect.IGNORED: reasons.UNSUPPORTED,
    Effect.CLOSED: reasons.UNSUPPORTED_CLOSED,
    Effect.HOST_CLOSED: reasons.UNSUPPORTED_CLOSED,
}


class Outcome(NamedTuple):
    settings: Settings
    verdicts: tuple[Verdict, ...]


def field_of(prefix: str, name: str) -> str:
    return f"metadata.annotations[{prefix}/{name}]"


def read_annotations(annotations: Mapping[str, str], subject: ObjectRef, rules: Rules) -> Outcome:
    """Annotations touch different settings, so their order has no say. Names without our prefix belong to others."""
    reader = _Reader(annotations, subject, rules)
    reader.read()
    return Outcome(reader.settings, tuple(reader.verdicts))


class _Reader:
    def __init__(self, annotations: Mapping[str, str], subject: ObjectRef, rules: Rules) -> None:
        self._annotations = annotations
        self._subject = subject
        self._prefix = rules.annotations_prefix
        self._unknown = 0
        self.settings = defaults(rules)
        self.verdicts: list[Verdict] = []

    def read(self) -> None:
        for name, text in self._with_prefix(self._prefix):
            self._read(name, text)
        if self._unknown > UNKNOWN_ANNOTATIONS:
            more = self._unknown - UNKNOWN_ANNOTATIONS
            text = f"{more} more are not known"
            self.verdicts.append(
                reasons.MORE_UNKNOWN.verdict(self._subject, "metadata.annotations", "", text, "remove them")
            )
        if self._prefix != PREFIX:
            for name, text in self._with_prefix(PREFIX):
                if name in BY_NAME:
                    reason = f"only annotations of {self._prefix}/ are read"
                    self._say(reasons.DEFAULT_PREFIX, name, text, reason, f"write {self._prefix}/{name}", prefix=PREFIX)

    def _with_prefix(self, prefix: str) -> Iterator[tuple[str, str]]:
        start = f"{prefix}/"
        return ((key[len(start) :], text) for key, text in sorted(self._annotations.items()) if key.startswith(start))

    def _say(self, kind: Reason, name: str, value: str, reason: str, fix: str, *, prefix: str = "") -> None:
        field = field_of(prefix or self._prefix, name)
        self.verdicts.append(kind.verdict(self._subject, field, value, reason, fix))

    def _read(self, name: str, text: str) -> None:
        row = BY_NAME.get(name)
        value = _trimmed(text)
        if row is None:
            self._unknown += 1
            if self._unknown <= UNKNOWN_ANNOTATIONS:
                self._say_unknown(name, text)
        elif not value:
            fix = "set a value, or remove the annotation"
            self._say(reasons.EMPTY_ANNOTATION, name, "", "an empty value counts as not set", fix)
        elif row.alias_of and self._annotations.get(f"{self._prefix}/{row.alias_of}", "").strip():
            self._say(
                reasons.ALIAS_NOT_READ, name, value, f"{row.alias_of} is set and decides", "remove this annotation"
            )
        elif row.support is Support.SUPPORTED:
            self._apply(row, value)
        else:
            self._refuse(row, value)

    def _apply(self, row: Annotation[Any], value: str) -> None:
        try:
            parsed = _parse(row, value)
        except UnsupportedValueError as problem:
            if row.apply is not None and problem.value is not None:
                self.settings = row.apply(self.settings, problem.value)
            reason = f"{problem.reason}; {_CONSEQUENCE[Effect.CLOSED]}"
            self._say(reasons.VALUE_UNSUPPORTED, row.name, value, reason, problem.fix)
            self._follow(row.name, Effect.CLOSED)
            return
        except InvalidValueError as problem:
            effect = _EFFECT_OF_INVALID[row.on_invalid]
            if effect is Effect.IGNORED:
                standing = f"the default ({row.default}) is used" if row.default else "it is ignored"
                self._say(reasons.INVALID_IGNORED, row.name, value, f"{problem.reason}; {standing}", problem.fix)
            else:
                reason = f"{problem.reason}; {_CONSEQUENCE[effect]}"
                self._say(reasons.INVALID_CLOSED, row.name, value, reason, problem.fix)
            self._follow(row.name, effect)
            return
        if parsed.adjusted:
            reason = f"{parsed.adjusted}, which is used"
            self._say(reasons.VALUE_ADJUSTED, row.name, value, reason, "write a value within the bounds")
        if row.apply is not None:
            self.settings = row.apply(self.settings, parsed.value)

    def _refuse(self, row: Annotation[Any], value: str) -> None:
        """What is not supported; values that ask for what happens anyway pass without a word."""
        problem = ""
        try:
            if _parse(row, value).value in row.neutral:
                return
        except InvalidValueError as invalid:
            problem = f"; its value is not valid either: {invalid.reason}"
        effect = row.unsupported_effect
        consequence = f"{_CONSEQUENCE[effect]}{problem}"
        match row.support:
            case Support.NO_EFFECT:
                self._say(reasons.NO_EFFECT, row.name, value, f"{row.name} has no effect", row.instead)
            case Support.REMOVED:
                reason = f"ingress-nginx has removed {row.name}; it has no effect"
                self._say(reasons.REMOVED_ANNOTATION, row.name, value, reason, row.instead)
            case Support.REFUSED:
                reason = f"{row.name} is configuration text, which is refused; {consequence}"
                self._say(reasons.SNIPPET_REFUSED, row.name, value, reason, _instead(row, value))
            case _:
                reason = f"{row.name} is not supported yet; {consequence}"
                self._say(_UNSUPPORTED[effect], row.name, value, reason, "remove it if the Ingress can do without")
        self._follow(row.name, effect)

    def _follow(self, name: str, effect: Effect) -> None:
        match effect:
            case Effect.IGNORED:
                pass
            case Effect.CLOSED:
                self.settings = replace(self.settings, closed=True)
            case Effect.HOST_CLOSED:
                self.settings = replace(self.settings, closed=True, closes_host=name)

    def _say_unknown(self, name: str, text: str) -> None:
        near = get_close_matches(name.lower(), BY_NAME, n=1) if len(name) <= 2 * _LONGEST_NAME else []
        reason = "there is no annotation of this name; it has no effect"
        fix = f"did you mean {near[0]}?" if near else "remove it, or look its name up in the reference"
        self._say(reasons.UNKNOWN_ANNOTATION, name, text, reason, fix)


def _instead(row: Annotation[Any], value: str) -> str:
    found = row.advise(value) if row.advise is not None and len(value) <= ANNOTATION_BYTES else ""
    return f"{row.instead}: {found}" if found else row.instead


def _trimmed(text: str) -> str:
    """Every line without the space around it. What is too long to be parsed is not worth the work."""
    if len(text) > ANNOTATION_BYTES:
        return text
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def _parse(row: Annotation[T], value: str) -> Parsed[T]:
    if len(value) > ANNOTATION_BYTES:
        raise InvalidValueError(f"{len(value)} characters are more than {ANNOTATION_BYTES}", "shorten the value")
    return row.type.parse(value)
