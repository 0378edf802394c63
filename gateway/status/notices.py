"""Verdicts that an owner must know, as notices for their objects. Pure.

A notice per verdict of severity error or warning, under the verdict's code, by which the reference explains it. There
is no Event for each time an Ingress was taken in, unlike ingress-nginx's `Sync`: the address in its status says that.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gateway.kube.notice import Notice
from gateway.kube.resources import RESOURCES
from gateway.verdicts.verdict import ObjectRef, Severity, Verdict

_KINDS: Final = frozenset(resource.kind for resource in RESOURCES)


def notices(verdicts: Iterable[Verdict], uid_of: Callable[[ObjectRef], str]) -> Iterator[Notice]:
    """`uid_of` is empty for what has no object in the cluster, such as a file; that gets no notice."""
    for verdict in verdicts:
        subject = verdict.object
        if verdict.severity is Severity.INFO or subject.kind not in _KINDS:
            continue
        uid = uid_of(subject)
        if uid:
            yield Notice(
                subject.kind, subject.namespace, subject.name, uid, "Warning", verdict.code, _sentence(verdict)
            )


def _sentence(verdict: Verdict) -> str:
    place = verdict.field
    if verdict.value:
        place += f" {json.dumps(verdict.value, ensure_ascii=False)}"
    said = "; ".join(part for part in (verdict.reason, verdict.fix) if part)
    return f"{place.strip()}: {said}" if place.strip() else said
