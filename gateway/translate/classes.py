"""Which Ingresses are ours."""

from typing import Final, NamedTuple

from gateway.objects.ingress import Ingress
from gateway.objects.meta import ObjectKey
from gateway.store.events import Unread
from gateway.store.view import View
from gateway.translate.rules import Rules
from gateway.verdicts import reasons
from gateway.verdicts.verdict import ObjectRef, Verdict

ANNOTATION: Final = "kubernetes.io/ingress.class"
ANY_CLASS: Final = ObjectKey("IngressClass", "", "")
_ANNOTATION_FIELD: Final = f"metadata.annotations[{ANNOTATION}]"
_SPEC_FIELD: Final = "spec.ingressClassName"


class Claim(NamedTuple):
    ours: bool
    verdicts: tuple[Verdict, ...] = ()


def claim(ingress: Ingress, view: View, rules: Rules) -> Claim:
    """spec.ingressClassName decides when it is set; else the annotation; else whether classless ones are watched."""
    subject = ObjectRef("Ingress", ingress.metadata.namespace, ingress.metadata.name)
    annotation = ingress.metadata.annotations.get(ANNOTATION)
    named = ingress.spec.ingress_class_name
    unread = view.unread(ANY_CLASS)
    if named is not None and unread is not None:
        return _by_name(subject, named, annotation, unread, rules)
    if named is not None:
        claimed = _by_object(subject, named, view, rules)
        if annotation is None or not claimed.ours:
            return claimed
        verdict = reasons.CLASS_TWICE.verdict(
            subject, _ANNOTATION_FIELD, annotation, f"spec.ingressClassName: {named} decides", "remove the annotation"
        )
        return Claim(ours=True, verdicts=(verdict,))
    if annotation is not None:
        if annotation == rules.ingress_class:
            return Claim(ours=True)
        return _other(subject, _ANNOTATION_FIELD, annotation, rules)
    if rules.watch_ingress_without_class:
        return Claim(ours=True)
    verdict = reasons.NO_CLASS.verdict(
        subject,
        _SPEC_FIELD,
        "",
        "the Ingress names no class, so it is not served",
        f"set spec.ingressClassName: {rules.ingress_class}, or start with --watch-ingress-without-class",
    )
    return Claim(ours=False, verdicts=(verdict,))


def _by_name(subject: ObjectRef, named: str, annotation: str | None, unread: Unread, rules: Rules) -> Claim:
    """Nobody knows whose the class is."""
    if rules.ingress_class_by_name and named == rules.ingress_class:
        return Claim(ours=True)
    ours = annotation == rules.ingress_class or (annotation is None and rules.watch_ingress_without_class)
    verdict = reasons.CLASSES_UNREAD.verdict(
        subject,
        _SPEC_FIELD,
        named,
        f"IngressClasses cannot be read ({unread.reason})",
        f"{unread.fix}, or start with --ingress-class-by-name",
    )
    return Claim(ours=ours, verdicts=(verdict,))


def _by_object(subject: ObjectRef, named: str, view: View, rules: Rules) -> Claim:
    found = view.ingress_class(named)
    if found is not None and found.spec.controller == rules.controller_class:
        return Claim(ours=True)
    if found is not None and not (rules.ingress_class_by_name and named == rules.ingress_class):
        verdict = reasons.OTHER_CLASS.verdict(
            subject,
            _SPEC_FIELD,
            named,
            f"IngressClass {named} is of controller {reasons.readable(found.spec.controller)!r}, ours is "
            f"{rules.controller_class!r}",
            f"to serve it here, name a class whose spec.controller is {rules.controller_class}",
        )
        return Claim(ours=False, verdicts=(verdict,))
    if found is not None or (named == rules.ingress_class and not rules.class_objects_required):
        return Claim(ours=True)
    if not rules.class_objects_required:
        return _other(subject, _SPEC_FIELD, named, rules)
    verdict = reasons.CLASS_MISSING.verdict(
        subject,
        _SPEC_FIELD,
        named,
        "there is no IngressClass of this name",
        f"create it with spec.controller: {rules.controller_class}, or name an existing class",
    )
    return Claim(ours=False, verdicts=(verdict,))


def _other(subject: ObjectRef, field: str, named: str, rules: Rules) -> Claim:
    verdict = reasons.OTHER_CLASS.verdict(
        subject,
        field,
        named,
        f"the class is not {rules.ingress_class!r}, which is the one served here",
        f"to serve it here, write {rules.ingress_class}",
    )
    return Claim(ours=False, verdicts=(verdict,))
