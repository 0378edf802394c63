"""Texts that flags and environment variables may have, read into types. Every complaint says what would be right."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_DNS_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LABEL_VALUE: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_KEY: Final = rf"(?:{_DNS_NAME.pattern}/)?{_LABEL_VALUE}"
_SET: Final = rf"\((?:\s*{_LABEL_VALUE}\s*,)*\s*{_LABEL_VALUE}\s*\)"
_REQUIREMENT: Final = re.compile(
    rf"\s*(?:!?{_LABEL_KEY}|{_LABEL_KEY}\s*(?:==?|!=)\s*(?:{_LABEL_VALUE})?|{_LABEL_KEY}\s+(?:in|notin)\s+{_SET})\s*"
)
_BETWEEN_REQUIREMENTS: Final = re.compile(r",(?![^(]*\))")


class ObjectName(Struct, frozen=True):
    """`NS/NAME`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ServiceMapping(Struct, frozen=True):
    """`NS/SERVICE[:PORT]=HOST:PORT`: an address that stands in for a Service. `port` is empty for every port of it."""

    namespace: str
    service: str
    port: str
    host: str
    target: int

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.namespace}/{self.service}{port}={host}:{self.target}"


def text(value: str) -> str:
    return value


def flag(value: str) -> bool:
    """As Go's flag package reads a boolean, because manifests for ingress-nginx pass `=true`."""
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError("use true or false")


def object_name(value: str) -> ObjectName:
    namespace, slash, name = value.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise ValueError("use NAMESPACE/NAME")
    return ObjectName(namespace, name)


def namespace(value: str) -> str:
    if not _NAMESPACE.fullmatch(value):
        raise ValueError("use the name of one namespace")
    return value


def lease_name(value: str) -> str:
    if len(value) > 253 or not _DNS_NAME.fullmatch(value):
        raise ValueError("use lower-case letters, digits, hyphens and dots, as in the name of an object")
    return value


def annotations_prefix(value: str) -> str:
    """As `nginx.ingress.kubernetes.io`: the part of an annotation's name before the slash."""
    if len(value) > 253 or not _DNS_NAME.fullmatch(value):
        raise ValueError("use a DNS name without a slash, such as nginx.ingress.kubernetes.io")
    return value


def label_selector(value: str) -> str:
    """As kubectl takes it. What the API server would refuse later is refused here."""
    if not all(_REQUIREMENT.fullmatch(part) for part in _BETWEEN_REQUIREMENTS.split(value)):
        raise ValueError("use label selectors as kubectl does, such as team=shop or team in (shop, blog)")
    return value


def server_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError("use a URL such as https://10.0.0.1:6443")
    return value.rstrip("/")


def service_mapping(value: str) -> ServiceMapping:
    left, equals, right = value.partition("=")
    service, _, port = left.partition(":")
    if not equals:
        raise ValueError("use NAMESPACE/SERVICE[:PORT]=HOST:PORT")
    try:
        name = object_name(service)
    except ValueError as error:
        raise ValueError("use NAMESPACE/SERVICE[:PORT]=HOST:PORT") from error
    host, colon, target = right.rpartition(":")
    if not (colon and host and target.isascii() and target.isdigit() and 1 <= int(target) <= 65_535):
        raise ValueError("after = comes HOST:PORT, with a port from 1 to 65535")
    return ServiceMapping(name.namespace, name.name, port, _host(host), int(target))


def _host(value: str) -> str:
    if value.startswith("[") and value.endswith("]"):
        try:
            return str(ip_address(value[1:-1]))
        except ValueError as error:
            raise ValueError("between [ and ] stands an IPv6 address") from error
    if ":" in value:
        raise ValueError("an IPv6 address is written between [ and ]")
    return value
