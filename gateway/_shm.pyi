"""The typed face of the compiled reader (Cython, `_core/cython/shm.pyx`). Checked against the module by stubtest."""
# ruff: noqa: PYI021 -- a compiled module has no source to read: here its calls are described

from collections.abc import Iterable
from typing import Final, Self, final

from typing_extensions import Buffer

ABI: Final[int]
FORMATS: Final[tuple[str, ...]]
BOUNDS: Final[tuple[str, ...]]  # upper bounds of the histogram's buckets, in seconds
COUNTERS: Final[tuple[tuple[str, str, str, str], ...]]  # id, metric name, labels, help (empty: as the row before)
GAUGES: Final[tuple[tuple[str, str, int, int, str], ...]]  # name, labels, counters of beginnings and of ends, help
SERIES: Final[tuple[tuple[str, str, str, str], ...]]  # id, metric name, type, help

@final
class Reader:
    """The one reader of a telemetry memory: counters, slots and log rings of every worker.

    `source` is the descriptor of the memfd (which may be closed afterwards) or a writable buffer. A lock makes the
    methods safe to call from several threads; formatting runs without the GIL.
    """

    def __new__(cls, source: int | Buffer) -> Self: ...
    @property
    def workers(self) -> int: ...
    @property
    def slots(self) -> int: ...
    @property
    def started_unix_ns(self) -> int: ...
    def learn(self, rows: Iterable[tuple[int, str, str, str, str, str, str]]) -> None:
        """Take in the labels of slots: rows of (slot, namespace, ingress, service, port, host, path)."""

    def counters(self, worker: int | None = None) -> dict[str, int]:
        """Every counter by its id, of one worker or summed over all."""

    def slot_rows(self, first: int, last: int) -> list[tuple[int, ...]]:
        """The words of slots `first` to `last` (exclusive), summed over the workers, in the order of abi.h."""

    def exposition(self) -> bytes:
        """Every metric in this memory as Prometheus text, without routes that had no traffic or are not learned."""

    def drain(self, max_records: int = 65_536, format: str = "json", max_bytes: int = 1_048_576) -> bytes:  # noqa: A002
        """Take records out of the rings and return them as whole lines; empty when there are none.

        Stops after `max_records`, or with the line that reaches `max_bytes`. Workers take turns at being first.
        """

    def drain_records(self, max_records: int = 65_536) -> list[tuple[object, ...]]:
        """Take records out of the rings as tuples: the twelve numbers, then the eleven texts, in the order of abi.h.

        The upstream's time is None when no upstream answered.
        """

    def dropped(self) -> int:
        """Records that never entered a ring because it was full."""

    def damaged(self) -> int:
        """How often a ring held something that is no record, and was emptied."""

    def pending(self) -> int:
        """Bytes of records that wait in the rings."""

    def close(self) -> None:
        """Unmap the memory. Every later call raises ValueError."""
