"""One raw object → what is wrong with it, on its own. Pure. What depends on other objects is not judged here."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

import msgspec

from gateway.objects.meta import ObjectKey
from gateway.objects.parse import parse
from gateway.store.events import Upsert
from gateway.store.store import Store
from gateway.translate.rules import Rules
from gateway.translate.translate import Translator
from gateway.verdicts import reasons, reasons_filters
from gateway.verdicts.reasons import Reason
from gateway.verdicts.reasons_objects import OF_FLAW
from gateway.verdicts.verdict import ObjectRef, Verdict

# What is said of other Ingresses, Services, Secrets, grants and classes, none of which is here.
ELSEWHERE: Final[frozenset[str]] = frozenset(
    one.code
    for one in (
        reasons.CLASS_MISSING,
        reasons.CLASSES_UNREAD,
        reasons.CLASS_PARAMETERS,
        reasons.SERVICE_MISSING,
        reasons.PORT_MISSING,
        reasons.NO_ENDPOINTS,
        reasons.EXTERNAL_NAME,
        reasons.UPSTREAM_HEADLESS,
        reasons.SECRET_MISSING,
        reasons.SECRET_INCOMPLETE,
        reasons.SECRET_UNREAD,
        reasons.CROSSES_NAMESPACE,
        reasons_filters.CANARY_WITHOUT_PRIMARY,
    )
)


def judge(raw: object, rules: Rules) -> Sequence[Verdict]:
    """Empty for what is no Ingress: others are not our business."""
    reading = parse(raw)
    if reading.key is None or reading.key.kind != "Ingress":
        return ()
    subject = ObjectRef(*reading.key)
    said = [_of(OF_FLAW[one.flaw], subject, one.field, one.value, (one.reason, one.fix)) for one in reading.problems]
    if reading.object is not None:
        store = Store()
        store.apply([Upsert(reading.key, reading.object)])
        translator = Translator(store, msgspec.structs.replace(rules, alone=True))
        translator.update(_keys(store))
        said += [one for one in translator.verdicts() if one.code not in ELSEWHERE and not _waits(one)]
    return said


def _waits(verdict: Verdict) -> bool:
    """For a name to be resolved, which nobody does here. What is said of an address stands."""
    return verdict.code == reasons_filters.NOBODY_TO_ASK.code and not _is_address(verdict.value)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _of(reason: Reason, subject: ObjectRef, field: str, value: str, words: tuple[str, str]) -> Verdict:
    return reason.verdict(subject, field, value, *words)


def _keys(store: Store) -> frozenset[ObjectKey]:
    return store.take_dirty()
