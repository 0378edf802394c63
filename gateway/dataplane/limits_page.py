"""Writes docs/reference/limits.md: `python -m gateway.dataplane.limits_page [FOLDER]`, run in the repository.

Every limit stands once, in the Rust source that applies it, with its default and its reason; here is only which metric
tells that it was reached. A test fails when the page is stale or a limit has no row.
"""

import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path("docs/reference/limits.md")
WIRE: Final = Path("_core/wire/src/limits.rs")
MIRROR: Final = Path("_core/engine/src/proxy/mirror/limits.rs")
REGEX: Final = Path("_core/engine/src/regex/limits.rs")
SETTINGS: Final = Path("_core/engine/src/settings.rs")
INTRO: Final = """# Limits

<!-- Made by `python -m gateway.dataplane.limits_page` from the sources that apply them. Do not edit. -->

Everything that a peer can make grow, or make last, has a bound. What a route may change stands in
[annotations](annotations.md): the size of a request body, how much of it waits in memory, the number of attempts and
the time limits of upstreams.
"""
_CONSTANT: Final = re.compile(r"((?:/// .*\n)+)pub const (\w+): \w+ = (.+);")
_FIELD: Final = re.compile(r'((?: {4}/// .*\n)+) {4}#\[serde\(default = "default::\w+"\)\]\n {4}pub (\w+): \w+,')
_DEFAULT: Final = re.compile(r"fn (\w+)\(\) -> \w+ \{\n\s+(.+)\n")

_LIMIT: Final = 'sallygate_faults_total{kind="limit"}'
_FRAMING: Final = 'sallygate_faults_total{kind="framing"}'
_SYNTAX: Final = 'sallygate_faults_total{kind="syntax"}'
_RATE: Final = 'sallygate_timeouts_total{kind="client_rate"}'
_ENDED: Final = "sallygate_client_connections_closed_total"
_PROXY: Final = 'sallygate_proxy_headers_total{result="refused"}'
_STREAMED: Final = "sallygate_request_bodies_streamed_total"
_NONE: Final = "sallygate_snapshots_refused_total"
_REGEX: Final = 'sallygate_faults_total{kind="regex_limit"}'
_COPIES: Final = 'sallygate_mirrored_requests_total{result="dropped"}'
_COPIES_FAILED: Final = 'sallygate_mirrored_requests_total{result="failed"}'
METRICS: Final = {
    "REQUEST_LINE_BYTES": _LIMIT,
    "HEAD_BYTES": _LIMIT,
    "FIELDS": _LIMIT,
    "METHOD_BYTES": _SYNTAX,
    "LENGTH_DIGITS": _FRAMING,
    "LENGTH_MAX": _FRAMING,
    "CHUNK_SIZE_DIGITS": _FRAMING,
    "EXTENSION_BYTES": _SYNTAX,
    "TRAILER_BYTES": _LIMIT,
    "TRAILER_FIELDS": _LIMIT,
    "INFORMATIONAL_RESPONSES": 'sallygate_faults_total{origin="upstream"}',
    "PROXY_LINE_BYTES": _PROXY,
    "PROXY_HEADER_BYTES": _PROXY,
    "CONNECTION_OPTIONS": _SYNTAX,
    "HOST_BYTES": _SYNTAX,
    "PIPELINED_BYTES": "sallygate_client_requests_pipelined_total",
    "PIPELINED_REQUESTS": "sallygate_client_pipeline_turns_total",
    "DRAIN_BYTES": _ENDED,
    "COPIES": _COPIES,
    "COPIES_BYTES": _COPIES,
    "COPY_BODY_BYTES": _COPIES,
    "COPY_MS": _COPIES_FAILED,
    "COPY_ANSWER_BYTES": _COPIES_FAILED,
    "COMPILED_BYTES": _NONE,
    "CACHE_BYTES": _NONE,
    "NESTING": _NONE,
    "MATCH_STEPS": _REGEX,
    "MATCH_DEPTH": _REGEX,
    "MATCH_KIBIBYTES": _REGEX,
    "telemetry_slots": "sallygate_requests_total",
    "telemetry_ring_bytes": "sallygate_access_log_dropped_total",
    "upstream_idle_ms": 'sallygate_upstream_idle_closed_total{reason="expired"}',
    "upstream_idle_per_endpoint": 'sallygate_upstream_idle_closed_total{reason="pool_full"}',
    "upstream_requests": 'sallygate_upstream_idle_closed_total{reason="worn"}',
    "upstream_age_ms": 'sallygate_upstream_idle_closed_total{reason="worn"}',
    "client_idle_ms": 'sallygate_timeouts_total{kind="client_idle"}',
    "header_timeout_ms": 'sallygate_timeouts_total{kind="request_head"}',
    "handshake_timeout_ms": 'sallygate_timeouts_total{kind="tls_handshake"}',
    "client_body_timeout_ms": 'sallygate_timeouts_total{kind="request_body"}',
    "client_requests": _ENDED,
    "client_age_ms": _ENDED,
    "client_send_grace_ms": _RATE,
    "client_send_bytes_per_second": _RATE,
    "client_read_grace_ms": _RATE,
    "client_read_bytes_per_second": _RATE,
    "body_memory_bytes": "sallygate_request_bodies_spilled_total",
    "body_disk_bytes": _STREAMED,
    "compression_bytes": 'sallygate_compressed_responses_total{result="no_room"}',
    "max_connections": 'sallygate_client_connections_refused_total{reason="limit"}',
    "max_files": 'sallygate_client_connections_refused_total{reason="limit"}',
    "drain_idle_ms": _ENDED,
}


class Limit(NamedTuple):
    name: str
    default: str
    why: str


def constants(text: str) -> list[Limit]:
    """Those that nothing moves."""
    return [Limit(name, value, _words(doc)) for doc, name, value in _CONSTANT.findall(text)]


def settings(text: str) -> list[Limit]:
    """Those that a data plane is started with."""
    values = dict(_DEFAULT.findall(text))
    return [Limit(name, values[name], _words(doc)) for doc, name in _FIELD.findall(text)]


def page(root: Path) -> str:
    groups = (
        ("Of heads and bodies", constants((root / WIRE).read_text())),
        ("Of regular expressions", constants((root / REGEX).read_text())),
        ("Of copies of requests", constants((root / MIRROR).read_text())),
        ("Of connections and of the process", settings((root / SETTINGS).read_text())),
    )
    parts = [INTRO]
    for title, limits in groups:
        rows = [f"| `{one.name}` | `{one.default}` | {one.why} | `{METRICS[one.name]}` |" for one in limits]
        parts.append(
            "\n".join([f"\n## {title}\n", "| name | default | meaning | metric |", "|---|---|---|---|", *rows, ""])
        )
    return "".join(parts)


def _words(doc: str) -> str:
    return " ".join(line.strip().removeprefix("///").strip() for line in doc.splitlines()).replace("|", "\\|")


if __name__ == "__main__":
    folder = Path(*sys.argv[1:2])
    (folder / PAGE).write_text(page(folder))
