"""Texts that flags and environment variables may have, read into types. Every complaint says what would be right."""

from ipaddress import ip_address

from msgspec import Struct


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
