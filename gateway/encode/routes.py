"""The routes table for people: one row per route, read back from the tree."""

from typing import Final

import msgspec
from msgspec import Struct

from gateway.encode import segments
from gateway.encode.digest import Digest, host_of
from gateway.encode.pool import Pool
from gateway.ir.filters import Filters
from gateway.ir.ids import BackendId, RouteId
from gateway.ir.match import Exact, Prefix
from gateway.ir.route import Forward, Redirect, RedirectHost, Respond

ROWS: Final = 200  # more than anybody reads; keeps the cost of a first start flat


class _Size(Struct):
    """A host segment read no further than its routes can be counted."""

    routes: list[msgspec.Raw]


class Row(Struct, frozen=True):
    """`endpoints` is `address:port`, brackets around IPv6; `notes` says what else happens, in a few words each;
    `written` is where the route stands.
    """

    host: str
    path: str
    type: str
    backend: str
    endpoints: tuple[str, ...]
    notes: tuple[str, ...]
    written: RouteId


def rows(pool: Pool, root: Digest, limit: int = ROWS) -> tuple[list[Row], int]:
    """The first rows, and how many there are in all. Sorted by host, and within one as its table has them; a host that
    several listeners share stands once.
    """
    top = segments.decode(pool[root])
    if not isinstance(top, segments.Root):
        return [], 0
    endpoints = _Endpoints(pool, top)
    hosts: dict[str, Digest] = {}
    for shards in top.tables.values():
        for shard in set(shards):
            segment = segments.decode(pool[shard])
            if isinstance(segment, segments.HostShard):
                hosts |= segment.hosts
    found: list[Row] = []
    total = 0
    for key in sorted(hosts, key=_host_order):
        data = pool[hosts[key]]
        total += len(_size.decode(data).routes)
        host = segments.decode(data) if len(found) < limit else None
        if isinstance(host, segments.HostSegment):
            found += [_row(pool, endpoints, host, route) for route in host.routes]
    return found[:limit], total


_size: Final = msgspec.msgpack.Decoder(_Size)


class _Endpoints:
    """Addresses by backend; shards are read when first asked for."""

    def __init__(self, pool: Pool, root: segments.Root) -> None:
        self._pool = pool
        self._known: dict[BackendId, tuple[str, ...]] = {}
        self._digests: dict[BackendId, Digest] = {}
        for shard in set(root.backends):
            segment = segments.decode(pool[shard])
            if isinstance(segment, segments.BackendShard):
                self._digests.update(segment.backends)

    def of(self, backend: BackendId) -> tuple[str, ...]:
        if backend not in self._known:
            digest = self._digests.get(backend)
            segment = segments.decode(self._pool[digest]) if digest is not None else None
            found = segment.endpoints if isinstance(segment, segments.BackendSegment) else ()
            self._known[backend] = tuple(_address(endpoint.address, endpoint.port) for endpoint in found)
        return self._known[backend]


def _row(pool: Pool, endpoints: _Endpoints, host: segments.HostSegment, route: segments.RouteEntry) -> Row:
    notes: list[str] = []
    backend = ""
    addresses: tuple[str, ...] = ()
    match route.action:
        case Forward():
            target = route.action.backend
            backend = f"{target.namespace}/{target.service}:{target.port}"
            addresses = endpoints.of(target)
            if not addresses:
                notes.append("no endpoints: 503")
            if route.action.tls is not None:
                notes.append("https to the backend")
            notes += [f"canary {canary.backend.service}" for canary in route.action.canaries]
        case Redirect():
            notes.append(f"{route.action.status} to {route.action.path}")
        case RedirectHost():
            notes.append(f"{route.action.status} to {route.action.host}")
        case Respond():
            notes.append(f"answers {route.action.status}")
    policy = segments.decode(pool[route.policy])
    if isinstance(policy, segments.PolicySegment):
        if policy.https_redirect is not None:
            notes.append(f"{policy.https_redirect.status} to https")
        if policy.rewrite is not None:
            notes.append(f"rewritten to {policy.rewrite.template}")
        if policy.filters is not None:
            notes += _filters(policy.filters)
    if host.certificate is not None:
        notes.append(f"TLS {host.certificate.namespace}/{host.certificate.name}")
    return Row(host.host or "*", route.display_path, _type(route), backend, addresses, tuple(notes), route.id)


def _filters(filters: Filters) -> list[str]:
    """What bears on who is served."""
    named = (
        ("CORS", filters.cors),
        ("limits", filters.limits),
        ("addresses", filters.access),
        ("password", filters.password),
        ("asks for permission", filters.external),
    )
    return [name for name, value in named if value is not None]


def _type(route: segments.RouteEntry) -> str:
    if isinstance(route.match, Exact):
        return "Exact"
    return "Prefix" if isinstance(route.match, Prefix) else "Regex"


def _address(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _host_order(key: str) -> tuple[int, str]:
    """Named hosts first, then wildcards and expressions, then the host of all the others."""
    return (2 if not key else 1 if key.startswith((".", "**.", "~")) or key.endswith(".*") else 0), host_of(key)
