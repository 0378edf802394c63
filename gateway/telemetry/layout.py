"""Where everything stands in the shared memory: the plain-Python mirror of `_core/cython/abi.h`, for the twins.

A test compares every number here with the C header.
"""

import struct
from typing import Final, NamedTuple

from gateway import _shm

MAGIC: Final = b"SALLYGT1"
ABI: Final = 1
HEADER_BYTES: Final = 4096
LINE_BYTES: Final = 128
RING_HEAD: Final = 0
RING_DROPPED: Final = 8
RING_TAIL: Final = 128
RING_DATA: Final = 256
RING_SKIP: Final = 0xFFFFFFFF
RING_MIN_BYTES: Final = 16384
RECORD_FIELDS: Final = 11
RECORD_TEXT: Final = 90
RECORD_MAX_BYTES: Final = 7264
TARGET_MAX_BYTES: Final = 2048
FIELD_MAX_BYTES: Final = 512
FLAG_TLS: Final = 1
FLAG_UPSTREAM: Final = 2
FLAG_RETRIED: Final = 4
FLAG_LINE: Final = 8
SLOT_STATUS: Final = 0
SLOT_REQUEST_BYTES: Final = 5
SLOT_RESPONSE_BYTES: Final = 6
SLOT_DURATION_SUM: Final = 7
SLOT_BUCKETS: Final = 8
BUCKETS: Final = 11
SLOT_WORDS: Final = 20
COUNTERS: Final = len(_shm.COUNTERS)

NO_UPSTREAM_TIME: Final = 2**64 - 1
# Total, status, reserved, flags; six numbers; slot; four numbers, the last of them the number of fields; lengths.
RECORD: Final = struct.Struct("<IHBB6QI4H11H")
WORD: Final = struct.Struct("<Q")


class Header(NamedTuple):
    magic: bytes
    abi: int
    header_bytes: int
    workers: int
    counters: int
    counters_offset: int
    counters_stride: int
    slots: int
    slot_words: int
    slots_offset: int
    slots_stride: int
    rings_offset: int
    ring_stride: int
    ring_bytes: int
    started_unix_ns: int


HEADER: Final = struct.Struct("<8s4I2Q2I6Q")


class Record(NamedTuple):
    """One access-log record, in the order in which `drain_records` gives it."""

    status: int = 200
    flags: int = 0
    start_unix_ns: int = 0
    duration_us: int = 0
    upstream_us: int | None = None
    request_length: int = 0
    body_bytes_sent: int = 0
    upstream_response_length: int = 0
    slot: int = 0
    upstream_status: int = 0
    tries: int = 0
    tls_version: int = 0
    remote_addr: bytes = b""
    remote_port: bytes = b""
    method: bytes = b""
    target: bytes = b""
    protocol: bytes = b""
    host: bytes = b""
    referer: bytes = b""
    user_agent: bytes = b""
    request_id: bytes = b""
    upstream_addr: bytes = b""
    fault: bytes = b""


class Labels(NamedTuple):
    """What a slot stands for; `ingress` is the name of the object that the route was written in."""

    namespace: str
    ingress: str
    service: str
    port: str
    host: str
    path: str


LabelRow = tuple[int, str, str, str, str, str, str]


def up(value: int, unit: int) -> int:
    """The next multiple of `unit`."""
    return -(-value // unit) * unit


def header(workers: int, slots: int, ring_bytes: int, started_unix_ns: int = 0) -> Header:
    """The header of a region of these sizes, laid out as the data plane does it."""
    counters_stride = up(COUNTERS * 8, LINE_BYTES)
    slots_stride = up(slots * SLOT_WORDS * 8, LINE_BYTES)
    slots_offset = up(HEADER_BYTES + workers * counters_stride, 4096)
    return Header(
        magic=MAGIC,
        abi=ABI,
        header_bytes=HEADER_BYTES,
        workers=workers,
        counters=COUNTERS,
        counters_offset=HEADER_BYTES,
        counters_stride=counters_stride,
        slots=slots,
        slot_words=SLOT_WORDS,
        slots_offset=slots_offset,
        slots_stride=slots_stride,
        rings_offset=up(slots_offset + workers * slots_stride, 4096),
        ring_stride=up(RING_DATA + ring_bytes, 4096),
        ring_bytes=ring_bytes,
        started_unix_ns=started_unix_ns,
    )


def total_bytes(of: Header) -> int:
    return of.rings_offset + of.workers * of.ring_stride
