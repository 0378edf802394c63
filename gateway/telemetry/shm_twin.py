"""The same `Reader` as `gateway._shm`, in plain Python: the reference that tests hold the compiled one to.

Without the ordering guarantees of the compiled one: it reads memory that nobody writes meanwhile.
"""

import mmap
from collections.abc import Callable, Iterable
from typing import Final

from gateway import _shm
from gateway.telemetry import layout
from gateway.telemetry.layout import HEADER, RECORD, WORD, Header, LabelRow, Labels, Record
from gateway.telemetry.lines import json_line, nginx_line

FORMATS: Final[dict[str, Callable[[Record, Labels | None], str]]] = {"json": json_line, "upstreaminfo": nginx_line}
NO_LABELS: Final = Labels("", "", "", "", "", "")


class Reader:
    def __init__(self, source: int | bytearray) -> None:
        self._memory = memoryview(mmap.mmap(source, 0) if isinstance(source, int) else source)
        problem = _problem(self._memory)
        if problem:
            raise ValueError(f"telemetry memory: {problem}")
        self._header = Header(*HEADER.unpack_from(self._memory))
        self._labels: dict[int, Labels] = {}
        self._turn = 0
        self._damaged = 0

    @property
    def workers(self) -> int:
        return self._header.workers

    @property
    def slots(self) -> int:
        return self._header.slots

    @property
    def started_unix_ns(self) -> int:
        return self._header.started_unix_ns

    def learn(self, rows: Iterable[LabelRow]) -> None:
        for slot, *labels in rows:
            if not 0 < slot < self._header.slots:
                raise ValueError(f"slot {slot} is not one of 1 to {self._header.slots - 1}")
            self._labels[slot] = Labels(*labels)

    def counters(self, worker: int | None = None) -> dict[str, int]:
        if worker is not None and not 0 <= worker < self._header.workers:
            raise ValueError(f"worker {worker} is not one of 0 to {self._header.workers - 1}")
        workers = range(self._header.workers) if worker is None else [worker]
        at = self._header.counters_offset
        sums = self._sums([at + number * self._header.counters_stride for number in workers], layout.COUNTERS)
        return {row[0]: value for row, value in zip(_shm.COUNTERS, sums, strict=True)}

    def slot_rows(self, first: int, last: int) -> list[tuple[int, ...]]:
        if not 0 <= first <= last <= self._header.slots:
            raise ValueError(f"slots {first} to {last} are not within 0 to {self._header.slots}")
        return [self._slot(slot) for slot in range(first, last)]

    def _slot(self, slot: int) -> tuple[int, ...]:
        at = self._header.slots_offset + slot * layout.SLOT_WORDS * 8
        starts = [at + worker * self._header.slots_stride for worker in range(self._header.workers)]
        return tuple(self._sums(starts, layout.SLOT_WORDS))

    def _sums(self, starts: list[int], count: int) -> list[int]:
        blocks = [self._memory[start : start + count * 8].cast("Q") for start in starts]
        return [sum(words) % 2**64 for words in zip(*blocks, strict=True)]

    def exposition(self) -> bytes:
        lines: list[str] = []
        sums = list(self.counters().values())
        for place, (_, name, labels, help_text) in enumerate(_shm.COUNTERS):
            if help_text:
                lines += _head(name, "counter", help_text)
            lines.append(f"{name}{labels and f'{{{labels}}}'} {sums[place]}")
        for name, labels, opened, closed, help_text in _shm.GAUGES:
            if help_text:
                lines += _head(name, "gauge", help_text)
            now = (sums[opened] - sums[closed]) % 2**64
            lines.append(f"{name}{labels and f'{{{labels}}}'} {now if now < 2**63 else 0}")
        rows = [(_prometheus(NO_LABELS), self._slot(0))]
        rows += [(_prometheus(labels), self._slot(slot)) for slot, labels in sorted(self._labels.items())]
        rows = [row for row in rows if any(row[1])]
        for series, name, kind, help_text in _shm.SERIES:
            lines += _head(name, kind, help_text)
            if series == "AccessLogDropped":
                lines.append(f"{name} {self.dropped()}")
            for labels, words in rows if series != "AccessLogDropped" else ():
                lines += _series(series, name, labels, words)
        return "\n".join([*lines, ""]).encode("utf-8", "replace")

    def _ring(self, worker: int) -> int:
        return self._header.rings_offset + worker * self._header.ring_stride

    def _word(self, offset: int) -> int:
        value: int = WORD.unpack_from(self._memory, offset)[0]
        return value

    def dropped(self) -> int:
        rings = [self._ring(worker) for worker in range(self._header.workers)]
        return sum(self._word(ring + layout.RING_DROPPED) for ring in rings) % 2**64

    def damaged(self) -> int:
        return self._damaged

    def pending(self) -> int:
        rings = [self._ring(worker) for worker in range(self._header.workers)]
        return sum(self._word(at + layout.RING_HEAD) - self._word(at + layout.RING_TAIL) for at in rings) % 2**64

    def drain(self, max_records: int = 65_536, format: str = "json", max_bytes: int = 1 << 20) -> bytes:  # noqa: A002
        if format not in FORMATS:
            raise ValueError(f"access-log format {format!r} is not one of {', '.join(FORMATS)}")
        line, out = FORMATS[format], bytearray()

        def take(record: Record) -> bool:
            if record.flags & layout.FLAG_LINE:
                out.extend(record.remote_addr + b"\n")
            else:
                out.extend(line(record, self._labels.get(record.slot)).encode("ascii"))
            return len(out) < max_bytes

        self._drain(max_records if max_bytes > 0 else 0, take)
        return bytes(out)

    def drain_records(self, max_records: int = 65_536) -> list[tuple[object, ...]]:
        records: list[tuple[object, ...]] = []

        def take(record: Record) -> bool:
            records.append(tuple(record))
            return True

        self._drain(max_records, take)
        return records

    def _drain(self, left: int, take: Callable[[Record], bool]) -> None:
        more = True
        for number in range(self._header.workers):
            ring = self._ring((self._turn + number) % self._header.workers)
            tail, head = self._word(ring + layout.RING_TAIL), self._word(ring + layout.RING_HEAD)
            while more and left > 0 and tail != head:
                waiting, place = (head - tail) % 2**64, tail % self._header.ring_bytes
                room = self._header.ring_bytes - place
                at = ring + layout.RING_DATA + place
                if waiting <= self._header.ring_bytes and waiting >= 8 and place % 8 == 0:
                    if self._word(at) & 0xFFFFFFFF == layout.RING_SKIP and room <= waiting:
                        tail = (tail + room) % 2**64
                        continue
                    total, record = self._record(at, min(waiting, room))
                    if record is not None:
                        more = take(record)
                        tail, left = (tail + total) % 2**64, left - 1
                        continue
                self._damaged += 1
                tail = head
            WORD.pack_into(self._memory, ring + layout.RING_TAIL, tail)
        self._turn = (self._turn + 1) % self._header.workers

    def _record(self, at: int, room: int) -> tuple[int, Record | None]:
        if room < layout.up(RECORD.size, 8):
            return 0, None
        total, status, _, flags, *numbers = RECORD.unpack_from(self._memory, at)
        lengths = numbers[11:]
        sound = numbers[10] == layout.RECORD_FIELDS and RECORD.size + sum(lengths) <= total <= room and total % 8 == 0
        if not sound:
            return 0, None
        texts, start = [], at + RECORD.size
        for length in lengths:
            texts.append(bytes(self._memory[start : start + length]))
            start += length
        upstream_us = None if numbers[2] == layout.NO_UPSTREAM_TIME else numbers[2]
        return total, Record._make((status, flags, *numbers[:2], upstream_us, *numbers[3:10], *texts))


def _problem(memory: memoryview) -> str | None:
    if len(memory) < layout.HEADER_BYTES or bytes(memory[:8]) != layout.MAGIC:
        return "it does not begin with a telemetry header"
    head = Header(*HEADER.unpack_from(memory))
    if head.abi != layout.ABI:
        return f"its layout is number {head.abi}, this reader knows {layout.ABI}: use one build of sallygate for both"
    if head.counters != layout.COUNTERS or head.slot_words != layout.SLOT_WORDS:
        return f"it has {head.counters} counters and {head.slot_words} words per slot, this reader knows other numbers"
    if not 0 < head.workers <= 65_536 or head.slots == 0:
        return f"{head.workers} workers and {head.slots} slots make no sense"
    if head.ring_bytes < layout.RING_MIN_BYTES or head.ring_bytes & (head.ring_bytes - 1):
        return f"rings of {head.ring_bytes} bytes make no sense"
    for name, offset, stride, least in (
        ("counters", head.counters_offset, head.counters_stride, head.counters * 8),
        ("slots", head.slots_offset, head.slots_stride, head.slots * layout.SLOT_WORDS * 8),
        ("rings", head.rings_offset, head.ring_stride, head.ring_bytes + layout.RING_DATA),
    ):
        if offset % 8 or stride % 8 or stride < least or offset < layout.HEADER_BYTES:
            return f"{name} at {offset} with a stride of {stride} make no sense"
        if offset + head.workers * stride > len(memory):
            return f"{name} do not fit into its {len(memory)} bytes"
    return None


def _head(name: str, kind: str, help_text: str) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]


def _prometheus(labels: Labels) -> str:
    escaped = (value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') for value in labels)
    return ",".join(f'{name}="{value}"' for name, value in zip(Labels._fields, escaped, strict=True))


def _series(series: str, name: str, labels: str, words: tuple[int, ...]) -> list[str]:
    if series == "Requests":
        return [f'{name}{{{labels},status="{place + 1}xx"}} {words[place]}' for place in range(5) if words[place]]
    if series == "RequestBytes":
        return [f"{name}{{{labels}}} {words[layout.SLOT_REQUEST_BYTES]}"]
    if series == "ResponseBytes":
        return [f"{name}{{{labels}}} {words[layout.SLOT_RESPONSE_BYTES]}"]
    lines, total = [], 0
    for bound, count in zip((*_shm.BOUNDS, "+Inf"), words[layout.SLOT_BUCKETS :], strict=True):
        total = (total + count) % 2**64
        lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}')
    spent = words[layout.SLOT_DURATION_SUM]
    lines.append(f"{name}_sum{{{labels}}} {spent // 1_000_000}.{spent % 1_000_000:06d}")
    return [*lines, f"{name}_count{{{labels}}} {total}"]
