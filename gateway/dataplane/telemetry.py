"""The reading side of the shared memory, bound to this process: access-log lines and series, with the routes' names."""

import threading

from gateway import _shm
from gateway.dataplane.host import Slots


class Feed:
    """For two threads: the log pump, and whoever answers `/metrics`. `slots` tells label sets given out since one."""

    def __init__(self, fd: int, access_log_format: str, slots: Slots) -> None:
        self._reader = _shm.Reader(fd)
        self._format = access_log_format
        self._slots = slots
        self._last = 0
        self._lock = threading.Lock()

    def lines(self, limit: int) -> bytes:
        self._learn()
        return self._reader.drain(format=self._format, max_bytes=limit)

    def exposition(self) -> str:
        self._learn()
        return self._reader.exposition().decode()

    def _learn(self) -> None:
        """Before every look, because a label set is given out before the first record that carries its number."""
        with self._lock:
            rows = self._slots(self._last)
            if rows:
                self._reader.learn(rows)
                self._last = max(row[0] for row in rows)


def open_telemetry(fd: int, access_log_format: str, slots: Slots) -> Feed:
    """Maps the memory that the engine has laid out; the descriptor may be closed afterwards."""
    return Feed(fd, access_log_format, slots)
