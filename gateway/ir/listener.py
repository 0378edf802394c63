"""Where clients connect."""

from enum import StrEnum

from msgspec import Struct

from gateway.ir.peers import ListenerTls


class Protocol(StrEnum):
    HTTP = "http"
    HTTPS = "https"


class Forwarders(Struct, frozen=True, omit_defaults=True):
    """The proxies before us whose word is taken on where a request comes from."""

    networks: tuple[str, ...]  # CIDRs in canonical form, IPv4 first, ascending; peers in them are believed
    address_header: str = "x-forwarded-for"  # lower case: where they say the client's address
    claims: bool = False  # are their X-Forwarded-Proto, -Host and -Port believed, too?
    append: bool = False  # the upstream's X-Forwarded-For is their list and the peer, not the client's address alone


class ProxyHeaders(Struct, frozen=True, omit_defaults=True):
    """Load balancers whose connections begin with a PROXY header, of version 1 or 2."""

    networks: tuple[str, ...]  # as in `Forwarders`: peers in them send one, and must; of others it is a bad request
    timeout_ms: int = 3_000  # how long the header may take


class Listener(Struct, frozen=True, omit_defaults=True):
    """A socket that the data plane was started with (`name`), and the table of hosts that serves it."""

    name: str
    protocol: Protocol
    table: str
    forwarders: Forwarders | None = None  # None: nobody but the connection says where a request comes from
    proxy_headers: ProxyHeaders | None = None  # None: a connection begins with the client's own bytes
    tls: ListenerTls | None = None  # where it is not as it is by default
