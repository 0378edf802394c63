"""The syntax of host names, and which name covers which. Files have no API server in front of them."""

import re
from typing import Final

from gateway.objects.names import name_problem
from gateway.translate.limits import HOST_BYTES

_HOST: Final = re.compile(r"(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ADDRESS: Final = re.compile(r"[0-9]+(\.[0-9]+){3}|\[?[0-9a-f]*:[0-9a-f:.]*\]?")
_PORT: Final = re.compile(r"(?P<host>[^:]+):[0-9]+")


def is_object_name(text: str) -> bool:
    """Could an API server hold an object of this name?"""
    return name_problem(text, label=False) is None


def host_problem(host: str) -> tuple[str, str] | None:
    """Why a lower-case host cannot be used, and what to write instead; None when it can. Empty is any host."""
    if not host or (len(host) <= HOST_BYTES and _HOST.fullmatch(host) and not _ADDRESS.fullmatch(host)):
        return None
    if len(host) > HOST_BYTES:
        return f"{len(host)} characters are more than the {HOST_BYTES} of a DNS name", "use a shorter name"
    if _ADDRESS.fullmatch(host):
        return "it is an IP address, not a DNS name", "name a host, or leave host out to match every host"
    if ported := _PORT.fullmatch(host):
        return "it has a port; hosts are matched without one", f"write {ported['host']}"
    if host.endswith("."):
        return "it ends with a dot; hosts are matched without one", f"write {host.rstrip('.')}"
    if "*" in host:
        return "`*` may stand for the whole first label only, as in *.example.com", "write *. and a DNS name after it"
    if not host.isascii():
        return "it has characters outside ASCII", f"write it as clients send it: {_punycode(host)}"
    if "_" in host:
        return "a DNS name has no underscore", "use letters, digits and hyphens"
    return "it is not a DNS name", "use labels of letters, digits and hyphens, joined by dots"


def wildcard_of(host: str) -> str | None:
    """The wildcard that also covers a host, by replacing its first label."""
    label, dot, rest = host.partition(".")
    return f"*.{rest}" if dot and label != "*" and rest else None


def covers(name: str, host: str) -> bool:
    """Does a name (of a certificate or of a TLS entry) cover a host, as TLS clients judge it?"""
    return name == host or (name.startswith("*.") and name == wildcard_of(host))


def _punycode(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return "its punycode form (xn--…)"
