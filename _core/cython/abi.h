/*
 * The memory that the data plane shares with its readers: one writer per word, no locks, no pointers.
 * Mirrored by engine/src/telemetry/layout.rs; tests on both sides compare sizes, offsets, constants and bytes.
 *
 *   header page | counters, a block per worker | slots, a block per worker | rings, one per worker
 *
 * All integers are little-endian. A reader takes every offset and stride from the header and checks them.
 */
#ifndef SALLYGATE_ABI_H
#define SALLYGATE_ABI_H

#include <stddef.h>
#include <stdint.h>

#define SALLYGATE_MAGIC "SALLYGT1"
#define SALLYGATE_ABI 1
#define SALLYGATE_HEADER_BYTES 4096
#define SALLYGATE_LINE_BYTES 128
#define SALLYGATE_RING_HEAD 0
#define SALLYGATE_RING_DROPPED 8
#define SALLYGATE_RING_TAIL 128
#define SALLYGATE_RING_DATA 256
#define SALLYGATE_RING_SKIP 0xFFFFFFFF
#define SALLYGATE_RING_MIN_BYTES 16384
#define SALLYGATE_RECORD_FIELDS 11
#define SALLYGATE_RECORD_TEXT 90
#define SALLYGATE_RECORD_MAX_BYTES 7264
#define SALLYGATE_TARGET_MAX_BYTES 2048
#define SALLYGATE_FIELD_MAX_BYTES 512
#define SALLYGATE_FLAG_TLS 1
#define SALLYGATE_FLAG_UPSTREAM 2
#define SALLYGATE_FLAG_RETRIED 4
/* The text is one finished line, all of it in the first field. */
#define SALLYGATE_FLAG_LINE 8
#define SALLYGATE_SLOT_STATUS 0
#define SALLYGATE_SLOT_REQUEST_BYTES 5
#define SALLYGATE_SLOT_RESPONSE_BYTES 6
#define SALLYGATE_SLOT_DURATION_SUM 7
#define SALLYGATE_SLOT_BUCKETS 8
#define SALLYGATE_BUCKETS 11
#define SALLYGATE_SLOT_WORDS 20

/* Upper bounds of the duration histogram: microseconds as the data plane compares them, seconds as Prometheus reads them. */
#define SALLYGATE_BOUNDS(ROW) \
  ROW(5000, "0.005") ROW(10000, "0.01") ROW(25000, "0.025") ROW(50000, "0.05") ROW(100000, "0.1") ROW(250000, "0.25") \
  ROW(500000, "0.5") ROW(1000000, "1") ROW(2500000, "2.5") ROW(5000000, "5") ROW(10000000, "10")

typedef struct {
  char magic[8];
  uint32_t abi, header_bytes, workers, counters; /* counters: number of words per worker */
  uint64_t counters_offset, counters_stride;
  uint32_t slots, slot_words;
  uint64_t slots_offset, slots_stride;
  uint64_t rings_offset, ring_stride, ring_bytes; /* ring_bytes: of data, a power of two */
  uint64_t started_unix_ns;
} sallygate_header;

/* What stands before the text of an access-log record. The text begins right after `lengths`, at SALLYGATE_RECORD_TEXT. */
typedef struct {
  uint32_t total; /* with this head and the padding: a multiple of 8 */
  uint16_t status;
  uint8_t reserved, flags;
  uint64_t start_unix_ns, duration_us, upstream_us; /* upstream_us: UINT64_MAX when no upstream answered */
  uint64_t request_length, body_bytes_sent, upstream_response_length;
  uint32_t slot;
  uint16_t upstream_status, tries, tls_version, fields;
  uint16_t lengths[SALLYGATE_RECORD_FIELDS];
} sallygate_record;

/* The order of the text fields. */
enum {
  SALLYGATE_REMOTE_ADDR, SALLYGATE_REMOTE_PORT, SALLYGATE_METHOD, SALLYGATE_TARGET, SALLYGATE_PROTOCOL, SALLYGATE_HOST,
  SALLYGATE_REFERER, SALLYGATE_USER_AGENT, SALLYGATE_REQUEST_ID, SALLYGATE_UPSTREAM_ADDR, SALLYGATE_FAULT
};

#define SALLYGATE_AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
SALLYGATE_AT(sallygate_header, abi, 8);
SALLYGATE_AT(sallygate_header, counters_offset, 24);
SALLYGATE_AT(sallygate_header, slots, 40);
SALLYGATE_AT(sallygate_header, slots_offset, 48);
SALLYGATE_AT(sallygate_header, rings_offset, 64);
SALLYGATE_AT(sallygate_header, started_unix_ns, 88);
_Static_assert(sizeof(sallygate_header) == 96, "sallygate_header");
SALLYGATE_AT(sallygate_record, flags, 7);
SALLYGATE_AT(sallygate_record, start_unix_ns, 8);
SALLYGATE_AT(sallygate_record, slot, 56);
SALLYGATE_AT(sallygate_record, fields, 66);
SALLYGATE_AT(sallygate_record, lengths, 68);
_Static_assert(SALLYGATE_RECORD_TEXT == 68 + 2 * SALLYGATE_RECORD_FIELDS, "text follows the lengths");

/* The table of metrics as C sees it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcomment" /* metrics.h says why */
#define GAUGE(name, labels, opened, closed, help)
#define SERIES(id, name, type, help)
#define COUNTER(id, name, labels, help) SALLYGATE_COUNTER_##id,
enum {
#include "metrics.h"
  SALLYGATE_COUNTERS
};
#undef COUNTER

typedef struct { const char *id, *name, *labels, *help; } sallygate_counter_row;
#define COUNTER(id, name, labels, help) {#id, name, labels, help},
static const sallygate_counter_row sallygate_counter_rows[] = {
#include "metrics.h"
};
#undef COUNTER
#undef GAUGE

typedef struct { const char *name, *labels; int opened, closed; const char *help; } sallygate_gauge_row;
#define COUNTER(id, name, labels, help)
#define GAUGE(name, labels, opened, closed, help) {name, labels, SALLYGATE_COUNTER_##opened, SALLYGATE_COUNTER_##closed, help},
static const sallygate_gauge_row sallygate_gauge_rows[] = {
#include "metrics.h"
};
#undef GAUGE
#undef SERIES

#define GAUGE(name, labels, opened, closed, help)
#define SERIES(id, name, type, help) SALLYGATE_SERIES_##id,
enum {
#include "metrics.h"
  SALLYGATE_SERIES
};
#undef SERIES

typedef struct { const char *id, *name, *type, *help; } sallygate_series_row;
#define SERIES(id, name, type, help) {#id, name, type, help},
static const sallygate_series_row sallygate_series_rows[] = {
#include "metrics.h"
};
#undef COUNTER
#undef GAUGE
#undef SERIES
#pragma GCC diagnostic pop

enum { SALLYGATE_GAUGES = sizeof(sallygate_gauge_rows) / sizeof(sallygate_gauge_rows[0]) };

#define SALLYGATE_SECONDS(us, seconds) seconds,
static const char *const sallygate_bound_seconds[] = {SALLYGATE_BOUNDS(SALLYGATE_SECONDS)};
#undef SALLYGATE_SECONDS

/* Each word has one writer, so plain stores are enough; head and tail of a ring are what orders the rest. */
static inline uint64_t sallygate_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline uint64_t sallygate_load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void sallygate_store_release(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

#endif
