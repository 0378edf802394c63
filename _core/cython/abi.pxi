"""abi.h as Cython sees it, and the structs that only the reader has."""

cdef extern from "abi.h" nogil:
    const char *SALLYGATE_MAGIC
    enum:
        SALLYGATE_ABI
        SALLYGATE_HEADER_BYTES
        SALLYGATE_RING_HEAD
        SALLYGATE_RING_DROPPED
        SALLYGATE_RING_TAIL
        SALLYGATE_RING_DATA
        SALLYGATE_RING_SKIP
        SALLYGATE_RING_MIN_BYTES
        SALLYGATE_RECORD_FIELDS
        SALLYGATE_RECORD_TEXT
        SALLYGATE_FLAG_UPSTREAM
        SALLYGATE_FLAG_LINE
        SALLYGATE_SLOT_STATUS
        SALLYGATE_SLOT_REQUEST_BYTES
        SALLYGATE_SLOT_RESPONSE_BYTES
        SALLYGATE_SLOT_DURATION_SUM
        SALLYGATE_SLOT_BUCKETS
        SALLYGATE_BUCKETS
        SALLYGATE_SLOT_WORDS
        SALLYGATE_COUNTERS
        SALLYGATE_GAUGES
        SALLYGATE_SERIES
        SALLYGATE_SERIES_AccessLogDropped
        SALLYGATE_SERIES_Requests
        SALLYGATE_SERIES_RequestBytes
        SALLYGATE_SERIES_ResponseBytes
        SALLYGATE_SERIES_RequestDuration
        SALLYGATE_REMOTE_ADDR
        SALLYGATE_REMOTE_PORT
        SALLYGATE_METHOD
        SALLYGATE_TARGET
        SALLYGATE_PROTOCOL
        SALLYGATE_HOST
        SALLYGATE_REFERER
        SALLYGATE_USER_AGENT
        SALLYGATE_REQUEST_ID
        SALLYGATE_UPSTREAM_ADDR
        SALLYGATE_FAULT

    ctypedef struct sallygate_header:
        uint32_t abi, header_bytes, workers, counters
        uint64_t counters_offset, counters_stride
        uint32_t slots, slot_words
        uint64_t slots_offset, slots_stride
        uint64_t rings_offset, ring_stride, ring_bytes
        uint64_t started_unix_ns

    ctypedef struct sallygate_record:
        uint32_t total
        uint16_t status
        uint8_t flags
        uint64_t start_unix_ns, duration_us, upstream_us
        uint64_t request_length, body_bytes_sent, upstream_response_length
        uint32_t slot
        uint16_t upstream_status, tries, tls_version, fields
        uint16_t lengths[11]

    ctypedef struct sallygate_counter_row:
        const char *id
        const char *name
        const char *labels
        const char *help

    ctypedef struct sallygate_gauge_row:
        const char *name
        const char *labels
        int opened, closed
        const char *help

    ctypedef struct sallygate_series_row:
        const char *id
        const char *name
        const char *type
        const char *help

    const sallygate_counter_row sallygate_counter_rows[]
    const sallygate_gauge_row sallygate_gauge_rows[]
    const sallygate_series_row sallygate_series_rows[]
    const char *const sallygate_bound_seconds[]

    uint64_t sallygate_load(const uint64_t *word)
    uint64_t sallygate_load_acquire(const uint64_t *word)
    void sallygate_store_release(uint64_t *word, uint64_t value)


ctypedef struct Label:
    # Text of a slot, ready to be copied; the bytes objects behind it are kept by the reader.
    const char *series
    const char *upstream
    const char *fields
    size_t series_size, upstream_size, fields_size


ctypedef struct Cursor:
    char *data
    uint64_t *tail_word
    uint64_t head, tail
