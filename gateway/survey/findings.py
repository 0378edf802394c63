"""Verdicts as a document: what is wrong, where it stands, and what to write instead."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.verdicts.verdict import ObjectRef, Origin, Severity, Verdict

ORDER: Final = (Severity.ERROR, Severity.WARNING, Severity.INFO)
ABSENT: Final = frozenset(("GW203", "GW240", "GW242", "GW260"))
"""Codes of objects that are referred to and not there. A folder that is not everything lacks them."""
SLICES: Final = frozenset(("GW242",))
"""The same of EndpointSlices: controllers make them, so manifests have none."""
UNREAD: Final = frozenset(("GW120", "GW122", "GW123", "GW124", "GW125", "GW127"))
"""Codes that say that something was not read, so that nobody can say what else would be found."""


class Finding(Struct, frozen=True):
    """A verdict. `file` is empty, and `line` and `column` are 0, where that is not known."""

    code: str
    severity: Severity
    object: ObjectRef
    field: str
    value: str
    reason: str
    fix: str
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def origin(self) -> Origin | None:
        return Origin(self.file, self.line, self.column) if self.file else None


class Findings(Struct, frozen=True):
    """In the order of the places where they stand. `counts` is by severity."""

    kind: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    def worst(self, limit: Severity) -> bool:
        """Is anything as bad as `limit`, or worse?"""
        bad = ORDER[: ORDER.index(limit) + 1]
        return any(one.severity in bad for one in self.findings)

    def lenient(self, codes: AbstractSet[str]) -> "Findings":
        """With findings of these codes as nothing but information."""
        found = [replace(one, severity=Severity.INFO) if one.code in codes else one for one in self.findings]
        return _counted(found)

    def without(self, severity: Severity) -> "Findings":
        return Findings(self.kind, self.counts, tuple(one for one in self.findings if one.severity is not severity))

    @property
    def unread(self) -> bool:
        return any(one.code in UNREAD for one in self.findings)


def findings(verdicts: Iterable[Verdict], namespace: str = "") -> Findings:
    """All of them, or those on objects of one namespace and those on files."""
    found = [
        finding(verdict) for verdict in set(verdicts) if not namespace or verdict.object.namespace in ("", namespace)
    ]
    found.sort(key=lambda one: (one.file, one.line, one.column, one.object, one.field, one.code, one.reason))
    return _counted(found)


def _counted(found: Iterable[Finding]) -> Findings:
    told = tuple(found)
    count = Counter(one.severity for one in told)
    return Findings("findings/v1", {str(severity): count[severity] for severity in ORDER}, told)


def finding(verdict: Verdict) -> Finding:
    origin = verdict.origin or Origin("")
    return Finding(
        verdict.code,
        verdict.severity,
        verdict.object,
        verdict.field,
        verdict.value,
        verdict.reason,
        verdict.fix,
        origin.file,
        origin.line,
        origin.column,
    )
