"""The compiled reader and its plain-Python twin make the same of the same memory."""

import json
import mmap
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import _shm
from gateway.telemetry import layout, shm_twin
from gateway.telemetry.layout import LabelRow, Record
from gateway.telemetry.shm_writer import Writer, encode

T = TypeVar("T")
READERS: tuple[type[_shm.Reader], ...] = (_shm.Reader, cast("type[_shm.Reader]", shm_twin.Reader))
U64 = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 10**7), st.sampled_from([0, 1, 2**63, 2**64 - 1]))
U16 = st.integers(0, 2**16 - 1)
TEXT = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"GET", b'"\\\n\r\t\b\f', b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xc0\x80", b"x" * 3000]),
)
RECORDS = st.builds(
    Record,
    status=U16,
    flags=st.integers(0, 255).map(lambda flags: flags & ~layout.FLAG_LINE),
    # As far as Python's own calendar goes; beyond it stands a test of its own.
    start_unix_ns=st.one_of(U64, st.integers(0, 4 * 10**18)),
    duration_us=U64,
    upstream_us=st.none() | st.integers(0, 2**64 - 2),
    request_length=U64,
    body_bytes_sent=U64,
    upstream_response_length=U64,
    slot=st.integers(0, 9) | st.just(2**32 - 1),
    upstream_status=U16,
    tries=st.integers(0, 5) | U16,
    tls_version=st.sampled_from([0, 0x0303, 0x0304, 0x0301, 0xFFFF]),
    **dict.fromkeys(Record._fields[12:], TEXT),
)
WORDS = st.lists(U64, min_size=30, max_size=30).map(lambda words: words * 20)
NAMES = st.text(max_size=20)
ROWS = st.lists(st.tuples(st.integers(1, 7), NAMES, NAMES, NAMES, NAMES, NAMES, NAMES), max_size=8)


def both(writer: Writer, use: Callable[[_shm.Reader], T]) -> T:
    """The answer of both readers, each on its own copy of the memory, which they must leave in the same state."""
    memories = [bytearray(writer.memory), bytearray(writer.memory)]
    answers = [use(reader(memory)) for reader, memory in zip(READERS, memories, strict=True)]
    assert answers[0] == answers[1]
    assert memories[0] == memories[1]
    return answers[0]


@settings(deadline=None)
@given(
    rows=ROWS,
    records=st.lists(st.tuples(st.integers(0, 2), RECORDS), max_size=20),
    start=st.integers(0, 2**61 - 1).map(lambda words: words * 8),
    limits=st.tuples(st.integers(-1, 12), st.integers(-1, 6000)),
)
def test_lines_are_the_same(
    rows: list[LabelRow], records: list[tuple[int, Record]], start: int, limits: tuple[int, int]
) -> None:
    writer = Writer(workers=3, slots=8, ring_bytes=16_384)
    writer.start_rings_at(start)
    for worker, record in records:
        writer.push(worker, record)

    def use(reader: _shm.Reader) -> tuple[object, bytes, bytes, list[tuple[object, ...]], bytes, int, int]:
        reader.learn(rows)
        before = reader.pending(), reader.dropped()
        lines = reader.drain(limits[0], "json", limits[1])
        nginx = reader.drain(limits[0], "upstreaminfo", limits[1])
        return before, lines, nginx, reader.drain_records(3), reader.drain(), reader.pending(), reader.damaged()

    _, some, _, _, rest, pending, damaged = both(writer, use)
    assert (pending, damaged) == (0, 0)
    for line in (some + rest).splitlines():
        json.loads(line)


@settings(deadline=None)
@given(text=st.binary(max_size=layout.FIELD_MAX_BYTES), format_=st.sampled_from(_shm.FORMATS))
def test_a_finished_line_goes_out_as_it_is(text: bytes, format_: str) -> None:
    writer = Writer(workers=1, slots=8, ring_bytes=16_384)
    writer.push(0, Record(flags=layout.FLAG_LINE, slot=1, remote_addr=text))
    assert both(writer, lambda reader: reader.drain(10, format_)) == text + b"\n"


@settings(deadline=None)
@given(rows=ROWS, words=WORDS, lost=U64)
def test_figures_are_the_same(rows: list[LabelRow], words: list[int], lost: int) -> None:
    writer = Writer(workers=2, slots=8, ring_bytes=16_384, started_unix_ns=5)
    places = [[writer.counter_at(worker, place) for place in range(layout.COUNTERS)] for worker in range(2)]
    places += [[writer.slot_at(worker, 0, place) for place in range(8 * 20)] for worker in range(2)]
    for at, value in zip([at for block in places for at in block], words, strict=False):
        writer.set_word(at, value)
    writer.set_word(writer.ring_at(1) + layout.RING_DROPPED, lost)

    def use(reader: _shm.Reader) -> object:
        reader.learn(rows)
        figures = [reader.counters(worker) for worker in (None, 0, 1)], reader.slot_rows(0, 8), reader.dropped()
        return figures, reader.exposition(), (reader.workers, reader.slots, reader.started_unix_ns)

    both(writer, use)


@settings(deadline=None)
@given(data=st.binary(min_size=8, max_size=400), lead=st.integers(0, 3), tail=st.integers(0, 20))
def test_what_is_no_record_empties_the_ring_and_is_counted(data: bytes, lead: int, tail: int) -> None:
    writer = Writer(workers=1, slots=1, ring_bytes=16_384)
    for _ in range(lead):
        writer.push(0, Record())
    ring = writer.ring_at(0)
    head = writer.word(ring + layout.RING_HEAD)
    at = ring + layout.RING_DATA + head
    writer.memory[at : at + len(data)] = data
    writer.set_word(ring + layout.RING_HEAD, head + len(data) + tail)
    both(writer, lambda reader: (reader.drain_records(), reader.damaged(), reader.pending()))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("head", [4, 16_392, 2**64 - 8])
def test_a_position_that_cannot_be_is_damage(reader: type[_shm.Reader], head: int) -> None:
    writer = Writer(workers=1, slots=1, ring_bytes=16_384)
    writer.set_word(writer.ring_at(0) + layout.RING_HEAD, head)
    used = reader(writer.memory)
    assert (used.drain(), used.damaged(), used.pending()) == (b"", 1, 0)
    writer.start_rings_at(0)
    writer.push(0, Record())
    assert len(used.drain_records()) == 1


def spoil(field: str, value: Any) -> bytearray:
    writer = Writer(workers=2, slots=4, ring_bytes=16_384)
    writer.memory[: layout.HEADER.size] = layout.HEADER.pack(*writer.header._replace(**{field: value}))
    return writer.memory


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (bytearray(100), "does not begin with a telemetry header"),
        (spoil("magic", b"SALLYGT2"), "does not begin with a telemetry header"),
        (spoil("abi", 2), "layout is number 2"),
        (spoil("counters", 3), "3 counters"),
        (spoil("slot_words", 21), "21 words per slot"),
        (spoil("workers", 0), "0 workers"),
        (spoil("workers", 2**32 - 1), "4294967295 workers"),
        (spoil("slots", 0), "0 slots"),
        (spoil("ring_bytes", 16_385), "rings of 16385 bytes"),
        (spoil("ring_bytes", 2**63), "rings at"),
        (spoil("counters_offset", 8), "counters at 8"),
        (spoil("counters_stride", 2**64 - 8), "counters do not fit"),
        (spoil("slots_offset", 2**64 - 8), "slots do not fit"),
        (spoil("slots_stride", 8), "slots at"),
        (spoil("slots", 2**32 - 1), "slots at"),
        (spoil("rings_offset", 4097), "rings at 4097"),
        (spoil("ring_stride", 2**40), "rings do not fit"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(reader: type[_shm.Reader], memory: bytearray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        reader(memory)


@pytest.mark.parametrize("reader", READERS)
def test_arguments_out_of_range_are_named(reader: type[_shm.Reader]) -> None:
    used = reader(Writer(workers=1, slots=4, ring_bytes=16_384).memory)
    with pytest.raises(ValueError, match="slot 4 is not one of 1 to 3"):
        used.learn([(4, "", "", "", "", "", "")])
    with pytest.raises(ValueError, match="slot 0 is not one of 1 to 3"):
        used.learn([(0, "", "", "", "", "", "")])
    with pytest.raises(ValueError, match="worker 1 is not one of 0 to 0"):
        used.counters(1)
    with pytest.raises(ValueError, match="slots 0 to 5"):
        used.slot_rows(0, 5)
    with pytest.raises(ValueError, match="'xml' is not one of json, upstreaminfo"):
        used.drain(format="xml")


@pytest.mark.parametrize("reader", READERS)
def test_workers_take_turns_at_being_first(reader: type[_shm.Reader]) -> None:
    writer = Writer(workers=3, slots=1, ring_bytes=16_384)
    for worker in range(3):
        for _ in range(3):
            writer.push(worker, Record(status=worker))
    used = reader(writer.memory)
    assert [used.drain_records(1)[0][0] for _ in range(9)] == [0, 1, 2] * 3


def test_a_memfd_is_mapped_and_may_be_closed() -> None:
    writer = Writer(workers=1, slots=1, ring_bytes=16_384)
    fd = os.memfd_create("telemetry")
    os.write(fd, writer.memory)
    shared = mmap.mmap(fd, 0)
    reader = _shm.Reader(fd)
    os.close(fd)
    record = encode(Record(status=204))
    ring = writer.ring_at(0)
    shared[ring + layout.RING_DATA : ring + layout.RING_DATA + len(record)] = record
    shared[ring : ring + 8] = len(record).to_bytes(8, "little")
    assert json.loads(reader.drain())["status"] == 204
    assert int.from_bytes(shared[ring + layout.RING_TAIL : ring + layout.RING_TAIL + 8], "little") == len(record)
    reader.close()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.drain()


def test_a_descriptor_without_a_region_is_refused() -> None:
    fd = os.memfd_create("empty")
    try:
        with pytest.raises(ValueError, match="empty"):
            _shm.Reader(fd)
        os.truncate(fd, 8192)
        with pytest.raises(ValueError, match="does not begin"):
            _shm.Reader(fd)
    finally:
        os.close(fd)
    with pytest.raises(BufferError):
        _shm.Reader(bytes(8192))


def test_a_buffer_in_use_is_held_until_it_is_closed() -> None:
    writer = Writer(workers=1, slots=1, ring_bytes=16_384)
    reader = _shm.Reader(writer.memory)
    with pytest.raises(BufferError):
        writer.memory.clear()
    reader.close()
    writer.memory.clear()


def test_several_threads_may_use_one_reader() -> None:
    writer = Writer(workers=2, slots=8, ring_bytes=1 << 20)
    count = 0
    while writer.push(count % 2, Record(status=count % 1000, target=b"/" * (count % 50))):
        count += 1
    reader = _shm.Reader(writer.memory)
    lines: list[bytes] = []
    failures: list[BaseException] = []

    def drain() -> None:
        while chunk := reader.drain(max_bytes=2000):
            lines.append(chunk)

    def look() -> None:
        while reader.pending():
            reader.learn([(1, "a", "b", "c", "d", "e", "f")])
            reader.exposition()

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (drain, drain, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sum(json.loads(line) is not None for chunk in lines for line in chunk.splitlines()) == count
