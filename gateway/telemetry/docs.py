"""Writes docs/reference/metrics.md: `python -m gateway.telemetry.docs [FOLDER]`. A test fails when it is stale."""

import sys
from collections.abc import Iterable
from pathlib import Path

from gateway import _shm
from gateway.telemetry import control
from gateway.telemetry.layout import Record
from gateway.telemetry.metric import Metric
from gateway.telemetry.metrics import PROCESS_TABLE, ROUTE_TABLE, WORKER_TABLE
from gateway.telemetry.shm_twin import Reader
from gateway.telemetry.shm_writer import Writer

PAGE = Path("docs/reference/metrics.md")
INTRO = """# Metrics and access log

<!-- Made by `python -m gateway.telemetry.docs` from `_core/cython/metrics.h` and `gateway/telemetry/`. -->

The data plane answers `GET /metrics` on its health listener in the Prometheus text format.
"""
OUTRO = """
`upstreaminfo` has the fields and the escapes of ingress-nginx's default `log-format-upstream`. Of several tries every
address is listed; the other upstream figures are the last try's, with `-` for those before. In `json`, bytes that are
not UTF-8 become U+FFFD. A target is cut at 2,048 bytes, every other text at 512.
"""
SAMPLE = Record(
    status=200,
    flags=2,
    start_unix_ns=1_795_471_948_120_000_000,
    duration_us=3_204,
    upstream_us=2_871,
    request_length=412,
    body_bytes_sent=1_024,
    upstream_response_length=1_024,
    slot=1,
    upstream_status=200,
    tries=1,
    remote_addr=b"203.0.113.7",
    remote_port=b"51234",
    method=b"GET",
    target=b"/items?page=2",
    protocol=b"HTTP/1.1",
    host=b"shop.example.com",
    user_agent=b"curl/8.5.0",
    request_id=b"4f2a9c1de07b4cf3a1b0c9d8e7f60512",
    upstream_addr=b"10.244.3.17:8080",
)


def page() -> str:
    tables = (
        ("Per route", "Routes without traffic so far have no rows.", ROUTE_TABLE),
        ("Of the workers", "Summed over all worker threads.", WORKER_TABLE),
        ("Of the process", "", PROCESS_TABLE),
        ("Of control", "While it is connected, at most some seconds old.", control.TABLE),
    )
    parts = [INTRO]
    for title, words, table in tables:
        parts.append("\n".join([f"\n## {title}\n", *([words, ""] if words else []), *_table(table), ""]))
    parts.append("\n## Access log\n\nOne line per request, written when its response has ended. Formats:\n")
    parts += [f"\n`{name}`:\n\n```text\n{_sample(name)}```\n" for name in _shm.FORMATS]
    parts.append(OUTRO)
    return "".join(parts)


def _table(table: Iterable[Metric]) -> list[str]:
    rows = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    for metric in table:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        if metric.values:
            labels += ": " + " ".join(metric.values)
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return rows


def _sample(access_log_format: str) -> str:
    writer = Writer(workers=1, slots=2, ring_bytes=16_384)
    writer.push(0, SAMPLE)
    reader = Reader(writer.memory)
    reader.learn([(1, "shop", "web", "items", "80", "shop.example.com", "/items")])
    return reader.drain(format=access_log_format).decode()


if __name__ == "__main__":
    (Path(*sys.argv[1:2]) / PAGE).write_text(page())
