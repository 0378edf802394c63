"""Writes the shared memory as the data plane does: what tests and measurements read. Never used in service."""

from gateway.telemetry import layout
from gateway.telemetry.layout import RECORD, WORD, Record


def encode(record: Record) -> bytes:
    """A record as it stands in a ring."""
    texts = [text[: layout.FIELD_MAX_BYTES] for text in record[12:]]
    texts[3] = record.target[: layout.TARGET_MAX_BYTES]
    text = b"".join(texts)
    total = layout.up(RECORD.size + len(text), 8)
    head = RECORD.pack(
        total,
        record.status,
        0,
        record.flags,
        record.start_unix_ns,
        record.duration_us,
        layout.NO_UPSTREAM_TIME if record.upstream_us is None else record.upstream_us,
        record.request_length,
        record.body_bytes_sent,
        record.upstream_response_length,
        record.slot,
        record.upstream_status,
        record.tries,
        record.tls_version,
        layout.RECORD_FIELDS,
        *map(len, texts),
    )
    return (head + text).ljust(total, b"\0")


class Writer:
    """A region in ordinary memory."""

    def __init__(self, workers: int, slots: int, ring_bytes: int, started_unix_ns: int = 0) -> None:
        self.header = layout.header(workers, slots, ring_bytes, started_unix_ns)
        self.memory = bytearray(layout.total_bytes(self.header))
        self.memory[: layout.HEADER.size] = layout.HEADER.pack(*self.header)

    def word(self, offset: int) -> int:
        value: int = WORD.unpack_from(self.memory, offset)[0]
        return value

    def set_word(self, offset: int, value: int) -> None:
        WORD.pack_into(self.memory, offset, value & (2**64 - 1))

    def counter_at(self, worker: int, counter: int) -> int:
        return self.header.counters_offset + worker * self.header.counters_stride + counter * 8

    def slot_at(self, worker: int, slot: int, word: int = 0) -> int:
        start = self.header.slots_offset + worker * self.header.slots_stride
        return start + (slot * layout.SLOT_WORDS + word) * 8

    def ring_at(self, worker: int) -> int:
        return self.header.rings_offset + worker * self.header.ring_stride

    def start_rings_at(self, position: int) -> None:
        """As if this many bytes had gone through every ring already."""
        for worker in range(self.header.workers):
            self.set_word(self.ring_at(worker) + layout.RING_HEAD, position)
            self.set_word(self.ring_at(worker) + layout.RING_TAIL, position)

    def push(self, worker: int, record: Record) -> bool:
        return self.push_bytes(worker, encode(record))

    def push_bytes(self, worker: int, data: bytes) -> bool:
        ring, size = self.ring_at(worker), self.header.ring_bytes
        head, tail = self.word(ring + layout.RING_HEAD), self.word(ring + layout.RING_TAIL)
        place = head % size
        gap = size - place if size - place < len(data) else 0
        if (head - tail) % 2**64 + gap + len(data) > size:
            self.set_word(ring + layout.RING_DROPPED, self.word(ring + layout.RING_DROPPED) + 1)
            return False
        if gap:
            self.set_word(ring + layout.RING_DATA + place, layout.RING_SKIP)
            place = 0
        start = ring + layout.RING_DATA + place
        self.memory[start : start + len(data)] = data
        self.set_word(ring + layout.RING_HEAD, head + gap + len(data))
        return True
