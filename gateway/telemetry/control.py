"""Every metric of the control plane. It has no listener: the data plane shows them while it is connected.

Figures come in as plain numbers, so that nothing here knows who counts them.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.telemetry.metric import Metric, family, render
from gateway.telemetry.resources import Resources

_KIND: Final = ("kind",)
_RESULT: Final = ("result",)

STALE: Final = Metric(
    "sallygate_cluster_stale", "gauge", "1 while a kind of object cannot be watched: what is served may be old."
)
CONTACT_AGE: Final = Metric(
    "sallygate_cluster_contact_age_seconds", "gauge", "Time since the API server last said anything."
)
OBJECTS: Final = Metric("sallygate_cluster_objects", "gauge", "Objects that are watched.", _KIND)
LISTS: Final = Metric("sallygate_cluster_lists_total", "counter", "Complete lists asked for.", _KIND)
RELISTS: Final = Metric("sallygate_cluster_relists_total", "counter", "Complete lists taken after the first.", _KIND)
WATCHES: Final = Metric("sallygate_cluster_watches_total", "counter", "Watches begun.", _KIND)
CHANGES: Final = Metric("sallygate_cluster_events_total", "counter", "Changes that watches told.", _KIND)
OLD_CHANGES: Final = Metric(
    "sallygate_cluster_old_events_total", "counter", "Changes dropped, older than what was known.", _KIND
)
FAILURES: Final = Metric("sallygate_cluster_failures_total", "counter", "Lists and watches that failed.", _KIND)
FLAWED: Final = Metric("sallygate_cluster_flawed_total", "counter", "Versions of objects with mistakes.", _KIND)
STORMS: Final = Metric(
    "sallygate_cluster_storms_total",
    "counter",
    "Lists that lacked most of what was known.",
    _KIND,
)
VERDICTS: Final = Metric(
    "sallygate_verdicts", "gauge", "Verdicts that stand.", ("severity",), ("error", "warning", "info")
)
LEADER: Final = Metric("sallygate_leader", "gauge", "1 in the replica that writes to the cluster.")
STATUS_WRITES: Final = Metric(
    "sallygate_status_writes_total", "counter", "Ingresses whose addresses were written or taken out."
)
NOTICES: Final = Metric(
    "sallygate_notices_total",
    "counter",
    "Events for the owners of objects.",
    _RESULT,
    ("written", "repeated", "dropped", "held_back"),
)
CPU: Final = Metric("sallygate_control_cpu_seconds_total", "counter", "CPU time of control, user and system.")
RESIDENT: Final = Metric("sallygate_control_resident_memory_bytes", "gauge", "Resident memory of control.")

TABLE: Final = (
    STALE,
    CONTACT_AGE,
    OBJECTS,
    LISTS,
    RELISTS,
    WATCHES,
    CHANGES,
    OLD_CHANGES,
    FAILURES,
    FLAWED,
    STORMS,
    VERDICTS,
    LEADER,
    STATUS_WRITES,
    NOTICES,
    CPU,
    RESIDENT,
)


class Watched(Struct, frozen=True):
    """What was counted while objects of one kind were watched."""

    objects: int
    lists: int
    relists: int
    watches: int
    events: int
    old_events: int
    failures: int
    flawed: int
    storms: int


class Told(Struct, frozen=True):
    """What was told to the cluster. `notices` are by result."""

    leading: bool
    status_writes: int
    notices: Mapping[str, int]


class Figures(Struct, frozen=True):
    """`watched` is by kind and empty without a cluster; `told` is None where nothing is told to one."""

    stale: bool
    contact_age: float | None
    watched: Mapping[str, Watched]
    verdicts: Mapping[str, int]
    told: Told | None
    used: Resources


def series(figures: Figures) -> str:
    """In the Prometheus text format."""
    parts = [render(((CONTACT_AGE, figures.contact_age),))]
    if figures.watched:
        parts.append(render(((STALE, int(figures.stale)),)))
    for metric, field in _WATCHED:
        parts.append(family(metric, {(kind,): getattr(one, field) for kind, one in sorted(figures.watched.items())}))
    parts.append(family(VERDICTS, {(severity,): figures.verdicts.get(severity, 0) for severity in VERDICTS.values}))
    if (told := figures.told) is not None:
        parts.append(render(((LEADER, int(told.leading)), (STATUS_WRITES, told.status_writes))))
        parts.append(family(NOTICES, {(result,): told.notices.get(result, 0) for result in NOTICES.values}))
    parts.append(render(((CPU, figures.used.cpu_seconds), (RESIDENT, figures.used.resident_bytes))))
    return "".join(parts)


_WATCHED: Final = (
    (OBJECTS, "objects"),
    (LISTS, "lists"),
    (RELISTS, "relists"),
    (WATCHES, "watches"),
    (CHANGES, "events"),
    (OLD_CHANGES, "old_events"),
    (FAILURES, "failures"),
    (FLAWED, "flawed"),
    (STORMS, "storms"),
)
