"""HTTP/1.1 as RFC 9112 has it and not a byte more, from whole inputs: a second opinion on what a request is.

Shares nothing with the parser that it judges. Slow, short, and without any tolerance but the one empty line before a
request that the RFC asks for.
"""

import re
from typing import Final, NamedTuple

TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TEXT: Final = rb"[\t \x21-\x7e\x80-\xff]*"
LINE: Final = re.compile(rb"(%s) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])" % TOKEN)
FIELD: Final = re.compile(rb"(%s):(%s)" % (TOKEN, TEXT))
QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
CHUNK: Final = re.compile(rb"([0-9A-Fa-f]+)(?:;%s(?:=(?:%s|%s))?)*" % (TOKEN, TOKEN, QUOTED))


class Request(NamedTuple):
    method: bytes
    target: bytes
    minor: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    trailers: tuple[tuple[bytes, bytes], ...] = ()

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name]


class Reading(NamedTuple):
    """What some bytes are: whole requests, then a beginning of one, or what is none."""

    requests: tuple[Request, ...]
    rest: bytes
    fault: str | None
    """Why `rest` can be no beginning of a request; nothing if it only lacks bytes."""


class NotHttpError(Exception):
    """The bytes are no request."""


class IncompleteError(Exception):
    """The bytes may become a request."""


def read(data: bytes) -> Reading:
    """Takes `data` apart, as far as it goes."""
    requests: list[Request] = []
    while data:
        try:
            request, length = read_one(data)
        except NotHttpError as error:
            return Reading(tuple(requests), data, str(error))
        except IncompleteError:
            break
        requests.append(request)
        data = data[length:]
    return Reading(tuple(requests), data, None)


def read_one(data: bytes) -> tuple[Request, int]:
    at = 2 if data.startswith(b"\r\n") else 0
    line, at = take_line(data, at)
    found = LINE.fullmatch(line)
    if not found:
        raise NotHttpError(f"request line {line!r}")
    fields, at = take_fields(data, at)
    request = Request(found[1], found[2], int(found[3]), fields, b"")
    codings, lengths = request.values(b"transfer-encoding"), request.values(b"content-length")
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != b"chunked" or request.minor == 0:
            raise NotHttpError("framing")
        body, trailers, at = take_chunks(data, at)
        return request._replace(body=body, trailers=trailers), at
    if lengths:
        if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,19}", lengths[0]):
            raise NotHttpError("length")
        end = at + int(lengths[0])
        if end > len(data):
            raise IncompleteError
        body, at = data[at:end], end
    else:
        body = b""
    return request._replace(body=body), at


def take_line(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\r\n", at)
    rest = data[at:] if end < 0 else data[at:end]
    # The last byte of a part may be the CR of a line's end.
    if re.search(rb"[\r\n]", rest.removesuffix(b"\r") if end < 0 else rest):
        raise NotHttpError("a line's end")
    if end < 0:
        raise IncompleteError
    return rest, end + 2


def take_fields(data: bytes, at: int) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    fields: list[tuple[bytes, bytes]] = []
    while True:
        line, at = take_line(data, at)
        if not line:
            return tuple(fields), at
        found = FIELD.fullmatch(line)
        if not found:
            raise NotHttpError(f"field {line!r}")
        fields.append((found[1], found[2].strip(b" \t")))


def take_chunks(data: bytes, at: int) -> tuple[bytes, tuple[tuple[bytes, bytes], ...], int]:
    body = b""
    while True:
        line, at = take_line(data, at)
        found = CHUNK.fullmatch(line)
        if not found:
            raise NotHttpError(f"chunk {line!r}")
        size = int(found[1], 16)
        if not size:
            trailers, at = take_fields(data, at)
            return body, trailers, at
        end = at + size
        if data[end : end + 2] != b"\r\n"[: len(data[end : end + 2])]:
            raise NotHttpError("a chunk's end")
        if end + 2 > len(data):
            raise IncompleteError
        body, at = body + data[at:end], end + 2
