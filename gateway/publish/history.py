"""The last publications: what, why, how long, and how they ended."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.encode.digest import Digest
from gateway.publish.outcome import Cause


class Entry(Struct, frozen=True):
    """`took_ms` runs from the first event to the answer. `refusal` is empty for what was accepted."""

    root: Digest
    at: datetime
    origins: tuple[str, ...]
    took_ms: float
    segments: int
    refusal: str = ""


class History:
    def __init__(self, length: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=length)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def entries(self) -> Sequence[Entry]:
        """Newest first."""
        return tuple(reversed(self._entries))

    @staticmethod
    def entry(
        root: Digest, cause: Cause | None, *, at: datetime, now: float, segments: int, refusal: str = ""
    ) -> Entry:
        origins, began = (cause.origins, cause.began) if cause is not None else ((), now)
        return Entry(root, at, origins, (now - began) * 1_000, segments, refusal)
