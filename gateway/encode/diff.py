"""What changed between two roots, in words: `~1 route on blue.example.com`, `+2 hosts`, `-1 backend`."""

from collections.abc import Hashable, Iterable
from typing import Final

from gateway.encode import segments
from gateway.encode.digest import Digest, host_of
from gateway.encode.pool import Pool
from gateway.ir.ids import BackendId, CertificateId

NAMED_HOSTS: Final = 3  # changed hosts that are told apart; more are only counted
COMPARED_HOSTS: Final = 1_000  # hosts whose routes are compared; beyond it a line of text is not worth the time

_Pairs = dict[Hashable, tuple[Digest | None, Digest | None]]


def describe(pool: Pool, before: Digest | None, after: Digest) -> list[str]:
    """One phrase per kind of change, most telling first. Costs in proportion to the difference. Never empty."""
    if before == after:
        return ["nothing"]
    old = _root(pool, before) if before is not None and before in pool else None
    new = _root(pool, after)
    phrases = _hosts(pool, _changed_hosts(pool, old, new))
    phrases += _backends(pool, _changed_shards(pool, old.backends if old else (), new.backends))
    phrases += _certificates(_changed_shards(pool, old.certificates if old else (), new.certificates))
    if old is not None and old.default_certificate != new.default_certificate:
        name = new.default_certificate
        phrases.append(f"default certificate {_name(name)}" if name else "no default certificate")
    if old is not None and old.listeners != new.listeners:
        phrases.append("listeners")
    return phrases or ["nothing that is served"]


def _root(pool: Pool, digest: Digest) -> segments.Root:
    root = segments.decode(pool[digest])
    if not isinstance(root, segments.Root):
        raise TypeError(f"{digest.hex()} is not a root")
    return root


def _units(pool: Pool, shard: Digest) -> Iterable[tuple[Hashable, Digest]]:
    segment = segments.decode(pool[shard])
    match segment:
        case segments.HostShard():
            return segment.hosts.items()
        case segments.BackendShard():
            return segment.backends
        case segments.CertificateShard():
            return segment.certificates
        case _:
            raise TypeError(f"{shard.hex()} is not a shard")


def _changed_shards(pool: Pool, old: tuple[Digest, ...], new: tuple[Digest, ...]) -> _Pairs:
    found: _Pairs = {}
    for place in range(max(len(old), len(new))):
        was = old[place] if place < len(old) else None
        now = new[place] if place < len(new) else None
        if was == now:
            continue
        left = dict(_units(pool, was)) if was is not None else {}
        right = dict(_units(pool, now)) if now is not None else {}
        for key in left.keys() | right.keys():
            if left.get(key) != right.get(key):
                found[key] = (left.get(key), right.get(key))
    return found


def _changed_hosts(pool: Pool, old: segments.Root | None, new: segments.Root) -> _Pairs:
    """A host that stands in several tables is one host: the change in the last table speaks for all."""
    found: _Pairs = {}
    for table in sorted((old.tables.keys() if old else set()) | new.tables.keys()):
        was = old.tables.get(table, ()) if old else ()
        found |= _changed_shards(pool, was, new.tables.get(table, ()))
    return found


def _hosts(pool: Pool, pairs: _Pairs) -> list[str]:
    added = sorted(str(key) for key, (was, _) in pairs.items() if was is None)
    removed = sorted(str(key) for key, (_, now) in pairs.items() if now is None)
    phrases = []
    for sign, keys in (("+", added), ("-", removed)):
        if len(keys) == 1:
            phrases.append(f"{sign}1 host {_host_name(keys[0])}")
        elif keys:
            phrases.append(f"{sign}{len(keys)} hosts")
    changed = sorted((str(key), was, now) for key, (was, now) in pairs.items() if was and now)
    if len(changed) > COMPARED_HOSTS:
        return [*phrases, f"~{len(changed)} hosts"]
    counts = {key: _routes(pool, was, now) for key, was, now in changed if was and now}
    if len(counts) <= NAMED_HOSTS:
        for key, count in counts.items():
            phrases.append(f"{_signed(count)} on {_host_name(key)}")
    else:
        total = (sum(column) for column in zip(*counts.values(), strict=True))
        phrases.append(f"{_signed(tuple(total))} on {len(counts)} hosts")
    return phrases


def _routes(pool: Pool, was: Digest, now: Digest) -> tuple[int, ...]:
    """How many routes of a host were added, taken away, changed.

    A route is the same one if its object and match are; what is left over is paired by its place in the object, so that
    an edited path counts as one change, and a path inserted above others does not count for each that moved down.
    """
    old, new = _host(pool, was), _host(pool, now)
    left: dict[Hashable, segments.RouteEntry] = {(*_object(route), route.match): route for route in old.routes}
    right: dict[Hashable, segments.RouteEntry] = {(*_object(route), route.match): route for route in new.routes}
    both = left.keys() & right.keys()
    changed = sum(_substance(left[key]) != _substance(right[key]) for key in both)
    gone = {route.id for key, route in left.items() if key not in both}
    come = {route.id for key, route in right.items() if key not in both}
    paired = len(gone & come)
    return len(come) - paired, len(gone) - paired, changed + paired


def _host(pool: Pool, digest: Digest) -> segments.HostSegment:
    host = segments.decode(pool[digest])
    if not isinstance(host, segments.HostSegment):
        raise TypeError(f"{digest.hex()} is not a host")
    return host


def _object(route: segments.RouteEntry) -> tuple[str, str, str]:
    return route.id.kind, route.id.namespace, route.id.name


def _substance(route: segments.RouteEntry) -> tuple[Hashable, ...]:
    return route.action, route.policy, route.display_path


def _signed(counts: tuple[int, ...]) -> str:
    parts = [f"{sign}{count}" for sign, count in zip("+-~", counts, strict=True) if count]
    if not parts:
        return "certificate or order of routes"
    total = sum(counts)
    return f"{' '.join(parts)} {'route' if total == 1 else 'routes'}"


def _backends(pool: Pool, pairs: _Pairs) -> list[str]:
    phrases = [_counted(sign, kept, "backend") for sign, kept in _split(pairs) if kept and sign != "~"]
    changed = [(key, was, now) for key, (was, now) in pairs.items() if was and now]
    if len(changed) == 1:
        key, was, now = changed[0]
        if isinstance(key, BackendId):
            counts = f"{_endpoints(pool, was)} to {_endpoints(pool, now)}"
            phrases.append(f"endpoints of {key.namespace}/{key.service}:{key.port} ({counts})")
    elif changed:
        phrases.append(f"endpoints of {len(changed)} backends")
    return phrases


def _endpoints(pool: Pool, digest: Digest) -> int:
    backend = segments.decode(pool[digest])
    return len(backend.endpoints) if isinstance(backend, segments.BackendSegment) else 0


def _certificates(pairs: _Pairs) -> list[str]:
    phrases = [_counted(sign, kept, "certificate") for sign, kept in _split(pairs) if kept and sign != "~"]
    renewed = sorted(_name(key) for key, (was, now) in pairs.items() if was and now and isinstance(key, CertificateId))
    if len(renewed) == 1:
        phrases.append(f"certificate {renewed[0]} renewed")
    elif renewed:
        phrases.append(f"{len(renewed)} certificates renewed")
    return phrases


def _split(pairs: _Pairs) -> list[tuple[str, int]]:
    added = sum(was is None for was, _ in pairs.values())
    removed = sum(now is None for _, now in pairs.values())
    return [("+", added), ("-", removed), ("~", len(pairs) - added - removed)]


def _counted(sign: str, count: int, noun: str) -> str:
    return f"{sign}{count} {noun if count == 1 else noun + 's'}"


def _name(certificate: CertificateId) -> str:
    return f"{certificate.namespace}/{certificate.name}"


def _host_name(key: str) -> str:
    return host_of(key) or "every other host"
