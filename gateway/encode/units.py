"""What a tree is made of: one host of one table, one backend, one certificate; and where an older tree has it."""

from typing import NamedTuple, TypeAlias

from gateway.encode import segments
from gateway.encode.digest import Digest, host_key, shard_of
from gateway.encode.pool import Pool
from gateway.ir.ids import BackendId, CertificateId


class HostUnit(NamedTuple):
    table: str
    host: str


Unit: TypeAlias = HostUnit | BackendId | CertificateId


def host_bytes(key: str) -> bytes:
    """The bytes by which a host key chooses its shard."""
    return key.encode()


def find(pool: Pool, root: Digest, unit: Unit) -> Digest | None:
    """The segment of a unit in any root that the pool still has."""
    top = segments.decode(pool[root])
    if not isinstance(top, segments.Root):
        return None
    if isinstance(unit, HostUnit):
        key = host_key(unit.host)
        shards = top.tables.get(unit.table)
        if shards is None:
            return None
        shard = segments.decode(pool[shards[shard_of(host_bytes(key))]])
        return shard.hosts.get(key) if isinstance(shard, segments.HostShard) else None
    shards = top.backends if isinstance(unit, BackendId) else top.certificates
    shard = segments.decode(pool[shards[shard_of(segments.id_key(unit))]])
    if isinstance(shard, segments.BackendShard):
        return next((digest for key, digest in shard.backends if key == unit), None)
    if isinstance(shard, segments.CertificateShard):
        return next((digest for key, digest in shard.certificates if key == unit), None)
    return None
