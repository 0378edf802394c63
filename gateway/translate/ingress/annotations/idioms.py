"""What people write into snippets, and which annotation or option says the same. Text is read here, and never run.

Only single directives are looked at, inside blocks, too. Whether the whole does the same afterwards is for its author
to judge; what this cannot name, it says.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

DIRECTIVES: Final = 40  # of one snippet that are named; whoever has more is writing a program
ADVISED: Final = 8  # of them, in one verdict
_TOKEN: Final = re.compile(
    r"""\s+|\#[^\n]*|(?P<word>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s;{}"']+)|(?P<mark>[;{}])|."""
)
_MANAGED: Final = ("x-forwarded-", "x-real-ip", "x-scheme", "x-original-", "x-request-id")


class Directive(NamedTuple):
    name: str
    arguments: tuple[str, ...]


class Idiom(NamedTuple):
    """`written` is the directive, cut short; `instead` names what replaces it, empty where nothing does."""

    written: str
    instead: tuple[str, ...]
    how: str


# Directives that say exactly what an annotation or an option of another name says.
SAME: Final = {
    "absolute_redirect": (("relative-redirects",), 'set it to "true" for `absolute_redirect off`'),
    "access_log": (("enable-access-log",), 'set it to "false" for `access_log off`'),
    "allow": (("allowlist-source-range",), "list the networks, joined by commas"),
    "auth_basic": (("auth-type", "auth-realm"), 'auth-type: "basic"'),
    "auth_basic_user_file": (("auth-secret",), "put the file into a Secret under the key auth"),
    "auth_request": (("auth-url",), "give the URL of the service itself"),
    "auth_request_set": (("auth-response-headers",), "list the headers that backends are to get"),
    "brotli": (("ConfigMap enable-brotli",), ""),
    "client_body_buffer_size": (("client-body-buffer-size",), ""),
    "client_body_timeout": (("ConfigMap client-body-timeout",), ""),
    "client_header_buffer_size": (("ConfigMap client-header-buffer-size",), "for all Ingresses"),
    "client_header_timeout": (("ConfigMap client-header-timeout",), ""),
    "client_max_body_size": (("proxy-body-size",), "the same value"),
    "deny": (
        ("denylist-source-range",),
        "list the networks; with `deny all` after `allow`, allowlist-source-range alone",
    ),
    "error_log": (("ConfigMap error-log-level",), "for all Ingresses"),
    "error_page": (("custom-http-errors", "default-backend"), "the default backend makes the page"),
    "expires": (("custom-headers",), "set Cache-Control"),
    "grpc_read_timeout": (("proxy-read-timeout",), ""),
    "grpc_send_timeout": (("proxy-send-timeout",), ""),
    "gzip": (("ConfigMap use-gzip",), "for all Ingresses"),
    "gzip_types": (("ConfigMap gzip-types",), "for all Ingresses"),
    "http2_push_preload": (("remove it",), "browsers have given it up"),
    "keepalive_timeout": (("ConfigMap keep-alive",), ""),
    "large_client_header_buffers": (("ConfigMap large-client-header-buffers",), ""),
    "limit_conn": (("limit-connections",), ""),
    "limit_rate": (("limit-rate",), "in kilobytes"),
    "limit_rate_after": (("limit-rate-after",), "in kilobytes"),
    "limit_req": (("limit-rps", "limit-burst-multiplier"), ""),
    "location": (("spec.rules",), "an Ingress with that path, for annotations of its own"),
    "log_format": (("ConfigMap log-format-upstream",), "for all Ingresses"),
    "mirror": (("mirror-target",), ""),
    "modsecurity": (("enable-modsecurity",), ""),
    "more_clear_headers": (("ConfigMap hide-headers",), "for all Ingresses"),
    "more_clear_input_headers": (("ConfigMap proxy-set-headers",), "with an empty value, for all Ingresses"),
    "port_in_redirect": (("use-port-in-redirects",), ""),
    "proxy_buffers": (("remove it",), "answers go on as they come"),
    "proxy_hide_header": (("ConfigMap hide-headers",), "for all Ingresses"),
    "proxy_intercept_errors": (("custom-http-errors",), ""),
    "proxy_next_upstream": (("proxy-next-upstream",), "the same value"),
    "proxy_pass": (("spec.rules",), "name the Service as the backend of a path"),
    "proxy_redirect": (("proxy-redirect-from", "proxy-redirect-to"), ""),
    "proxy_ssl_certificate": (("proxy-ssl-secret",), "put the files into a Secret"),
    "proxy_ssl_certificate_key": (("proxy-ssl-secret",), "put the files into a Secret"),
    "proxy_ssl_trusted_certificate": (
        ("proxy-ssl-secret", "proxy-ssl-verify"),
        "put the file into a Secret under the key ca.crt",
    ),
    "real_ip_header": (("ConfigMap forwarded-for-header",), "with use-forwarded-headers, for all Ingresses"),
    "rewrite_log": (("enable-rewrite-log",), ""),
    "root": ((), "files are served by a backend"),
    "satisfy": (("satisfy",), "the same value"),
    "server_name": (("server-alias",), "or a rule for that host"),
    "server_tokens": (("remove it",), "the gateway sends no version"),
    "set_real_ip_from": (("ConfigMap proxy-real-ip-cidr",), "with use-forwarded-headers, for all Ingresses"),
    "ssl_ciphers": (("ssl-ciphers",), "the same value"),
    "ssl_client_certificate": (("auth-tls-secret",), "put the file into a Secret under the key ca.crt"),
    "ssl_protocols": (("ConfigMap ssl-protocols",), "for all Ingresses"),
    "ssl_verify_client": (("auth-tls-secret", "auth-tls-verify-client"), "the same value"),
    "sub_filter": ((), "bodies are never changed; let the backend do it"),
    "try_files": ((), "files are served by a backend"),
    "underscores_in_headers": (("ConfigMap enable-underscores-in-headers",), "for all Ingresses"),
    "valid_referers": (("ConfigMap block-referers",), "those that are refused, for all Ingresses"),
}
# Directives whose annotation has the same name with hyphens.
_SPELT: Final = re.compile(
    r"proxy_(?:connect|read|send)_timeout|proxy_(?:request_)?buffering|proxy_(?:busy_)?buffers?_size"
    r"|proxy_max_temp_file_size|proxy_http_version|proxy_cookie_(?:path|domain)|proxy_next_upstream_(?:timeout|tries)"
    r"|proxy_ssl_(?:verify|name|protocols|ciphers|server_name)"
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")  # of a directive; other words stand in programs


def idioms(text: str) -> list[Idiom]:
    """One for each directive, in order; those that say the same once."""
    found = dict.fromkeys(_idiom(one) for one in _directives(text) if _NAME.fullmatch(one.name))
    return list(found)[:DIRECTIVES]


def advice(text: str) -> str:
    """As one sentence, for the fix of a verdict. Empty where there is no directive."""
    parts = []
    found = idioms(text)
    for one in found[:ADVISED]:
        how = f" ({one.how})" if one.how else ""
        parts.append(f"{one.written} → {' and '.join(one.instead) or 'nothing here says this'}{how}")
    if len(found) > ADVISED:
        parts.append(f"and {len(found) - ADVISED} more, which `sallygate migrate report` lists")
    return "; ".join(parts)


def _directives(text: str) -> Iterator[Directive]:
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["word"] is not None:
            words.append(token["word"])
        elif token["mark"] is not None:
            if words:
                yield Directive(words[0].lower(), tuple(word.strip("\"'") for word in words[1:]))
            words = []
    if words:  # a last one without its semicolon
        yield Directive(words[0].lower(), tuple(word.strip("\"'") for word in words[1:]))


def _idiom(one: Directive) -> Idiom:
    written = _short(one)
    maker = _MAKERS.get(one.name)
    if maker is not None:
        return Idiom(written, *maker(one.arguments))
    if one.name in SAME:
        return Idiom(written, *SAME[one.name])
    if _SPELT.fullmatch(one.name):
        return Idiom(written, (one.name.replace("_", "-"),), "the same value")
    if "lua" in one.name:
        return Idiom(
            written, (), "programs do not run in the gateway; let a service do it, behind auth-url or as a backend"
        )
    return Idiom(written, (), "")


def _short(one: Directive) -> str:
    first = " ".join((one.name, *one.arguments[:4]))
    return first if len(first) <= 60 else f"{first[:59]}…"


def _response_header(name: str) -> tuple[tuple[str, ...], str]:
    match name.lower():
        case "strict-transport-security":
            return (
                "ConfigMap hsts",
                "ConfigMap hsts-max-age",
                "ConfigMap hsts-include-subdomains",
            ), "for all Ingresses"
        case lower if lower.startswith("access-control-"):
            return ("enable-cors", f"cors-{lower.removeprefix('access-control-')}"), ""
        case "set-cookie":
            return (), "let the backend set its cookies"
        case _:
            return ("custom-headers",), "put it into a ConfigMap, and its name into global-allowed-response-headers"


def _add_header(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    return _response_header(arguments[0] if arguments else "")


def _more_set_headers(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    named = next((word for word in arguments if ":" in word), "")
    return _response_header(named.partition(":")[0].strip())


def _request_header(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    name = (arguments[0] if arguments else "").partition(":")[0].lower()
    if name == "host":
        return ("upstream-vhost",), "the same value"
    if name == "x-forwarded-prefix":
        return ("x-forwarded-prefix",), "the same value"
    if name in {"upgrade", "connection"}:
        return ("remove it",), "WebSockets work by themselves"
    if name.startswith(_MANAGED):
        return ("remove it",), "the gateway sets it; ConfigMap use-forwarded-headers believes the proxy in front"
    return ("ConfigMap proxy-set-headers",), "for all Ingresses"


def _return(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    status = arguments[0] if arguments else ""
    if status in {"301", "308"}:
        return ("permanent-redirect", "permanent-redirect-code"), "the URL as its value"
    if status in {"302", "303", "307"} or status.startswith(("http:", "https:", "$scheme")):
        return ("temporal-redirect", "temporal-redirect-code"), "the URL as its value"
    if status in {"403", "444"}:
        return (
            "denylist-source-range",
        ), "0.0.0.0/0,::/0 refuses everyone; for one path, give it an Ingress of its own"
    if status == "404":
        return ("spec.rules",), "remove the path from the Ingress"
    return (), "let a backend answer it"


def _rewrite(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    flag = arguments[2] if len(arguments) > 2 else ""
    if flag == "permanent":
        return ("permanent-redirect",), "in an Ingress with that path"
    if flag == "redirect" or (len(arguments) > 1 and arguments[1].startswith("http")):
        return ("temporal-redirect",), "in an Ingress with that path"
    return ("rewrite-target", "use-regex"), "the expression as the path, the replacement as rewrite-target"


def _if(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    condition = " ".join(arguments).lower()
    if "$http_user_agent" in condition:
        return ("ConfigMap block-user-agents",), "to refuse some; to send them elsewhere, canary-by-header"
    if "$http_referer" in condition:
        return ("ConfigMap block-referers",), ""
    if "$http_x_forwarded_proto" in condition or "$scheme" in condition:
        return ("ssl-redirect", "force-ssl-redirect"), ""
    if "$request_method" in condition:
        return ("enable-cors",), "if it answers OPTIONS; otherwise let the backend refuse methods"
    if "$http_" in condition:
        return ("canary-by-header", "canary-by-header-value"), "in a second Ingress with its own backend"
    if "$cookie_" in condition:
        return ("canary-by-cookie",), "in a second Ingress with its own backend"
    if "$host" in condition or "$server_name" in condition:
        return ("spec.rules", "from-to-www-redirect", "server-alias"), "one Ingress per host"
    if "$remote_addr" in condition:
        return ("allowlist-source-range", "denylist-source-range"), ""
    return (), "one Ingress for each case, if host, path or a header tells them apart"


def _set(_arguments: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    return ("remove it",), "a variable does nothing by itself"


_MAKERS: Final = {
    "add_header": _add_header,
    "if": _if,
    "more_set_headers": _more_set_headers,
    "more_set_input_headers": _request_header,
    "proxy_set_header": _request_header,
    "grpc_set_header": _request_header,
    "return": _return,
    "rewrite": _rewrite,
    "set": _set,
}
