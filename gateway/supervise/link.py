"""The two pipes between a supervising process and its children.

Lifeline: the parent holds the write end and never writes; end of file tells a child that the parent is gone.
Notify: the child writes one JSON object per line, `{"event": …}`, the parent reads.
"""

import json
import os
from collections.abc import Iterator
from typing import TypeAlias

Event: TypeAlias = dict[str, object]

LINE_LIMIT = 8 * 1024 * 1024  # a routes table of a large installation; more than this is a bug in the child


class Notifier:
    """The child's end. A child that runs alone has no parent to tell, and `fd` is None."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        if fd is not None:
            os.set_inheritable(fd, False)

    def tell(self, event: str, **fields: object) -> None:
        if self._fd is None:
            return
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError:
            self._fd = None  # the parent is gone; the lifeline says so as well


class LineReader:
    """The parent's end: whole events out of whatever pieces a pipe yields."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Event]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            self._rest = b""
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                yield event
