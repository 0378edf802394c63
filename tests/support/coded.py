"""Bodies in a content coding, read as strictly as a reader may be, and as they come."""

import zlib

import brotli


class Reader:
    """What is known of a body so far. A body that is not whole is not `ended`."""

    def __init__(self, coding: str) -> None:
        self._gzip = zlib.decompressobj(wbits=31) if coding == "gzip" else None
        self._brotli = brotli.Decompressor() if coding == "br" else None
        self.known = b""

    def take(self, data: bytes) -> None:
        if self._gzip is not None:
            self.known += self._gzip.decompress(data)
            assert not self._gzip.unused_data
        elif self._brotli is not None:
            self.known += self._brotli.process(data)
            # It gives so much at a time, and keeps the rest to itself.
            while not self._brotli.is_finished() and (more := self._brotli.process(b"")):
                self.known += more

    @property
    def ended(self) -> bool:
        if self._gzip is not None:
            return self._gzip.eof
        return self._brotli is not None and self._brotli.is_finished()


def decoded(coding: str, data: bytes) -> bytes:
    reader = Reader(coding)
    reader.take(data)
    assert reader.ended
    return reader.known
