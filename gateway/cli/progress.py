"""A line on stderr while something takes long. Only where stderr is a terminal, and gone afterwards."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

SILENT_SECONDS: Final = 0.7  # what is faster needs no word
STEP_SECONDS: Final = 0.2
_MARKS: Final = "|/-\\"


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    if done.wait(SILENT_SECONDS):
        return
    step = 0
    with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more
        while True:
            passed = time.monotonic() - began
            print(f"\r{_MARKS[step % len(_MARKS)]} {what} … {passed:.0f} s", end="", file=sys.stderr, flush=True)
            step += 1
            if done.wait(STEP_SECONDS):
                print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
                return
