"""`log-format-upstream`: text as nginx's configuration has it → the texts and variables of a line. Must not know how
the data plane fills them in; a test holds the names here and there together.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.translate.ingress.annotations.values import InvalidValueError, Parsed, Type

MOST_BYTES: Final = 4_096  # what the data plane accepts: with every value at its shortest, a line fits into a record
USUAL: Final = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    "$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr "
    "$upstream_response_length $upstream_response_time $upstream_status $req_id"
)
"""ingress-nginx's default."""

NAMES: Final = frozenset(
    (
        "args",
        "best_http_host",
        "binary_remote_addr",
        "body_bytes_sent",
        "bytes_sent",
        "connection",
        "connection_requests",
        "content_length",
        "content_type",
        "document_uri",
        "escaped_request_uri",
        "host",
        "hostname",
        "https",
        "ingress_name",
        "is_args",
        "location_path",
        "msec",
        "namespace",
        "pass_access_scheme",
        "pass_port",
        "pass_server_port",
        "pid",
        "pipe",
        "proxy_add_x_forwarded_for",
        "proxy_alternative_upstream_name",
        "proxy_protocol_addr",
        "proxy_protocol_port",
        "proxy_protocol_server_port",
        "proxy_upstream_name",
        "query_string",
        "realip_remote_addr",
        "realip_remote_port",
        "remote_addr",
        "remote_port",
        "remote_user",
        "req_id",
        "request",
        "request_completion",
        "request_id",
        "request_length",
        "request_method",
        "request_time",
        "request_uri",
        "scheme",
        "server_addr",
        "server_name",
        "server_port",
        "server_protocol",
        "service_name",
        "service_port",
        "ssl_cipher",
        "ssl_client_fingerprint",
        "ssl_client_i_dn",
        "ssl_client_s_dn",
        "ssl_client_serial",
        "ssl_client_verify",
        "ssl_protocol",
        "ssl_server_name",
        "ssl_session_reused",
        "status",
        "the_real_ip",
        "time_iso8601",
        "time_local",
        "upstream_addr",
        "upstream_bytes_received",
        "upstream_bytes_sent",
        "upstream_connect_time",
        "upstream_header_time",
        "upstream_response_length",
        "upstream_response_time",
        "upstream_status",
        "uri",
    )
)
FAMILIES: Final = ("sent_http_", "upstream_http_", "upstream_cookie_", "http_", "arg_", "cookie_")
WITHOUT_VALUE: Final = frozenset(
    (
        "ancient_browser",
        "connection_time",
        "connections_active",
        "connections_reading",
        "connections_waiting",
        "connections_writing",
        "date_gmt",
        "date_local",
        "document_root",
        "gzip_ratio",
        "http2",
        "http3",
        "limit_conn_status",
        "limit_rate",
        "limit_req_status",
        "modern_browser",
        "msie",
        "nginx_version",
        "proxy_host",
        "proxy_port",
        "proxy_protocol_server_addr",
        "realpath_root",
        "request_body",
        "request_body_file",
        "request_filename",
        "ssl_alpn_protocol",
        "ssl_ciphers",
        "ssl_curve",
        "ssl_curves",
        "ssl_early_data",
        "ssl_session_id",
        "tcpinfo_rcv_space",
        "tcpinfo_rtt",
        "tcpinfo_rttvar",
        "tcpinfo_snd_cwnd",
        "upstream_cache_last_modified",
        "upstream_cache_status",
        "upstream_first_byte_time",
        "upstream_last_addr",
        "upstream_queue_time",
        "upstream_session_time",
    )
)
"""What nginx or ingress-nginx knows and nothing here has a value for: as absent as what nginx knows and is not set."""

FAMILIES_WITHOUT_VALUE: Final = (
    "geoip2_",
    "geoip_",
    "jwt_",
    "opentelemetry_",
    "opentracing_",
    "proxy_protocol_tlv_",
    "sent_trailer_",
    "ssl_client_",
    "upstream_trailer_",
)
_DOLLAR: Final = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+)|(.{0,12}))", re.ASCII | re.DOTALL)
_ESCAPES: Final[Mapping[str, str]] = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
_FIX: Final = "use variables that docs/reference/options.md names"


class Format(NamedTuple):
    """`parts` are texts and names in turn, a text first; `absent` are the names that never have a value here."""

    parts: tuple[str, ...]
    absent: tuple[str, ...]


def compiled(text: str) -> Format:
    """InvalidValueError where nginx would not start with it, or where it is too long."""
    if len(text.encode()) > MOST_BYTES // 2:
        raise InvalidValueError(f"it is longer than {MOST_BYTES // 2} bytes", "log fewer variables")
    whole, end = _unquoted(text), 0
    parts = [""]
    absent: dict[str, None] = {}
    for found in _DOLLAR.finditer(whole):
        name = found[1] or found[2]
        if name is None:
            raise InvalidValueError(f"no name of a variable follows the $ of {found[0]!r}", _FIX)
        if not has_value(name):
            if not _is_known(name):
                raise InvalidValueError(f"there is no variable ${name}, and nginx would not start with it", _FIX)
            absent[name] = None
        parts[-1] += whole[end : found.start()]
        parts += [name, ""]
        end = found.end()
    parts[-1] += whole[end:]
    return Format(tuple(parts), tuple(absent))


def has_value(name: str) -> bool:
    """Does the data plane fill it in?"""
    return name in NAMES or any(name.startswith(prefix) and len(name) > len(prefix) for prefix in FAMILIES)


def _is_known(name: str) -> bool:
    return name in WITHOUT_VALUE or name.startswith(FAMILIES_WITHOUT_VALUE)


def _unquoted(text: str) -> str:
    """As nginx reads it between the quotes that ingress-nginx writes around it."""
    out: list[str] = []
    rest = iter(text)
    for one in rest:
        if one == "'":
            raise InvalidValueError("a ' ends it, and nginx would not start with the rest", r"write \' for a quote")
        if one != "\\":
            out.append(one)
            continue
        following = next(rest, None)
        if following is None:
            raise InvalidValueError("it ends with a backslash, which takes the quote behind it", "write \\\\")
        out.append(_ESCAPES.get(following, "\\" + following))
    return "".join(out)


def _parse(text: str) -> Parsed[Format]:
    found = compiled(text)
    if not found.absent:
        return Parsed(found)
    named = ", ".join(f"${name}" for name in found.absent)
    return Parsed(found, f"nothing is known here of {named}; a line says so as it says that a value is not set")


_VALUES: Final = ", ".join(f"`${name}`" for name in (*sorted(NAMES), *(f"{prefix}…" for prefix in sorted(FAMILIES))))

FORMAT: Final = Type("log format", f"text with variables, as nginx reads it: {_VALUES}", _parse)
