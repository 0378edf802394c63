"""Access-log lines in plain Python: the twin of `_core/cython/lines.pxi`, which says why they look as they do."""

import codecs
import json
import time
from typing import Final

from gateway.telemetry.layout import FLAG_UPSTREAM, Labels, Record

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TLS: Final = {0: "null", 0x0303: '"TLSv1.2"', 0x0304: '"TLSv1.3"'}
OTHER_TLS: Final = '"other"'
NO_LABELS: Final = '"namespace":null,"ingress":null,"service":null,"service_port":null,"path":null'
NO_UPSTREAM: Final = (
    ',"upstream_addr":null,"upstream_status":null,"upstream_response_time":null,"upstream_response_length":null'
)
_HANDLER: Final = "sallygate-one-for-each"


def _one_for_each(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for each byte that is not UTF-8; the codec's own "replace" joins some of them."""
    if isinstance(error, UnicodeDecodeError):
        return "\ufffd" * (error.end - error.start), error.end
    raise error


codecs.register_error(_HANDLER, _one_for_each)


def json_text(value: bytes | str) -> str:
    text = value if isinstance(value, str) else value.decode("utf-8", _HANDLER)
    return json.dumps(text.encode("utf-8", "replace").decode())


def nginx_text(value: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02X}" for byte in value)


def _seconds(microseconds: int, digits: int) -> str:
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"[: digits - 6 or None]


def json_line(record: Record, labels: Labels | None) -> str:
    end_ms = (record.start_unix_ns + record.duration_us * 1000) % 2**64 // 1_000_000
    at = time.gmtime(end_ms // 1000)
    stamp = f"{at.tm_year:04d}-{at.tm_mon:02d}-{at.tm_mday:02d}T{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d}"
    route = NO_LABELS if labels is None else _json_labels(labels)
    return (
        f'{{"time":"{stamp}.{end_ms % 1000:03d}Z","remote_addr":{json_text(record.remote_addr)}'
        f',"remote_port":{json_text(record.remote_port)},"method":{json_text(record.method)}'
        f',"target":{json_text(record.target)},"protocol":{json_text(record.protocol)},"host":{json_text(record.host)}'
        f',"status":{record.status},"body_bytes_sent":{record.body_bytes_sent},"request_length":{record.request_length}'
        f',"request_time":{_seconds(record.duration_us, 6)},"referer":{json_text(record.referer)}'
        f',"user_agent":{json_text(record.user_agent)},"request_id":{json_text(record.request_id)},{route}'
        f'{_json_upstream(record)},"tries":{record.tries},"tls":{TLS.get(record.tls_version, OTHER_TLS)}'
        f',"fault":{json_text(record.fault) if record.fault else "null"}}}\n'
    )


def _json_labels(labels: Labels) -> str:
    return (
        f'"namespace":{json_text(labels.namespace)},"ingress":{json_text(labels.ingress)}'
        f',"service":{json_text(labels.service)},"service_port":{json_text(labels.port)},"path":{json_text(labels.path)}'
    )


def _json_upstream(record: Record) -> str:
    if not record.flags & FLAG_UPSTREAM:
        return NO_UPSTREAM
    spent = "null" if record.upstream_us is None else _seconds(record.upstream_us, 6)
    return (
        f',"upstream_addr":{json_text(record.upstream_addr)},"upstream_status":{record.upstream_status or "null"}'
        f',"upstream_response_time":{spent},"upstream_response_length":{record.upstream_response_length}'
    )


def nginx_line(record: Record, labels: Labels | None) -> str:
    at = time.gmtime((record.start_unix_ns + record.duration_us * 1000) % 2**64 // 1_000_000_000)
    day = f"{at.tm_mday:02d}/{MONTHS[at.tm_mon - 1]}/{at.tm_year:04d}"
    request = b" ".join(part for part in (record.method, record.target, record.protocol) if part)
    name = f"{labels.namespace}-{labels.service}-{labels.port}" if labels is not None and labels.service else "-"
    return (
        f"{_or_dash(record.remote_addr)} - - [{day}:{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} +0000]"
        f' "{nginx_text(request)}" {record.status} {record.body_bytes_sent}'
        f' "{_or_dash(record.referer)}" "{_or_dash(record.user_agent)}"'
        f" {record.request_length} {_seconds(record.duration_us, 3)}"
        f" [{nginx_text(name.encode('utf-8', 'replace'))}] [] {_nginx_upstream(record)} {_or_dash(record.request_id)}\n"
    )


def _or_dash(value: bytes) -> str:
    return nginx_text(value) or "-"


def _nginx_upstream(record: Record) -> str:
    if not record.flags & FLAG_UPSTREAM:
        return "- - - -"
    earlier = "-, " * (min(record.tries, 32) - 1)
    spent = "-" if record.upstream_us is None else _seconds(record.upstream_us, 3)
    return (
        f"{_or_dash(record.upstream_addr)} {earlier}{record.upstream_response_length} {earlier}{spent}"
        f" {earlier}{record.upstream_status or '-'}"
    )
