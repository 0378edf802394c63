"""The reading side of the shared memory as the data-plane process uses it: access-log lines, and a metrics page."""

import threading
from collections.abc import Callable

from gateway import _shm
from gateway.telemetry import metrics
from gateway.telemetry.layout import LabelRow
from gateway.telemetry.resources import Resources, read_resources


class Feed:
    """`slots(since)` gives the labels of the slots assigned after `since`, in order: `Engine.slots`.

    May be used from several threads: the log pump and the metrics page have one each.
    """

    def __init__(
        self,
        memory: int | bytearray,
        access_log_format: str,
        slots: Callable[[int], list[LabelRow]],
        resources: Callable[[], Resources] = read_resources,
    ) -> None:
        """Maps the memory, whose descriptor may be closed afterwards. ValueError where its layout is not the expected."""
        if access_log_format not in _shm.FORMATS:
            raise ValueError(f"access-log format {access_log_format!r} is not one of {', '.join(_shm.FORMATS)}")
        self._reader = _shm.Reader(memory)
        self._format = access_log_format
        self._slots = slots
        self._resources = resources
        self._learning = threading.Lock()
        self._known = 0

    def lines(self, limit: int) -> bytes:
        """About `limit` bytes of whole access-log lines, taken out of the rings; empty when there are none."""
        self._learn()
        return self._reader.drain(format=self._format, max_bytes=limit)

    def exposition(self) -> str:
        """Everything that is counted in the memory, and what the process uses, in the Prometheus text format."""
        self._learn()
        used = self._resources()
        own = metrics.render(
            (
                (metrics.ROUTES, self._known),
                (metrics.ROUTE_LIMIT, self._reader.slots - 1),
                (metrics.DAMAGED, self._reader.damaged()),
                (metrics.STARTED, self._reader.started_unix_ns / 1e9),
                (metrics.CPU, used.cpu_seconds),
                (metrics.RESIDENT, used.resident_bytes),
                (metrics.DESCRIPTORS, used.open_descriptors),
                (metrics.DESCRIPTOR_LIMIT, used.descriptor_limit),
            )
        )
        return self._reader.exposition().decode() + own

    def _learn(self) -> None:
        """Labels come before lines: a slot is assigned before a worker can use it."""
        with self._learning:
            if rows := self._slots(self._known):
                self._reader.learn(rows)
                self._known = rows[-1][0]
