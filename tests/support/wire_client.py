"""A raw client that also sees what comes between answers, and how a connection ends."""

import socket
import struct
from typing import Literal

from tests.support.raw_client import BrokenAnswerError, RawClient

End = Literal["closed", "reset"]


class WireClient(RawClient):
    def head(self) -> list[str]:
        """The lines of the next head, informational or not."""
        return self._until(b"\r\n\r\n").decode("latin-1")[:-4].split("\r\n")

    def read(self, count: int) -> bytes:
        return self._exactly(count)

    def _exactly(self, size: int) -> bytes:
        """As the base, but fit for many megabytes."""
        parts, missing = [self._rest], size - len(self._rest)
        while missing > 0:
            self._rest = b""
            self._more()
            parts.append(self._rest)
            missing -= len(self._rest)
        found = b"".join(parts)
        self._rest = found[size:]
        return found[:size]

    def _chunks(self) -> bytes:
        """As the base, but fit for many megabytes; and without trailers."""
        parts = []
        while size := int(self._until(b"\r\n"), 16):
            parts.append(self._exactly(size))
            assert self._exactly(2) == b"\r\n"
        assert self._exactly(2) == b"\r\n"
        return b"".join(parts)

    def until(self, mark: bytes) -> bytes:
        return self._until(mark)

    def rest(self) -> tuple[bytes, End]:
        """Everything until the connection ends, and how it ends."""
        while True:
            try:
                self._more()
            except BrokenAnswerError as error:
                found, self._rest = self._rest, b""
                return found, "reset" if error.__cause__ else "closed"

    def finish(self) -> None:
        """No more bytes come, but answers may still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
