"""Every metric of the data plane: what the shared memory counts, and what only the process knows.

`TABLE` lists every metric of the data plane; docs/reference/metrics.md is made from it. Rows for the shared memory come
from `_core/cython/metrics.h` by way of the compiled module; rows for the process stand here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from gateway import _shm
from gateway.telemetry.metric import Kind, Metric, family, render
from gateway.telemetry.resources import Resources

ROUTE_LABELS: Final = ("namespace", "ingress", "service", "port", "host", "path")

BUILD: Final = Metric(
    "sallygate_build_info", "gauge", "What this build is made of.", ("version", "openssl", "tls_library")
)
CONNECTED: Final = Metric("sallygate_control_connected", "gauge", "1 while a control plane is connected.")
ACCEPTED: Final = Metric("sallygate_snapshots_accepted_total", "counter", "Snapshots accepted from control.")
REFUSED: Final = Metric(
    "sallygate_snapshots_refused_total", "counter", "Snapshots refused; the one before is served on."
)
READY: Final = Metric("sallygate_ready", "gauge", "1 while readyz answers 200.")
SNAPSHOT_AGE: Final = Metric(
    "sallygate_snapshot_age_seconds", "gauge", "Time since the served snapshot was accepted or restored."
)
LOST: Final = Metric("sallygate_access_log_lost_bytes_total", "counter", "Access-log bytes that could not be written.")
ROUTES: Final = Metric("sallygate_route_series", "gauge", "Sets of route labels that have figures of their own.")
ROUTE_LIMIT: Final = Metric("sallygate_route_series_limit", "gauge", "How many sets of route labels can have them.")
DAMAGED: Final = Metric(
    "sallygate_access_log_damaged_total", "counter", "Times a log ring held what is no record, and was emptied."
)
STARTED: Final = Metric("process_start_time_seconds", "gauge", "When the data plane started, in Unix time.")
CPU: Final = Metric("process_cpu_seconds_total", "counter", "CPU time of the data plane's process, user and system.")
RESIDENT: Final = Metric("process_resident_memory_bytes", "gauge", "Resident memory of the process.")
DESCRIPTORS: Final = Metric("process_open_fds", "gauge", "Open file descriptors of the process.")
DESCRIPTOR_LIMIT: Final = Metric("process_max_fds", "gauge", "Most file descriptors that the process may open.")

PROCESS_TABLE: Final = (
    BUILD,
    CONNECTED,
    ACCEPTED,
    REFUSED,
    READY,
    SNAPSHOT_AGE,
    LOST,
    ROUTES,
    ROUTE_LIMIT,
    DAMAGED,
    STARTED,
    CPU,
    RESIDENT,
    DESCRIPTORS,
    DESCRIPTOR_LIMIT,
)


def _rows(kind: Kind, rows: Iterable[tuple[str, str, str]]) -> Iterable[Metric]:
    """Rows of one name, joined: (name, labels, help), as in metrics.h."""
    found: dict[str, Metric] = {}
    for name, text, help_text in rows:
        pairs = [pair.partition("=") for pair in text.split(",") if pair]
        before = found.get(name, Metric(name, kind, help_text))
        values = tuple(dict.fromkeys((*before.values, pairs[-1][2].strip('"')))) if pairs else ()
        found[name] = before._replace(labels=tuple(key for key, _, _ in pairs), values=values)
    return found.values()


def _series(name: str, kind: str, help_text: str) -> Metric:
    if kind == "histogram":
        return Metric(name, "histogram", help_text, (*ROUTE_LABELS, "le"), (*_shm.BOUNDS, "+Inf"))
    if name == "sallygate_requests_total":
        return Metric(name, "counter", help_text, (*ROUTE_LABELS, "status"), ("1xx", "2xx", "3xx", "4xx", "5xx"))
    return Metric(name, "counter", help_text, () if "access_log" in name else ROUTE_LABELS)


ROUTE_TABLE: Final = tuple(_series(*row[1:]) for row in _shm.SERIES)
WORKER_TABLE: Final = (
    *_rows("counter", (row[1:] for row in _shm.COUNTERS)),
    *_rows("gauge", ((name, labels, help_text) for name, labels, _, _, help_text in _shm.GAUGES)),
)
TABLE: Final = (*ROUTE_TABLE, *WORKER_TABLE, *PROCESS_TABLE)


def exposition(reader: _shm.Reader, route_series: int, used: Resources) -> str:
    """What the shared memory counts and what the process uses. `route_series` label sets have a slot so far."""
    return reader.exposition().decode() + render(
        (
            (ROUTES, route_series),
            (ROUTE_LIMIT, reader.slots - 1),
            (DAMAGED, reader.damaged()),
            (STARTED, reader.started_unix_ns / 1e9),
            (CPU, used.cpu_seconds),
            (RESIDENT, used.resident_bytes),
            (DESCRIPTORS, used.open_descriptors),
            (DESCRIPTOR_LIMIT, used.descriptor_limit),
        )
    )


def build_info(build: Mapping[str, str]) -> str:
    """`sallygate_build_info`, with one label per fact of the build."""
    return family(BUILD, {tuple(build[name] for name in BUILD.labels): 1})
