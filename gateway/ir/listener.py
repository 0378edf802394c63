"""Where clients connect."""

from enum import StrEnum

from msgspec import Struct


class Protocol(StrEnum):
    HTTP = "http"
    HTTPS = "https"


class Forwarders(Struct, frozen=True, omit_defaults=True):
    """The proxies before us whose word is taken on where a request comes from."""

    networks: tuple[str, ...]  # CIDRs in canonical form, IPv4 first, ascending; peers in them are believed
    address_header: str = "x-forwarded-for"  # lower case: where they say the client's address
    claims: bool = False  # are their X-Forwarded-Proto, -Host and -Port believed, too?
    append: bool = False  # the upstream's X-Forwarded-For is their list and the peer, not the client's address alone


class Listener(Struct, frozen=True, omit_defaults=True):
    """A socket that the data plane was started with (`name`), and the table of hosts that serves it."""

    name: str
    protocol: Protocol
    table: str
    forwarders: Forwarders | None = None  # None: nobody but the connection says where a request comes from
