"""The reading side of the shared memory, bound to this process: access-log lines and series, with the routes' names."""

import threading
from collections.abc import Callable

from gateway import _shm
from gateway.dataplane.host import Slots
from gateway.telemetry import metrics
from gateway.telemetry.resources import Resources, read_resources


class Feed:
    """For two threads: the log pump, and whoever answers `/metrics`. `slots` tells label sets given out since one.

    The descriptor of the memory may be closed afterwards. ValueError where its layout is not the expected one.
    """

    def __init__(
        self, fd: int, access_log_format: str, slots: Slots, resources: Callable[[], Resources] = read_resources
    ) -> None:
        self._reader = _shm.Reader(fd)
        self._format = access_log_format
        self._slots = slots
        self._resources = resources
        self._last = 0
        self._learning = threading.Lock()

    def lines(self, limit: int) -> bytes:
        self._learn()
        return self._reader.drain(format=self._format, max_bytes=limit)

    def exposition(self) -> str:
        self._learn()
        return metrics.exposition(self._reader, self._last, self._resources())

    def _learn(self) -> None:
        """Before every look, because a label set is given out before the first record that carries its number."""
        with self._learning:
            rows = self._slots(self._last)
            if rows:
                self._reader.learn(rows)
                self._last = rows[-1][0]
