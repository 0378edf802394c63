"""The types of annotation values that speak of TLS: versions, cipher suites, names of peers."""

from ipaddress import ip_address
from typing import Final, NamedTuple

from gateway.ir.peers import TlsVersion
from gateway.translate.ingress.annotations.values import (
    InvalidValueError,
    Parsed,
    Type,
    UnsupportedValueError,
    one_line,
    parse_integer,
)
from gateway.translate.ingress.annotations.values_http import parse_target
from gateway.translate.limits import CHAIN_DEPTH, CIPHERS_BYTES, PATTERN_BYTES
from gateway.translate.names import host_problem

_VERSIONS: Final = {"TLSv1.2": TlsVersion.V12, "TLSv1.3": TlsVersion.V13}
_OLD: Final = frozenset(("SSLv2", "SSLv3", "TLSv1", "TLSv1.1"))
_SUITES: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:+-!_.")


class Versions(NamedTuple):
    oldest: TlsVersion
    newest: TlsVersion


def parse_versions(text: str) -> Parsed[Versions]:
    words = one_line(text).split()
    stray = next((word for word in words if word not in _VERSIONS and word not in _OLD), None)
    if stray is not None or not words:
        reason = f"{(stray or text)[:40]!r} is not a version of TLS"
        raise InvalidValueError(reason, 'write TLSv1.2, TLSv1.3 or both, for example "TLSv1.2 TLSv1.3"')
    known = sorted(_VERSIONS[word] for word in words if word in _VERSIONS)
    if not known:
        reason = "versions before TLS 1.2 are not spoken: they are broken (RFC 8996)"
        raise UnsupportedValueError(reason, "write TLSv1.2 or TLSv1.3")
    spoken = " and ".join(f"TLS {version}" for version in known)
    adjusted = f"of these only {spoken} can be had (RFC 8996)" if set(words) & _OLD else ""
    return Parsed(Versions(known[0], known[-1]), adjusted)


def parse_ciphers(text: str) -> Parsed[str]:
    """Whether the TLS library has them is not known here."""
    if len(one_line(text)) > CIPHERS_BYTES:
        raise InvalidValueError(f"it is longer than {CIPHERS_BYTES} bytes", "shorten it")
    listed = ":".join(text.replace(",", " ").split())
    stray = next((one for one in listed if one not in _SUITES), None)
    if stray is not None:
        raise InvalidValueError(f"it has {stray!r}, which no cipher suite has", "write names joined by colons")
    return Parsed(listed)


def parse_depth(text: str) -> Parsed[int]:
    depth = parse_integer(text).value
    if depth < 0:
        raise InvalidValueError("a chain cannot be shorter than nothing", 'write "1" or more')
    if depth > CHAIN_DEPTH:
        return Parsed(CHAIN_DEPTH, f"the most is {CHAIN_DEPTH}")
    return Parsed(depth)


def parse_peer_name(text: str) -> Parsed[str]:
    name = one_line(text).lower().rstrip(".")
    try:
        return Parsed(str(ip_address(name)))
    except ValueError:
        pass
    if problem := host_problem(name):
        raise InvalidValueError(*problem)
    if "*" in name:
        raise InvalidValueError("a name to verify has no `*`", "write the name that the certificate is for")
    return Parsed(name)


def parse_error_page(text: str) -> Parsed[str]:
    if text.startswith(("/", "@")):
        reason = "an error page on the protected host itself would be served without a certificate"
        raise UnsupportedValueError(reason, "write the URL of a page on another host")
    return parse_target(text)


def parse_subject(text: str) -> Parsed[str]:
    """Whether it can be compiled is not known here."""
    if not one_line(text).startswith("CN="):
        raise InvalidValueError("it does not begin with CN=", 'write for example "CN=client.example.com"')
    if len(text) > PATTERN_BYTES:
        raise InvalidValueError(f"it is longer than {PATTERN_BYTES} bytes", "shorten it")
    return Parsed(text)


VERSIONS: Final = Type("versions", "`TLSv1.2`, `TLSv1.3` or both, separated by a space", parse_versions)
CIPHERS: Final = Type("ciphers", "cipher suites as OpenSSL lists them, joined by colons", parse_ciphers)
DEPTH: Final = Type("integer", "a whole number, 0 or more", parse_depth)
PEER_NAME: Final = Type("name", "a DNS name or an IP address", parse_peer_name)
ERROR_PAGE: Final = Type("URL", "an absolute URL", parse_error_page)
SUBJECT: Final = Type("expression", "a regular expression that begins with `CN=`", parse_subject)
