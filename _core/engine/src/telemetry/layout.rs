//! Where everything stands in the shared memory: the mirror of `_core/cython/abi.h`. Arithmetic only, no memory is touched.

use core::mem::{offset_of, size_of};

use super::counters::Counter;

/// First bytes of the region.
pub const MAGIC: [u8; 8] = *b"SALLYGT1";
/// Number of the layout; a reader refuses every other one.
pub const ABI: u32 = 1;
/// The header has a page of its own.
pub const HEADER_BYTES: u32 = 4096;
/// Blocks of different workers, and the two ends of a ring, never share a line (two lines, as CPUs fetch them in pairs).
pub const LINE_BYTES: u64 = 128;

/// Offsets in a ring, and the least size of its data: a record and the gap before it must always fit into an empty ring.
pub const RING_HEAD: u64 = 0;
/// Records dropped because the ring was full; in the producer's line.
pub const RING_DROPPED: u64 = 8;
/// The consumer's position, in a line of its own.
pub const RING_TAIL: u64 = 128;
/// Start of the records.
pub const RING_DATA: u64 = 256;
/// A length that says: the next record stands at the start of the data.
pub const RING_SKIP: u32 = 0xFFFF_FFFF;
/// Least size of a ring's data.
pub const RING_MIN_BYTES: u64 = 16_384;
/// Most that a ring may hold; enough for a second of a busy worker.
pub const RING_MAX_BYTES: u64 = 1 << 30;

/// Number of text fields in a record.
pub const RECORD_FIELDS: usize = 11;
/// Where the text of a record begins.
pub const RECORD_TEXT: usize = 90;
/// The longest record, padded.
pub const RECORD_MAX_BYTES: usize = 7_264;
/// A request target is cut here, so that one client cannot flush the log of all others.
pub const TARGET_MAX_BYTES: usize = 2_048;
/// Every other text field is cut here.
pub const FIELD_MAX_BYTES: usize = 512;

/// Record flag: the client spoke TLS.
pub const FLAG_TLS: u8 = 1;
/// Record flag: an endpoint was tried.
pub const FLAG_UPSTREAM: u8 = 2;
/// Record flag: more than one try.
pub const FLAG_RETRIED: u8 = 4;
/// The text is one finished line, all of it in the first field.
pub const FLAG_LINE: u8 = 8;
/// The longest finished line.
pub const LINE_MAX_BYTES: usize = RECORD_MAX_BYTES - RECORD_TEXT;

/// Words of a slot: five counts by status class come first.
pub const SLOT_STATUS: usize = 0;
/// Request body bytes.
pub const SLOT_REQUEST_BYTES: usize = 5;
/// Response body bytes.
pub const SLOT_RESPONSE_BYTES: usize = 6;
/// Sum of durations in microseconds.
pub const SLOT_DURATION_SUM: usize = 7;
/// First histogram bucket; the last one counts what is above all bounds.
pub const SLOT_BUCKETS: usize = 8;
/// Words per slot.
pub const SLOT_WORDS: usize = 20;
/// Upper bounds of the histogram's buckets, in microseconds.
pub const BOUNDS_US: [u64; 11] =
    [5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000];

/// Most workers a region is made for.
pub const MAX_WORKERS: u32 = 1_024;
/// Most label sets; 1 million of them are 160 MB per worker, of which only what is used is ever backed by memory.
pub const MAX_SLOTS: u32 = 1 << 20;

/// First bytes of the header page.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_field_names)] // the names are those of the C header
pub struct Header {
    magic: [u8; 8],
    abi: u32,
    header_bytes: u32,
    workers: u32,
    counters: u32,
    counters_offset: u64,
    counters_stride: u64,
    slots: u32,
    slot_words: u32,
    slots_offset: u64,
    slots_stride: u64,
    rings_offset: u64,
    ring_stride: u64,
    ring_bytes: u64,
    started_unix_ns: u64,
}

const _: () = {
    assert!(size_of::<Header>() == 96);
    assert!(offset_of!(Header, abi) == 8);
    assert!(offset_of!(Header, counters_offset) == 24);
    assert!(offset_of!(Header, slots) == 40);
    assert!(offset_of!(Header, slots_offset) == 48);
    assert!(offset_of!(Header, rings_offset) == 64);
    assert!(offset_of!(Header, started_unix_ns) == 88);
    assert!(SLOT_BUCKETS + BOUNDS_US.len() + 1 == SLOT_WORDS);
    assert!(RECORD_MAX_BYTES == padded(RECORD_TEXT + TARGET_MAX_BYTES + (RECORD_FIELDS - 1) * FIELD_MAX_BYTES));
    assert!(RING_MIN_BYTES >= 2 * RECORD_MAX_BYTES as u64);
    assert!(cfg!(target_endian = "little"), "the shared memory is little-endian");
};

/// Up to the next multiple of 8, the unit of the rings.
pub const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

/// Sizes of a region, and from them every offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    workers: u32,
    slots: u32,
    ring_bytes: u64,
}

impl Geometry {
    /// Checks the sizes: 1 to [`MAX_WORKERS`] workers, 1 to [`MAX_SLOTS`] slots, and rings of a power of two between
    /// [`RING_MIN_BYTES`] and [`RING_MAX_BYTES`]. The error says which size is wrong and what it may be.
    pub fn new(workers: u32, slots: u32, ring_bytes: u64) -> Result<Self, String> {
        if !(1..=MAX_WORKERS).contains(&workers) {
            return Err(format!("workers is {workers}: use 1 to {MAX_WORKERS}"));
        }
        if !(1..=MAX_SLOTS).contains(&slots) {
            return Err(format!("telemetry_slots is {slots}: use 1 to {MAX_SLOTS}"));
        }
        if !(RING_MIN_BYTES..=RING_MAX_BYTES).contains(&ring_bytes) || !ring_bytes.is_power_of_two() {
            return Err(format!(
                "ring_bytes is {ring_bytes}: use a power of two from {RING_MIN_BYTES} to {RING_MAX_BYTES}"
            ));
        }
        Ok(Self { workers, slots, ring_bytes })
    }

    /// Number of workers.
    pub const fn workers(&self) -> u32 {
        self.workers
    }

    /// Number of slots, slot 0 included.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Bytes of data in one ring.
    pub const fn ring_bytes(&self) -> u64 {
        self.ring_bytes
    }

    const fn counters_stride() -> u64 {
        (Counter::COUNT as u64 * 8).next_multiple_of(LINE_BYTES)
    }

    const fn slots_stride(&self) -> u64 {
        (self.slots as u64 * SLOT_WORDS as u64 * 8).next_multiple_of(LINE_BYTES)
    }

    const fn slots_offset(&self) -> u64 {
        (HEADER_BYTES as u64 + self.workers as u64 * Self::counters_stride()).next_multiple_of(4096)
    }

    const fn rings_offset(&self) -> u64 {
        (self.slots_offset() + self.workers as u64 * self.slots_stride()).next_multiple_of(4096)
    }

    const fn ring_stride(&self) -> u64 {
        (RING_DATA + self.ring_bytes).next_multiple_of(4096)
    }

    /// Size of the whole region. Far from overflow for every geometry that `new` lets through.
    pub const fn total_bytes(&self) -> u64 {
        self.rings_offset() + self.workers as u64 * self.ring_stride()
    }

    /// Where a worker's counters begin.
    pub const fn counters_at(worker: u32) -> u64 {
        HEADER_BYTES as u64 + worker as u64 * Self::counters_stride()
    }

    /// Where a worker's slots begin.
    pub const fn slots_at(&self, worker: u32) -> u64 {
        self.slots_offset() + worker as u64 * self.slots_stride()
    }

    /// Where a worker's ring begins.
    pub const fn ring_at(&self, worker: u32) -> u64 {
        self.rings_offset() + worker as u64 * self.ring_stride()
    }

    /// The header of a region of this geometry.
    #[allow(clippy::cast_possible_truncation)] // small constants
    pub const fn header(&self, started_unix_ns: u64) -> Header {
        Header {
            magic: MAGIC,
            abi: ABI,
            header_bytes: HEADER_BYTES,
            workers: self.workers,
            counters: Counter::COUNT as u32,
            counters_offset: HEADER_BYTES as u64,
            counters_stride: Self::counters_stride(),
            slots: self.slots,
            slot_words: SLOT_WORDS as u32,
            slots_offset: self.slots_offset(),
            slots_stride: self.slots_stride(),
            rings_offset: self.rings_offset(),
            ring_stride: self.ring_stride(),
            ring_bytes: self.ring_bytes,
            started_unix_ns,
        }
    }
}

impl Header {
    /// The header as the twelve words it is stored as.
    pub const fn words(&self) -> [u64; 12] {
        [
            u64::from_le_bytes(self.magic),
            pair(self.abi, self.header_bytes),
            pair(self.workers, self.counters),
            self.counters_offset,
            self.counters_stride,
            pair(self.slots, self.slot_words),
            self.slots_offset,
            self.slots_stride,
            self.rings_offset,
            self.ring_stride,
            self.ring_bytes,
            self.started_unix_ns,
        ]
    }
}

const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABI_H: &str = include_str!("../../../cython/abi.h");

    fn constant(name: &str) -> u64 {
        let line = ABI_H.lines().find_map(|line| line.strip_prefix(&format!("#define SALLYGATE_{name} "))).unwrap();
        let value = line.trim();
        value.strip_prefix("0x").map_or_else(|| value.parse(), |hex| u64::from_str_radix(hex, 16)).unwrap()
    }

    #[test]
    fn constants_are_those_of_the_c_header() {
        let here = [
            ("ABI", u64::from(ABI)),
            ("HEADER_BYTES", u64::from(HEADER_BYTES)),
            ("LINE_BYTES", LINE_BYTES),
            ("RING_HEAD", RING_HEAD),
            ("RING_DROPPED", RING_DROPPED),
            ("RING_TAIL", RING_TAIL),
            ("RING_DATA", RING_DATA),
            ("RING_SKIP", u64::from(RING_SKIP)),
            ("RING_MIN_BYTES", RING_MIN_BYTES),
            ("RECORD_FIELDS", RECORD_FIELDS as u64),
            ("RECORD_TEXT", RECORD_TEXT as u64),
            ("RECORD_MAX_BYTES", RECORD_MAX_BYTES as u64),
            ("TARGET_MAX_BYTES", TARGET_MAX_BYTES as u64),
            ("FIELD_MAX_BYTES", FIELD_MAX_BYTES as u64),
            ("FLAG_TLS", u64::from(FLAG_TLS)),
            ("FLAG_UPSTREAM", u64::from(FLAG_UPSTREAM)),
            ("FLAG_RETRIED", u64::from(FLAG_RETRIED)),
            ("FLAG_LINE", u64::from(FLAG_LINE)),
            ("SLOT_STATUS", SLOT_STATUS as u64),
            ("SLOT_REQUEST_BYTES", SLOT_REQUEST_BYTES as u64),
            ("SLOT_RESPONSE_BYTES", SLOT_RESPONSE_BYTES as u64),
            ("SLOT_DURATION_SUM", SLOT_DURATION_SUM as u64),
            ("SLOT_BUCKETS", SLOT_BUCKETS as u64),
            ("BUCKETS", BOUNDS_US.len() as u64),
            ("SLOT_WORDS", SLOT_WORDS as u64),
        ];
        for (name, value) in here {
            assert_eq!(constant(name), value, "SALLYGATE_{name}");
        }
        let numbers = ABI_H.lines().filter(|line| {
            let value = line.strip_prefix("#define SALLYGATE_").and_then(|rest| rest.split_once(' ')).map(|(_, v)| v);
            value.is_some_and(|value| value.starts_with(|c: char| c.is_ascii_digit()))
        });
        assert_eq!(numbers.count(), here.len(), "a constant of abi.h is not compared here");
        assert!(ABI_H.contains("#define SALLYGATE_MAGIC \"SALLYGT1\""));
    }

    #[test]
    fn bounds_are_those_of_the_c_header() {
        let rows = ABI_H.split("ROW(").skip(1).filter_map(|row| row.split_once(',')).map(|(us, _)| us.parse().unwrap());
        assert_eq!(rows.collect::<Vec<u64>>(), BOUNDS_US);
    }

    #[test]
    fn blocks_neither_overlap_nor_leave_the_region() {
        for (workers, slots, ring_bytes) in [(1, 1, 16_384), (3, 17, 32_768), (1_024, 1 << 20, 1 << 30)] {
            let geometry = Geometry::new(workers, slots, ring_bytes).unwrap();
            let last = workers - 1;
            assert!(Geometry::counters_at(last) + Counter::COUNT as u64 * 8 <= geometry.slots_at(0));
            assert!(geometry.slots_at(last) + u64::from(slots) * SLOT_WORDS as u64 * 8 <= geometry.ring_at(0));
            assert_eq!(geometry.ring_at(last) + geometry.ring_stride(), geometry.total_bytes());
            for offset in [Geometry::counters_at(last), geometry.slots_at(last), geometry.ring_at(last)] {
                assert_eq!(offset % LINE_BYTES, 0);
            }
        }
    }

    #[test]
    fn a_wrong_size_is_named() {
        assert!(Geometry::new(0, 1, 16_384).unwrap_err().contains("workers is 0"));
        assert!(Geometry::new(1, 0, 16_384).unwrap_err().contains("telemetry_slots is 0"));
        for ring_bytes in [0, 8_192, 16_385, 1 << 31] {
            assert!(Geometry::new(1, 1, ring_bytes).unwrap_err().contains("ring_bytes"));
        }
    }
}
