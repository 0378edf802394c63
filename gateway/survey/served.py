"""What is served, read back from the segments that the data plane gets: its hosts, backends and certificates."""

from collections.abc import Iterator
from typing import TypeVar

from gateway.encode import segments
from gateway.encode.digest import Digest, host_of
from gateway.encode.tree import Tree
from gateway.ir.ids import BackendId, CertificateId

S = TypeVar("S", bound=segments.Segment)


class Served:
    """One root of a tree. Shards are read when this is made, leaves when they are asked for."""

    def __init__(self, tree: Tree, root: Digest) -> None:
        self._pool = tree.pool
        top = self.segment(root, segments.Root)
        self.default_certificate = top.default_certificate
        self._hosts: dict[str, Digest] = {}
        self._backends: dict[BackendId, Digest] = {}
        self._certificates: dict[CertificateId, Digest] = {}
        for shards in top.tables.values():
            for shard in set(shards):
                hosts = self.segment(shard, segments.HostShard).hosts
                self._hosts |= {host_of(key): digest for key, digest in hosts.items()}
        for shard in set(top.backends):
            self._backends.update(self.segment(shard, segments.BackendShard).backends)
        for shard in set(top.certificates):
            self._certificates.update(self.segment(shard, segments.CertificateShard).certificates)

    def segment(self, digest: Digest, kind: type[S]) -> S:
        found = segments.decode(self._pool[digest])
        if not isinstance(found, kind):
            raise TypeError(f"segment {digest.hex()} is no {kind.__name__}")  # our own mistake
        return found

    def host(self, name: str) -> segments.HostSegment | None:
        digest = self._hosts.get(name)
        return self.segment(digest, segments.HostSegment) if digest is not None else None

    def hosts(self) -> Iterator[segments.HostSegment]:
        for name in sorted(self._hosts):
            yield self.segment(self._hosts[name], segments.HostSegment)

    def policy(self, route: segments.RouteEntry) -> segments.PolicySegment:
        return self.segment(route.policy, segments.PolicySegment)

    def backend(self, identity: BackendId) -> segments.BackendSegment | None:
        digest = self._backends.get(identity)
        return self.segment(digest, segments.BackendSegment) if digest is not None else None

    def backends(self) -> Iterator[segments.BackendSegment]:
        for identity in sorted(self._backends):
            yield self.segment(self._backends[identity], segments.BackendSegment)

    def certificates(self) -> Iterator[segments.CertificateSegment]:
        for identity in sorted(self._certificates):
            yield self.segment(self._certificates[identity], segments.CertificateSegment)
