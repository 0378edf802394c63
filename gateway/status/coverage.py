"""Which Ingresses are in the snapshot that the data plane serves. Costs are in proportion to what changes."""

from collections import deque
from collections.abc import Mapping
from typing import Final

Name = tuple[str, str]
"""Namespace and name of an Ingress."""

OFFERS: Final = 256  # roots whose answer may still come; the publisher waits for one, and skips what is superseded


class Coverage:
    """`offered` after each translation, `accepted` after each acknowledgement; roots are compared only."""

    def __init__(self) -> None:
        self._offers: deque[tuple[bytes, int]] = deque(maxlen=OFFERS)
        self._since: dict[Name, int] = {}  # the offer that an Ingress first was in
        self._count = 0
        self._accepted_root: bytes | None = None
        self._accepted = 0  # the offer that is served
        self._newest = 0  # the last offer that anything came into

    def offered(self, root: bytes, changes: Mapping[Name, bool]) -> bool:
        """The snapshot is `root` from now on. `changes` has True for each Ingress that came into it, or is a new
        object under an old name, and False for each that left. A root that is served already counts as accepted.
        True if any Ingress is covered now that was not, or left.
        """
        self._count += 1
        for name, is_in in changes.items():
            if is_in:
                self._since[name] = self._newest = self._count
            else:
                self._since.pop(name, None)
        self._offers.append((root, self._count))
        covers = self.accepted(root) if root == self._accepted_root else False
        return covers or not all(changes.values())

    def accepted(self, root: bytes) -> bool:
        """The data plane serves `root`. True if any Ingress is covered now that was not."""
        self._accepted_root = root
        found = [count for offer, count in self._offers if offer == root]
        if not found:
            return False  # of another life of ours, or forgotten; a newer one will be accepted
        before, self._accepted = self._accepted, max(self._accepted, found[-1])
        while self._offers[0][1] < self._accepted:
            self._offers.popleft()
        return before < self._newest

    def holds(self, name: Name) -> bool:
        """Is it in the snapshot that is served?"""
        since = self._since.get(name)
        return since is not None and since <= self._accepted
