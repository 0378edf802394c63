"""Pieces of a stream → whole lines. Linear in the bytes, however they are cut."""

from typing import Final

from gateway.kube.errors import Garbled

LINE_BYTES: Final = (
    8 * 1024 * 1024
)  # an object that etcd takes is below 2 MiB; without a bound, one line fills the memory


class Lines:
    def __init__(self, longest: int = LINE_BYTES) -> None:
        self._longest = longest
        self._begun: list[bytes] = []  # of the line that has no end yet
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends; no empty ones. Raises Garbled for one that is too long."""
        head, *rest = piece.split(b"\n")
        self._keep(head)
        if not rest:
            return []
        first = b"".join(self._begun)
        *middle, tail = rest
        self._begun.clear()
        self._size = 0
        self._keep(tail)
        return [line for line in (first, *middle) if line]

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._longest:
            raise Garbled(f"a line of more than {self._longest} bytes")
        if part:
            self._begun.append(part)
