"""What the API server was asked: one row per request, read from its audit log."""

from pathlib import Path
from typing import Any

import msgspec


class Request(msgspec.Struct, frozen=True):
    """One answered request. A watch is there twice: when it is accepted (`ResponseStarted`) and when it is over."""

    stage: str
    verb: str
    user: str
    path: str
    group: str
    resource: str  # "pods", "pods/status"
    namespace: str
    name: str
    status: int
    decision: str  # allow or forbid
    reason: str  # the rule of RBAC that decided


class Audit:
    """The audit log of one cluster."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """Return the place where the log ends now, for `since`."""
        return self.path.stat().st_size

    def since(self, mark: int = 0, *, user: str = "") -> list[Request]:
        """Return the requests after a mark, of one user if named (`system:serviceaccount:NAMESPACE:NAME`)."""
        with self.path.open("rb") as log:
            log.seek(mark)
            rows = log.read().split(b"\n")[:-1]  # the last one may not be whole yet
        found = [_request(msgspec.json.decode(row)) for row in rows]
        return [each for each in found if user in {"", each.user}]

    def permissions(self, user: str, mark: int = 0) -> set[tuple[str, str, str]]:
        """Return what a user was allowed and did, as (verb, API group, resource)."""
        return {
            (each.verb, each.group, each.resource)
            for each in self.since(mark, user=user)
            if each.decision == "allow" and each.resource
        }


def _request(row: dict[str, Any]) -> Request:
    thing = row.get("objectRef", {})
    notes = row.get("annotations", {})
    resource = "/".join(filter(None, [thing.get("resource", ""), thing.get("subresource", "")]))
    return Request(
        stage=row["stage"],
        verb=row["verb"],
        user=row["user"].get("username", ""),
        path=row["requestURI"],
        group=thing.get("apiGroup", ""),
        resource=resource,
        namespace=thing.get("namespace", ""),
        name=thing.get("name", ""),
        status=row.get("responseStatus", {}).get("code", 0),
        decision=notes.get("authorization.k8s.io/decision", ""),
        reason=notes.get("authorization.k8s.io/reason", ""),
    )
