"""Whom the gateway believes about where a request comes from, as the options say it → `ir.listener`.

Knows no option by name: those are rows of `configmap/forwarding.py`.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.ir.listener import Forwarders, ProxyHeaders
from gateway.translate.ingress.annotations.values import (
    InvalidValueError,
    Parsed,
    Type,
    parse_networks,
    parse_text,
)

MOST_NETWORKS: Final = 1_024
"""What the data plane takes: each address in a list is compared with each network."""

EVERYBODY: Final = ("0.0.0.0/0",)  # in ingress-nginx this is IPv4 only
LONGEST_MS: Final = 60_000

_TIME: Final = re.compile(r"([1-9][0-9]{0,6})(ms|s|)", re.ASCII)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


class Believed(Struct, frozen=True):
    """The options as they were read. Defaults are ingress-nginx's: nobody; and everybody, once somebody is."""

    claims: bool = False  # X-Forwarded-Proto, -Host and -Port, and the address
    address: bool = False  # the address alone
    append: bool = False  # the upstream's X-Forwarded-For is the whole list; needs `claims`
    header: str = "x-forwarded-for"
    networks: tuple[str, ...] = EVERYBODY
    proxy_headers: bool = False  # connections begin with a PROXY header
    proxy_header_ms: int | None = None  # how long it may take

    def forwarders(self) -> Forwarders | None:
        """Nothing where only the connection counts, or its PROXY header: a client behind it could claim anything."""
        if self.proxy_headers or not (self.claims or self.address) or not self.networks:
            return None
        return Forwarders(self.networks, self.header, self.claims, self.append and self.claims)

    def introducers(self) -> ProxyHeaders | None:
        """Who sends PROXY headers. "Everybody" is meant for load balancers of both families."""
        if not self.proxy_headers or not self.networks:
            return None
        networks = (*EVERYBODY, "::/0") if self.networks == EVERYBODY else self.networks
        headers = ProxyHeaders(networks)
        return headers if self.proxy_header_ms is None else replace(headers, timeout_ms=self.proxy_header_ms)


def _milliseconds(text: str) -> Parsed[int]:
    found = _TIME.fullmatch(parse_text(text).value)
    if not found:
        raise InvalidValueError("it is not a time", "write a time such as 5s or 500ms")
    value = int(found[1]) * (1 if found[2] == "ms" else 1_000)
    if value > LONGEST_MS:
        raise InvalidValueError(f"it is more than {LONGEST_MS // 1_000} s", "write a shorter time")
    return Parsed(value)


def _networks(text: str) -> Parsed[tuple[str, ...]]:
    networks = {_canonical(ip_network(each)) for each in parse_networks(text).value}
    if len(networks) > MOST_NETWORKS:
        raise InvalidValueError(f"{len(networks)} networks are more than {MOST_NETWORKS}", "join some of them")
    ordered = sorted(networks, key=lambda one: (one.version, int(one.network_address), one.prefixlen))
    return Parsed(tuple(str(one) for one in ordered))


def _canonical(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """An IPv4 network in IPv6's clothes is an IPv4 network: so peers are read, too."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


def _header(text: str) -> Parsed[str]:
    name = parse_text(text).value
    if not _TOKEN.fullmatch(name):
        raise InvalidValueError("it is not the name of a header", "write a name such as X-Forwarded-For")
    return Parsed(name.lower())


NETWORKS: Final = Type("networks", "addresses or networks in CIDR notation, joined by commas", _networks)
MILLISECONDS: Final = Type("time", "a whole number with the unit `ms` or `s`, or of seconds without", _milliseconds)
HEADER: Final = Type("header", "the name of a header", _header)
