"""The witness: a fixed piece of work whose price says how the machine is doing at the moment.

It costs the same CPU time whenever the machine does. Where it does not, somebody else is at the machine's caches, its
clock or its hypervisor, and what is measured beside it is not worth keeping.
"""

import os
import time

SPINS = 3000
BURSTS = 5


def witness() -> float:
    """CPU nanoseconds for one turn of cheap system calls and arithmetic: the best of a few bursts."""
    best = float("inf")
    for _ in range(BURSTS):
        started = time.thread_time_ns()
        value = 1
        for _ in range(SPINS):
            value = (value * 1103515245 + os.getppid()) & 0x7FFFFFFF
        best = min(best, (time.thread_time_ns() - started) / SPINS)
    return best
