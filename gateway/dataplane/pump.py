"""Carries access-log records from the rings in shared memory to the sink, on a thread of its own.

A sink that is slow or stuck holds up this thread only: the rings fill, and the workers drop records and count them.
"""

import threading
from collections.abc import Callable
from typing import Final

from gateway.dataplane.sink import Sink

INTERVAL: Final = 0.05  # seconds between two looks at the rings: 0.2 % of a core when idle, a line is seen at once
BATCH: Final = 256 * 1024  # bytes of formatted lines per write


class Pump:
    """`read(limit)` takes whole formatted lines out of the rings, about `limit` bytes; empty when there are none.

    Without a sink the records are read and thrown away, so that the rings never fill.
    """

    def __init__(self, read: Callable[[int], bytes], sink: Sink | None) -> None:
        self._read = read
        self._sink = sink
        self._wake = threading.Event()
        self._stopping = False
        self._reopen = False
        # A daemon: if the sink never takes another byte, it must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def reopen(self) -> None:
        self._reopen = True
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Write what is left. False when the sink did not take it in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            last = self._stopping  # read before the rings: whatever came in before `stop` is still carried
            self._wake.clear()
            if self._reopen and self._sink is not None:
                self._reopen = False
                self._sink.reopen()
            while lines := self._read(BATCH):
                if self._sink is not None:
                    self._sink.write(lines)
            if last:
                break
            if not self._stopping:
                self._wake.wait(INTERVAL)
        if self._sink is not None:
            self._sink.close()
