"""The types of values that speak of the service that decides about requests. Annotations and options share them."""

import re
from ipaddress import ip_address
from typing import Final

from gateway.ir.filters import Kept
from gateway.ir.ids import BackendId
from gateway.translate.authorisation import Place
from gateway.translate.ingress.annotations.values import (
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    one_line,
    parse_list,
)
from gateway.translate.ingress.annotations.values_http import parse_count, parse_template
from gateway.translate.limits import COPIED_HEADERS, HEADER_VALUE_BYTES, KEPT
from gateway.translate.names import host_problem
from gateway.translate.tokens import header_problem, is_token

_URL: Final = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<target>[/?][^#]*)?", re.ASCII)
_SAFE: Final = re.compile(r"[!-~]+", re.ASCII)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@\[\]]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_OWN: Final = re.compile(r"\$\{?(host|http_host|best_http_host|server_name)\}?", re.ASCII)
_SERVICE: Final = re.compile(r"(?P<service>[a-z0-9.-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(\.cluster\.local)?", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}
_DURATION: Final = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>ms|s|m|h|d|w|M|y)", re.ASCII)
_DAY_MS: Final = 24 * 3_600_000
_UNITS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": _DAY_MS,
    "w": 7 * _DAY_MS,
    "M": 30 * _DAY_MS,
    "y": 365 * _DAY_MS,
}
_MOST_MS: Final = 365 * _DAY_MS
_USUAL: Final = (200, 301, 302)  # those that nginx keeps where a time stands alone
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
_FIX: Final = "write for example http://auth.tools.svc.cluster.local:4180/verify"


def parse_url(text: str) -> Parsed[Place]:
    """Its host says who is asked: a Service by its name in the cluster, another machine, or `$host`."""
    if len(one_line(text)) > HEADER_VALUE_BYTES or not _SAFE.fullmatch(text):
        raise InvalidValueError("it is no URL: too long, or with characters that a URL has not", _FIX)
    found = _URL.fullmatch(text)
    if found is None:
        raise InvalidValueError("it is no URL with http:// or https:// and a host", _FIX)
    scheme, target = found["scheme"], found["target"] or "/"
    target = parse_template(target if target.startswith("/") else f"/{target}").value
    authority = _AUTHORITY.fullmatch(found["authority"])
    if authority is None:
        raise InvalidValueError(f"{found['authority'][:60]!r} is no host", _FIX)
    host, tls = authority["host"].lower().removesuffix("."), scheme == "https"
    port = int(authority["port"]) if authority["port"] else _PORTS[scheme]
    if not 1 <= port <= 65_535:
        raise InvalidValueError(f"{port} is no port", "write a number from 1 to 65535")
    if "$" in host:
        return Parsed(_own(host, port, target, tls=tls))
    if host.startswith("["):
        return Parsed(_machine(host, host.strip("[]"), port, target, tls=tls))
    if re.fullmatch(r"[0-9.]+", host):
        return Parsed(_machine(host, host, port, target, tls=tls))
    if problem := host_problem(host):
        raise InvalidValueError(f"of the host: {problem[0]}", problem[1])
    if "*" in host:
        raise InvalidValueError("a wildcard is nobody's host", _FIX)
    service = _SERVICE.fullmatch(host)
    if service is not None and "." not in service["service"]:
        backend = BackendId(service["namespace"], service["service"], str(port))
    else:
        backend = BackendId("", host, str(port))
    return Parsed(Place(backend, host, target, tls, host if tls else ""))


def _own(host: str, port: int, target: str, *, tls: bool) -> Place:
    if not _OWN.fullmatch(host) or port not in _PORTS.values():
        raise UnsupportedValueError(
            "the host may be a variable only as a whole and only the request's own one, on its usual port: who is "
            "asked must not be for a client to say",
            "write $host, or the name of a Service",
        )
    return Place(None, host, target, tls)


def _machine(shown: str, host: str, port: int, target: str, *, tls: bool) -> Place:
    try:
        address = str(ip_address(host))
    except ValueError:
        raise InvalidValueError(f"{host[:60]!r} is no address", _FIX) from None
    return Place(BackendId("", address, str(port)), shown, target, tls)


def parse_method(text: str) -> Parsed[str]:
    if text not in _METHODS:
        raise InvalidValueError("it is no method", f"write one of {', '.join(_METHODS)}")
    if text == "CONNECT":
        raise UnsupportedValueError("CONNECT makes a tunnel, not an answer", "use GET")
    return Parsed(text)


def parse_signin(text: str) -> Parsed[str]:
    if not _SAFE.fullmatch(parse_template(text).value) or not re.match(r"https?://[^/?#]+|/", text):
        raise InvalidValueError("it is no URL", "write for example https://$host/oauth2/start")
    return Parsed(text)


def parse_param(text: str) -> Parsed[str]:
    if not re.fullmatch(r"[A-Za-z0-9_.~-]{1,64}", text, re.ASCII):
        raise InvalidValueError("it is no name of a parameter", "use letters, digits, hyphens and underscores")
    return Parsed(text)


def parse_header_names(text: str) -> Parsed[tuple[str, ...]]:
    names = parse_list(text).value
    for name in names:
        if not is_token(name):
            raise InvalidValueError(f"{name[:40]!r} is not the name of a header", "write names joined by commas")
        if problem := header_problem(name):
            raise InvalidValueError(problem, "leave it out")
    if len(names) > COPIED_HEADERS:
        raise InvalidValueError(f"{len(names)} headers are more than {COPIED_HEADERS}", "copy fewer")
    return Parsed(names)


def parse_kept(text: str) -> Parsed[tuple[Kept, ...]]:
    found = []
    for item in parse_list(text).value:
        *statuses, time = item.split()
        duration = _DURATION.fullmatch(time)
        if duration is None or not all(re.fullmatch("[1-5][0-9][0-9]", one) for one in statuses):
            fix = 'write statuses and a time each, for example "200 202 401 5m"'
            raise InvalidValueError(f"{item[:40]!r} is no list of statuses with a time after it", fix)
        ms = int(duration["number"]) * _UNITS[duration["unit"]]
        if ms:
            found.append(Kept(min(ms, _MOST_MS), tuple(map(int, statuses)) or _USUAL))
    if len(found) > KEPT:
        raise InvalidValueError(f"{len(found)} times are more than {KEPT}", "write fewer")
    return Parsed(tuple(found))


def parse_positive(text: str) -> Parsed[int]:
    found = parse_count(text)
    if not found.value:
        raise InvalidValueError("it is less than 1", "write 1 or more")
    return found


URL: Final = Type(
    "URL",
    "`http://` or `https://`, and `SERVICE.NAMESPACE.svc.cluster.local`, another name, an address or `$host`; port, "
    "path and query, which may have variables",
    parse_url,
)
METHOD: Final = Type("method", f"one of {', '.join(f'`{one}`' for one in _METHODS)}", parse_method)
SIGNIN: Final = Type("URL", "a URL or a path, with variables", parse_signin)
PARAM: Final = Type("name", "the name of a parameter", parse_param)
HEADER_NAMES: Final = Type("names", "names of headers joined by commas", parse_header_names)
KEPT_TYPE: Final = Type("times", "statuses and a time such as `5m`; several joined by commas", parse_kept)
POSITIVE: Final = Type("count", "a whole number, 1 or more", parse_positive)
