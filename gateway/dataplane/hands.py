"""Threads for what may take a moment, all there from the start: later, no other may be to be had. Knows no engine."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

#: An offer, a scrape and the drain can coincide; a fourth waits its turn.
HANDS: Final = 3


def hands() -> ThreadPoolExecutor:
    """RuntimeError if there are not that many to be had."""
    pool = ThreadPoolExecutor(HANDS, thread_name_prefix="hand")
    # A pool starts a thread only for what none of its idle ones can take: here each waits until all have come.
    together = threading.Barrier(HANDS)
    try:
        for _ in range(HANDS):
            pool.submit(together.wait)
    except RuntimeError:
        together.abort()
        pool.shutdown(wait=False)
        raise
    return pool
