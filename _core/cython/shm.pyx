# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: depends = _core/cython/metrics.h
# cython: auto_pickle=False, autotestdict=False, embedsignature=False, binding=True
"""Reads what the data plane counts and logs: the reader of the memory that abi.h describes.

C structs go in, Prometheus text and access-log lines come out. `gateway.telemetry.shm_twin` does the same in plain Python;
tests hold the two to the same bytes. Nothing here knows a socket, a file other than the memory, or a clock.
"""

import mmap

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset, strcmp, strlen

include "abi.pxi"
include "text.pxi"
include "lines.pxi"

ABI = SALLYGATE_ABI
FORMATS = ("json", "upstreaminfo")
BOUNDS = tuple([sallygate_bound_seconds[place].decode() for place in range(SALLYGATE_BUCKETS)])
COUNTERS = tuple([counter_row(place) for place in range(SALLYGATE_COUNTERS)])
GAUGES = tuple([gauge_row(place) for place in range(SALLYGATE_GAUGES)])
SERIES = tuple([series_row(place) for place in range(SALLYGATE_SERIES)])


@cython.final
cdef class Reader:
    """The one reader of a telemetry memory: counters, slots and log rings of every worker.

    `source` is the descriptor of the memfd (which may be closed afterwards) or a writable buffer. A lock makes the
    methods safe to call from several threads; formatting runs without the GIL.
    """

    cdef object mapping
    cdef Py_buffer view
    cdef char *base
    cdef sallygate_header header
    cdef Label *labels
    cdef list kept
    cdef uint32_t top
    cdef uint32_t turn
    cdef uint64_t broken
    cdef Out out
    cdef Clock clock
    cdef cython.pymutex lock

    def __cinit__(self, source):
        self.kept = []
        self.mapping = mmap.mmap(source, 0) if isinstance(source, int) else None
        PyObject_GetBuffer(source if self.mapping is None else self.mapping, &self.view, PyBUF_SIMPLE | PyBUF_WRITABLE)
        self.base = <char *>self.view.buf
        problem = check(&self.header, self.base, self.view.len)
        if problem is not None:
            self._release()
            raise ValueError(f"telemetry memory: {problem}")
        self.labels = <Label *>calloc(self.header.slots, sizeof(Label))
        if self.labels == NULL:
            self._release()
            raise MemoryError
        self.clock.second = <uint64_t>-1

    def __dealloc__(self):
        self._release()
        free(self.labels)
        free(self.out.data)

    cdef void _release(self) noexcept:
        if self.base != NULL:
            self.base = NULL
            PyBuffer_Release(&self.view)

    cdef int _open(self) except -1:
        if self.base == NULL:
            raise ValueError("the telemetry memory is closed")
        return 0

    def close(self) -> None:
        """Unmap the memory. Every later call raises ValueError."""
        with self.lock:
            self._release()
            if self.mapping is not None:
                self.mapping.close()
                self.mapping = None

    @property
    def workers(self) -> int:
        return self.header.workers

    @property
    def slots(self) -> int:
        return self.header.slots

    @property
    def started_unix_ns(self) -> int:
        return self.header.started_unix_ns

    def learn(self, rows) -> None:
        """Take in the labels of slots: rows of (slot, namespace, ingress, service, port, host, path)."""
        with self.lock:
            for slot, namespace, ingress, service, port, host, path in rows:
                if not 0 < slot < self.header.slots:
                    raise ValueError(f"slot {slot} is not one of 1 to {self.header.slots - 1}")
                self._learn(slot, namespace, ingress, service, port, host, path)

    cdef int _learn(self, uint32_t slot, str namespace, str ingress, str service, str port, str host, str path) except -1:
        cdef Label *label = &self.labels[slot]
        cdef str name = f"{namespace}-{service}-{port}" if service else "-"
        cdef bytes series = (
            f'namespace="{prometheus(namespace)}",ingress="{prometheus(ingress)}",service="{prometheus(service)}",'
            f'port="{prometheus(port)}",host="{prometheus(host)}",path="{prometheus(path)}"'
        ).encode("utf-8", "replace")
        cdef bytes upstream = escaped(name, False)
        cdef bytes fields = (
            b'"namespace":"' + escaped(namespace, True) + b'","ingress":"' + escaped(ingress, True)
            + b'","service":"' + escaped(service, True) + b'","service_port":"' + escaped(port, True)
            + b'","path":"' + escaped(path, True) + b'"'
        )
        self.kept.append((series, upstream, fields))
        label.series, label.series_size = series, len(series)
        label.upstream, label.upstream_size = upstream, len(upstream)
        label.fields, label.fields_size = fields, len(fields)
        self.top = max(self.top, slot)
        return 0

    def counters(self, worker: int | None = None) -> dict[str, int]:
        """Every counter by its id, of one worker or summed over all."""
        cdef uint32_t first = 0, last = self.header.workers
        cdef uint64_t sums[SALLYGATE_COUNTERS]
        if worker is not None:
            if not 0 <= worker < self.header.workers:
                raise ValueError(f"worker {worker} is not one of 0 to {self.header.workers - 1}")
            first, last = worker, worker + 1
        with self.lock:
            self._open()
            self._sum_counters(sums, first, last)
        return {row[0]: sums[index] for index, row in enumerate(COUNTERS)}

    cdef void _sum_counters(self, uint64_t *sums, uint32_t first, uint32_t last) noexcept nogil:
        cdef uint32_t worker
        cdef int index
        memset(sums, 0, SALLYGATE_COUNTERS * sizeof(uint64_t))
        for worker in range(first, last):
            words = <const uint64_t *>(self.base + self.header.counters_offset + worker * self.header.counters_stride)
            for index in range(SALLYGATE_COUNTERS):
                sums[index] += sallygate_load(words + index)

    cdef void _sum_slot(self, uint64_t *sums, uint32_t slot) noexcept nogil:
        cdef uint32_t worker
        cdef int index
        memset(sums, 0, SALLYGATE_SLOT_WORDS * sizeof(uint64_t))
        for worker in range(self.header.workers):
            words = <const uint64_t *>(self.base + self.header.slots_offset + worker * self.header.slots_stride)
            words += <size_t>slot * SALLYGATE_SLOT_WORDS
            for index in range(SALLYGATE_SLOT_WORDS):
                sums[index] += sallygate_load(words + index)

    def slot_rows(self, first: int, last: int) -> list[tuple[int, ...]]:
        """The words of slots `first` to `last` (exclusive), summed over the workers, in the order of abi.h."""
        if not 0 <= first <= last <= self.header.slots:
            raise ValueError(f"slots {first} to {last} are not within 0 to {self.header.slots}")
        cdef uint32_t slot
        cdef int index
        cdef uint64_t sums[SALLYGATE_SLOT_WORDS]
        cdef list rows = []
        with self.lock:
            self._open()
            for slot in range(first, last):
                self._sum_slot(sums, slot)
                rows.append(tuple([sums[index] for index in range(SALLYGATE_SLOT_WORDS)]))
        return rows

    def exposition(self) -> bytes:
        """Every metric in this memory as Prometheus text. Routes without traffic so far, or not learned yet, are left out."""
        cdef uint64_t counters[SALLYGATE_COUNTERS]
        cdef uint64_t *slots = NULL
        cdef size_t count
        cdef uint32_t slot
        cdef bint written
        with self.lock:
            self._open()
            count = self.top + 1
            slots = <uint64_t *>malloc(count * SALLYGATE_SLOT_WORDS * sizeof(uint64_t))
            if slots == NULL:
                raise MemoryError
            with nogil:
                self.out.used = 0
                self._sum_counters(counters, 0, self.header.workers)
                for slot in range(count):
                    self._sum_slot(slots + <size_t>slot * SALLYGATE_SLOT_WORDS, slot)
                written = (
                    expose_counters(&self.out, counters)
                    and expose_dropped(&self.out, self._dropped())
                    and expose_slots(&self.out, slots, self.labels, count)
                )
            free(slots)
            if not written:
                raise MemoryError
            return PyBytes_FromStringAndSize(self.out.data, self.out.used)

    cdef char *_ring(self, uint32_t worker) noexcept nogil:
        return self.base + self.header.rings_offset + worker * self.header.ring_stride

    cdef uint64_t _dropped(self) noexcept nogil:
        cdef uint64_t total = 0
        cdef uint32_t worker
        for worker in range(self.header.workers):
            total += sallygate_load(<const uint64_t *>(self._ring(worker) + SALLYGATE_RING_DROPPED))
        return total

    def dropped(self) -> int:
        """Records that never entered a ring because it was full."""
        with self.lock:
            self._open()
            return self._dropped()

    def damaged(self) -> int:
        """How often a ring held something that is no record, and was emptied."""
        return self.broken

    def pending(self) -> int:
        """Bytes of records that wait in the rings."""
        cdef uint64_t total = 0
        cdef uint32_t worker
        with self.lock:
            self._open()
            for worker in range(self.header.workers):
                ring = self._ring(worker)
                total += sallygate_load_acquire(<const uint64_t *>(ring + SALLYGATE_RING_HEAD)) - sallygate_load(
                    <const uint64_t *>(ring + SALLYGATE_RING_TAIL)
                )
        return total

    def drain(self, max_records: int = 65_536, format: str = "json", max_bytes: int = 1 << 20) -> bytes:
        """Take records out of the rings and return them as whole lines; empty when there are none.

        Stops after `max_records`, or with the line that reaches `max_bytes`. Workers take turns at being first.
        """
        if format not in FORMATS:
            raise ValueError(f"access-log format {format!r} is not one of {', '.join(FORMATS)}")
        cdef bint json = format == "json"
        cdef uint64_t left = max(max_records, 0)
        cdef size_t limit = max(max_bytes, 0)
        cdef uint32_t number
        cdef bint written = True
        with self.lock:
            self._open()
            with nogil:
                self.out.used = 0
                for number in range(self.header.workers):
                    written = written and self._drain_ring((self.turn + number) % self.header.workers, &left, limit, json)
                self.turn = (self.turn + 1) % self.header.workers
            if not written:
                raise MemoryError
            return PyBytes_FromStringAndSize(self.out.data, self.out.used)

    cdef bint _drain_ring(self, uint32_t worker, uint64_t *left, size_t limit, bint json) noexcept nogil:
        cdef Cursor cursor
        cdef const sallygate_record *record
        cdef bint written = True
        self._start(&cursor, worker)
        while left[0] > 0 and self.out.used < limit:
            record = self._next(&cursor)
            if record == NULL:
                break
            written = put_line(&self.out, &self.clock, record, label_of(self.labels, self.header.slots, record.slot), json)
            if not written:
                break
            cursor.tail += record.total
            left[0] -= 1
        sallygate_store_release(cursor.tail_word, cursor.tail)
        return written

    def drain_records(self, max_records: int = 65_536) -> list[tuple[object, ...]]:
        """Take records out of the rings as tuples: the twelve numbers, then the eleven texts, in the order of abi.h.

        The upstream's time is None when no upstream answered.
        """
        cdef Cursor cursor
        cdef const sallygate_record *record
        cdef list records = []
        cdef uint32_t number
        with self.lock:
            self._open()
            for number in range(self.header.workers):
                self._start(&cursor, (self.turn + number) % self.header.workers)
                while len(records) < max_records:
                    record = self._next(&cursor)
                    if record == NULL:
                        break
                    records.append(as_tuple(record))
                    cursor.tail += record.total
                sallygate_store_release(cursor.tail_word, cursor.tail)
            self.turn = (self.turn + 1) % self.header.workers
        return records

    cdef void _start(self, Cursor *cursor, uint32_t worker) noexcept nogil:
        cdef char *ring = self._ring(worker)
        cursor.data = ring + SALLYGATE_RING_DATA
        cursor.tail_word = <uint64_t *>(ring + SALLYGATE_RING_TAIL)
        cursor.tail = sallygate_load(cursor.tail_word)
        cursor.head = sallygate_load_acquire(<const uint64_t *>(ring + SALLYGATE_RING_HEAD))

    cdef const sallygate_record *_next(self, Cursor *cursor) noexcept nogil:
        """The record at the cursor, or NULL at the end. What is no record empties the ring: there is no way to find the next."""
        cdef uint64_t waiting, place, room
        cdef const sallygate_record *record
        while cursor.tail != cursor.head:
            waiting = cursor.head - cursor.tail
            place = cursor.tail & (self.header.ring_bytes - 1)
            room = self.header.ring_bytes - place
            if waiting <= self.header.ring_bytes and place % 8 == 0 and waiting >= 8:
                record = <const sallygate_record *>(cursor.data + place)
                if record.total == <uint32_t>SALLYGATE_RING_SKIP and room <= waiting:
                    cursor.tail += room
                    continue
                if sound(record, min(waiting, room)):
                    return record
            self.broken += 1
            cursor.tail = cursor.head
        return NULL


cdef str check(sallygate_header *header, const char *base, Py_ssize_t size):
    """Copies the header, and says what is wrong with it: no offset in it is followed before all have been checked."""
    if size < SALLYGATE_HEADER_BYTES or memcmp(base, SALLYGATE_MAGIC, 8) != 0:
        return "it does not begin with a telemetry header"
    memcpy(header, base, sizeof(sallygate_header))
    if header.abi != SALLYGATE_ABI:
        return f"its layout is number {header.abi}, this reader knows {SALLYGATE_ABI}: use one build of sallygate for both"
    if header.counters != SALLYGATE_COUNTERS or header.slot_words != SALLYGATE_SLOT_WORDS:
        return f"it has {header.counters} counters and {header.slot_words} words per slot, this reader knows other numbers"
    if not 0 < header.workers <= 65_536 or header.slots == 0:
        return f"{header.workers} workers and {header.slots} slots make no sense"
    if header.ring_bytes < SALLYGATE_RING_MIN_BYTES or header.ring_bytes & (header.ring_bytes - 1):
        return f"rings of {header.ring_bytes} bytes make no sense"
    # Python integers, so that nothing can overflow.
    cdef object offset, stride, least
    for name, offset, stride, least in (
        ("counters", header.counters_offset, header.counters_stride, int(header.counters) * 8),
        ("slots", header.slots_offset, header.slots_stride, int(header.slots) * SALLYGATE_SLOT_WORDS * 8),
        ("rings", header.rings_offset, header.ring_stride, int(header.ring_bytes) + SALLYGATE_RING_DATA),
    ):
        if offset % 8 or stride % 8 or stride < least or offset < SALLYGATE_HEADER_BYTES:
            return f"{name} at {offset} with a stride of {stride} make no sense"
        if offset + int(header.workers) * stride > size:
            return f"{name} do not fit into its {size} bytes"
    return None


cdef tuple counter_row(int place):
    cdef const sallygate_counter_row *row = &sallygate_counter_rows[place]
    return row.id.decode(), row.name.decode(), row.labels.decode(), row.help.decode()


cdef tuple gauge_row(int place):
    cdef const sallygate_gauge_row *row = &sallygate_gauge_rows[place]
    return row.name.decode(), row.labels.decode(), row.opened, row.closed, row.help.decode()


cdef tuple series_row(int place):
    cdef const sallygate_series_row *row = &sallygate_series_rows[place]
    return row.id.decode(), row.name.decode(), row.type.decode(), row.help.decode()
