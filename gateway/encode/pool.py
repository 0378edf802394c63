"""Segments by digest, each kept for as long as something refers to it.

Plain reference counts are enough: a segment can only name segments that existed before it, so there are no circles.
"""

from collections.abc import Iterable

from gateway.encode.digest import Digest, digest_of


class _Entry:
    __slots__ = ("children", "count", "data")

    def __init__(self, data: bytes, children: tuple[Digest, ...]) -> None:
        self.count = 1
        self.data = data
        self.children = children


class Pool:
    """`encoded` and `hashed_bytes` count the work done since the start: what a change costs is asserted on them."""

    def __init__(self) -> None:
        self._entries: dict[Digest, _Entry] = {}
        self._fresh: list[Digest] = []
        self.encoded = 0
        self.hashed_bytes = 0

    def add(self, data: bytes, children: Iterable[Digest] = ()) -> Digest:
        """The caller gets one reference. A new segment takes one reference of its own on each of its children."""
        digest = digest_of(data)
        self.encoded += 1
        self.hashed_bytes += len(data)
        entry = self._entries.get(digest)
        if entry is not None:
            entry.count += 1
            return digest
        unique = tuple(dict.fromkeys(children))
        for child in unique:
            self._entries[child].count += 1
        self._entries[digest] = _Entry(data, unique)
        self._fresh.append(digest)
        return digest

    def hold(self, digest: Digest) -> None:
        self._entries[digest].count += 1

    def drop(self, digest: Digest) -> None:
        """Give one reference back; what nothing refers to any more is freed, and what it alone referred to as well."""
        waiting = [digest]
        while waiting:
            current = waiting.pop()
            entry = self._entries[current]
            entry.count -= 1
            if entry.count == 0:
                del self._entries[current]
                waiting.extend(entry.children)

    def take_fresh(self) -> dict[Digest, bytes]:
        """The segments that are new since the last call, and still there."""
        fresh, self._fresh = self._fresh, []
        return {digest: entry.data for digest in fresh if (entry := self._entries.get(digest)) is not None}

    def children(self, digest: Digest) -> tuple[Digest, ...]:
        return self._entries[digest].children

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._entries

    def __getitem__(self, digest: Digest) -> bytes:
        return self._entries[digest].data

    def __len__(self) -> int:
        return len(self._entries)

    def missing(self, base: Digest | None, root: Digest) -> list[Digest]:
        """What a peer that has all of `base` needs for `root`, parents before children.

        Both trees are walked level by level, and equal branches are not entered, so the cost follows the difference.
        A segment that `base` holds in quite another place may be named as well: sending it twice does no harm.
        """
        found: dict[Digest, None] = {}
        ours = {} if root == base else {root: None}
        theirs: dict[Digest, None] = {} if base is None or base not in self else {base: None}
        while ours:
            found |= ours
            below_ours = dict.fromkeys(child for digest in ours for child in self.children(digest))
            below_theirs = dict.fromkeys(child for digest in theirs for child in self.children(digest))
            ours = {digest: None for digest in below_ours if digest not in below_theirs and digest not in found}
            theirs = {digest: None for digest in below_theirs if digest not in below_ours}
        return list(found)
