"""Policies by value: thousands of routes share a few, and each is encoded once."""

from typing import Final

from gateway.encode.digest import Digest
from gateway.encode.pool import Pool
from gateway.encode.segments import PolicySegment, encode
from gateway.ir.policy import Policy

_PRUNE_FIRST: Final = 4_096  # values remembered before those that no host uses any more are forgotten
_GROWTH: Final = 2  # times what was left then: looking at all of them costs each new one a constant share


class Policies:
    """Holds no reference: the host segments do. A value that was freed meanwhile is encoded anew."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._digests: dict[Policy, Digest] = {}
        self._prune_at = _PRUNE_FIRST

    def take(self, policy: Policy) -> Digest:
        """The caller gets one reference."""
        digest = self._digests.get(policy)
        if digest is not None and digest in self._pool:
            self._pool.hold(digest)
            return digest
        digest = self._pool.add(encode(PolicySegment.of(policy)))
        if len(self._digests) >= self._prune_at:
            self._digests = {value: known for value, known in self._digests.items() if known in self._pool}
            self._prune_at = max(_PRUNE_FIRST, _GROWTH * len(self._digests))
        self._digests[policy] = digest
        return digest

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._digests)
