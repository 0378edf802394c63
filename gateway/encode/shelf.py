"""One collection of units (the hosts of a table, the backends, the certificates), cut into shards by key."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from gateway.encode.digest import SHARDS, Digest, shard_of
from gateway.encode.pool import Pool
from gateway.encode.segments import Segment, encode

K = TypeVar("K")


class Shelf(Generic[K]):
    """Holds one reference on every unit and on every shard. `seal` encodes only the shards whose units changed."""

    def __init__(
        self, pool: Pool, key_bytes: Callable[[K], bytes], shard: Callable[[dict[K, Digest]], Segment]
    ) -> None:
        self._pool = pool
        self._key_bytes = key_bytes
        self._shard = shard
        self._units: list[dict[K, Digest]] = [{} for _ in range(SHARDS)]
        empty = encode(shard({}))
        first = pool.add(empty)
        for _ in range(SHARDS - 1):
            pool.hold(first)
        self._digests = [first] * SHARDS
        self._dirty: set[int] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[K, Digest]]:
        for units in self._units:
            yield from units.items()

    def get(self, key: K) -> Digest | None:
        return self._units[self._place(key)].get(key)

    def put(self, key: K, digest: Digest | None) -> None:
        """Takes over the caller's reference on `digest`; None takes the unit away."""
        place = self._place(key)
        units = self._units[place]
        before = units.get(key)
        if before is not None:
            self._pool.drop(before)
        if digest is None:
            units.pop(key, None)
        else:
            units[key] = digest
        if before != digest:
            self._dirty.add(place)
            self._count += (digest is not None) - (before is not None)

    def seal(self) -> bool:
        """Bring the shards up to date, and say whether any of them is another one now."""
        changed = False
        for place in sorted(self._dirty):
            units = self._units[place]
            digest = self._pool.add(encode(self._shard(dict(sorted(units.items())))), units.values())
            changed |= digest != self._digests[place]
            self._pool.drop(self._digests[place])
            self._digests[place] = digest
        self._dirty.clear()
        return changed

    def digests(self) -> tuple[Digest, ...]:
        return tuple(self._digests)

    def release(self) -> None:
        """Give every reference back; the shelf is not used again."""
        for digest in self._digests:
            self._pool.drop(digest)
        for _, digest in self:
            self._pool.drop(digest)

    def _place(self, key: K) -> int:
        return shard_of(self._key_bytes(key))
