//! The mapping of the shared memory: the one place of telemetry with unsafe code. What leaves it is bounds-checked,
//! aligned, alive as long as it is held, and made of atomics only.

use std::io;
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::layout::{Geometry, RING_DATA};
use super::ring::{CONTROL_WORDS, Consumer, Ring};
use super::worker::Worker;

/// A mapped region. The file descriptor may be closed after [`Region::create`]; the mapping lives as long as a worker uses it.
#[derive(Debug)]
pub struct Region {
    mapping: Mapping,
    geometry: Geometry,
    taken: Box<[AtomicBool]>,
}

impl Region {
    /// Sizes the memfd behind `fd`, seals its size where sealing is allowed, maps it, and writes the header.
    /// The file must be new: empty, or already of exactly this size.
    pub fn create(fd: BorrowedFd<'_>, geometry: Geometry, started_unix_ns: u64) -> io::Result<Arc<Self>> {
        let mapping = Mapping::new(fd, geometry.total_bytes())?;
        let taken = (0..geometry.workers()).map(|_| AtomicBool::new(false)).collect();
        let region = Arc::new(Self { mapping, geometry, taken });
        let words = geometry.header(started_unix_ns).words();
        let header =
            Span::new(&region, 0, words.len() as u64).ok_or_else(|| io::Error::other("telemetry: no header"))?;
        // The magic comes last: a reader that sees it sees everything.
        for (word, value) in header.iter().zip(words).rev() {
            word.store(value, Ordering::Release);
        }
        Ok(region)
    }

    /// The sizes it was made with.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The writing side of one worker. Every word has one writer: `None` while it is held, or beyond the last worker. After
    /// it was dropped (a worker that panicked and starts anew) the next one goes on where it stood.
    pub fn worker(self: &Arc<Self>, index: u32) -> Option<Worker> {
        let taken = self.taken.get(index as usize)?;
        if taken.swap(true, Ordering::Acquire) {
            return None;
        }
        Worker::new(self, Claim { region: Arc::clone(self), index })
    }

    /// The reading end of a worker's log ring, for tests and measurements: in service the one reader is `gateway._shm`.
    pub fn log_reader(self: &Arc<Self>, index: u32) -> Option<Consumer<Span>> {
        (index < self.geometry.workers()).then_some(())?;
        Some(Consumer::new(self.ring(index)?))
    }

    pub(super) fn ring(self: &Arc<Self>, index: u32) -> Option<Ring<Span>> {
        let start = self.geometry.ring_at(index);
        let control = Span::new(self, start, CONTROL_WORDS as u64)?;
        Ring::new(control, Span::new(self, start + RING_DATA, self.geometry.ring_bytes() / 8)?)
    }
}

/// The right to write one worker's words, given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    region: Arc<Region>,
    index: u32,
}

impl Claim {
    /// Which worker.
    pub(super) const fn index(&self) -> u32 {
        self.index
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(taken) = self.region.taken.get(self.index as usize) {
            taken.store(false, Ordering::Release);
        }
    }
}

/// Some words of a region, which keep it mapped.
#[derive(Clone, Debug)]
pub struct Span {
    first: NonNull<AtomicU64>,
    count: usize,
    _region: Arc<Region>,
}

impl Span {
    /// `count` words from `offset` on; `None` when they are misaligned or not all inside.
    pub(super) fn new(region: &Arc<Region>, offset: u64, count: u64) -> Option<Self> {
        let start = usize::try_from(offset).ok()?;
        let count = usize::try_from(count).ok()?;
        let end = count.checked_mul(8)?.checked_add(start)?;
        if start % 8 != 0 || end > region.mapping.bytes {
            return None;
        }
        // SAFETY: `start` is at most the size of the mapping, so the result stays inside the same allocation.
        let first = unsafe { region.mapping.base.add(start) }.cast::<AtomicU64>();
        Some(Self { first, count, _region: Arc::clone(region) })
    }
}

impl Deref for Span {
    type Target = [AtomicU64];

    #[inline]
    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: `new` checked that all words are inside the mapping and aligned (the mapping is page-aligned); the region
        // keeps it mapped and, where the system lets it, sealed against shrinking; memory from ftruncate is zeroed, and all
        // accesses are atomic, so whatever other processes write is a valid value.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

// SAFETY: a span is a shared slice of atomics with an `Arc` that keeps it valid; both may be used from any thread.
unsafe impl Send for Span {}
// SAFETY: as above.
unsafe impl Sync for Span {}

#[derive(Debug)]
struct Mapping {
    base: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    fn new(fd: BorrowedFd<'_>, bytes: u64) -> io::Result<Self> {
        let size = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
        let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
        let fd = fd.as_raw_fd();
        // SAFETY: a plain system call on a descriptor that is borrowed, hence open.
        if unsafe { libc::ftruncate(fd, size) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // Best effort: a file without sealing (an ordinary file in a test) works the same, it is only less guarded.
        // SAFETY: as above.
        unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW) };
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, libc::MAP_SHARED, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast::<u8>()).ok_or_else(|| io::Error::other("telemetry: mapped at address 0"))?;
        Ok(Self { base, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, of this size, and every span into it held an `Arc` of the region that is now gone.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

// SAFETY: the mapping is only an address range; all access goes through `Span`.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::{AsFd, FromRawFd};
    use std::os::unix::fs::FileExt;

    use super::super::layout::{RING_DROPPED, RING_HEAD, SLOT_WORDS};
    use super::super::{Counter, Outcome};
    use super::*;

    fn memfd() -> File {
        // SAFETY: a plain system call with a constant, terminated name.
        let fd = unsafe { libc::memfd_create(c"telemetry".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
        assert!(fd >= 0, "{}", io::Error::last_os_error());
        // SAFETY: the descriptor is new and nobody else's.
        unsafe { File::from_raw_fd(fd) }
    }

    fn word(file: &File, offset: u64) -> u64 {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, offset).unwrap();
        u64::from_le_bytes(bytes)
    }

    #[test]
    fn every_worker_writes_into_its_own_blocks() {
        let file = memfd();
        let geometry = Geometry::new(3, 5, 16_384).unwrap();
        let region = Region::create(file.as_fd(), geometry, 7).unwrap();
        assert_eq!(file.metadata().unwrap().len(), geometry.total_bytes());
        assert_eq!([0, 1, 2, 11].map(|at| word(&file, at * 8)), [0, 1, 2, 11].map(|at| geometry.header(7).words()[at]));
        let workers: Vec<_> = (0..3).map(|index| region.worker(index).unwrap()).collect();
        drop(region);
        for (number, worker) in (1..).zip(&workers) {
            worker.add(Counter::Panics, number);
            worker.observe(4, 200, number, 0, 0);
        }
        for index in 0..3 {
            let panics = Geometry::counters_at(index) + Counter::Panics as u64 * 8;
            assert_eq!(word(&file, panics), u64::from(index) + 1);
            assert_eq!(word(&file, geometry.slots_at(index) + (4 * SLOT_WORDS as u64 + 5) * 8), u64::from(index) + 1);
        }
    }

    #[test]
    fn a_worker_is_given_to_one_at_a_time_and_goes_on_where_it_stood() {
        let file = memfd();
        let geometry = Geometry::new(1, 1, 16_384).unwrap();
        let region = Region::create(file.as_fd(), geometry, 0).unwrap();
        for round in 1..=3 {
            let worker = region.worker(0).unwrap();
            assert!(region.worker(0).is_none());
            worker.add(Counter::Panics, 1);
            assert!(worker.log(worker.record(), &Outcome::default()));
            assert_eq!(word(&file, Geometry::counters_at(0) + Counter::Panics as u64 * 8), round);
            assert_eq!(word(&file, geometry.ring_at(0) + RING_HEAD), round * 96);
        }
        assert!(region.worker(1).is_none());
        assert!(region.log_reader(1).is_none());
    }

    #[test]
    fn the_size_is_sealed() {
        let file = memfd();
        let _region = Region::create(file.as_fd(), Geometry::new(1, 1, 16_384).unwrap(), 0).unwrap();
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn spans_outside_the_region_are_refused() {
        let geometry = Geometry::new(1, 1, 16_384).unwrap();
        let region = Region::create(memfd().as_fd(), geometry, 0).unwrap();
        let end = geometry.total_bytes();
        assert!(Span::new(&region, end - 8, 1).is_some());
        for (offset, count) in [(end - 8, 2), (end, 1), (4, 1), (0, u64::MAX), (u64::MAX - 7, 1)] {
            assert!(Span::new(&region, offset, count).is_none(), "{offset} {count}");
        }
    }

    #[test]
    fn a_full_ring_drops_counts_and_recovers() {
        let file = memfd();
        let geometry = Geometry::new(1, 1, 16_384).unwrap();
        let region = Region::create(file.as_fd(), geometry, 0).unwrap();
        let (worker, mut reader) = (region.worker(0).unwrap(), region.log_reader(0).unwrap());
        let ring = geometry.ring_at(0);
        let written = (0..1_000).filter(|_| worker.log(worker.record(), &Outcome::default())).count() as u64;
        assert_eq!(written, 16_384 / 96);
        assert_eq!([word(&file, ring + RING_HEAD), word(&file, ring + RING_DROPPED)], [written * 96, 1_000 - written]);
        assert_eq!(reader.dropped(), 1_000 - written);
        let logged = Geometry::counters_at(0) + Counter::AccessLogRecords as u64 * 8;
        assert_eq!(word(&file, logged), written);
        // 64 bytes are left before the end and skipped, which together with the room of one record is enough.
        assert!(reader.pop(&mut Vec::new()));
        assert!(worker.log(worker.record(), &Outcome::default()));
        assert!(!worker.log(worker.record(), &Outcome::default()));
    }
}
