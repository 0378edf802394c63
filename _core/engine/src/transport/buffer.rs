//! Receive buffers and output blocks, lent by a pool per worker so that an idle connection holds none.

use std::cell::RefCell;

/// Size of a fresh receive buffer: a whole head and a good piece of body in one read.
pub const BUFFER_BYTES: usize = 16 * 1024;
/// Size of a receive buffer for a body that is known to go on: a quarter of the system calls, and half of what a small
/// second-level cache holds. Lent only while the bytes flow.
pub const LARGE_BYTES: usize = 64 * 1024;
/// How many large ones a worker keeps: 8 MiB of memory once that many bodies were under way at the same time.
const KEPT_LARGE: usize = 128;
/// How many blocks of each sort a worker keeps for reuse; more than are in flight at once on a busy worker.
const KEPT: usize = 1024;
/// An output block that grew beyond this is freed instead of kept.
const KEPT_OUTPUT_BYTES: usize = 64 * 1024;

/// The size of buffer that suits so many bytes.
fn fitting(expected: u64) -> usize {
    if expected > BUFFER_BYTES as u64 { LARGE_BYTES } else { BUFFER_BYTES }
}

/// A receive buffer: bytes arrive at the end and are consumed at the start.
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], start: 0, end: 0 }
    }

    /// Is it empty, and too small for a body of which `expected` bytes are still to come?
    pub fn is_outgrown(&self, expected: u64) -> bool {
        self.is_empty() && self.bytes.len() < fitting(expected)
    }

    /// What has arrived and was not consumed.
    pub fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the next bytes go. Empty when the buffer is full.
    pub fn space(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` bytes were written into `space`.
    pub fn filled_by(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Drops `count` bytes at the start.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Is nothing left in it?
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Appends bytes that were received elsewhere, growing if it must.
    pub fn append(&mut self, bytes: &[u8]) {
        self.make_space(bytes.len(), usize::MAX);
        if let Some(space) = self.space().get_mut(..bytes.len()) {
            space.copy_from_slice(bytes);
            self.filled_by(bytes.len());
        }
    }

    /// Makes room for `count` bytes by moving what is filled to the front and then by growing, up to `limit` bytes
    /// in all. Returns whether there is any room. It grows by whole blocks: byte by byte, each byte would be a read.
    pub fn make_space(&mut self, count: usize, limit: usize) -> bool {
        if self.bytes.len() - self.end >= count {
            return true;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < count {
            let wanted = self.end.saturating_add(count.max(BUFFER_BYTES)).min(limit);
            if wanted > self.bytes.len() {
                self.bytes.resize(wanted, 0);
            }
        }
        self.end < self.bytes.len()
    }
}

/// Output bytes and how many of them were written.
#[derive(Default)]
pub struct Output {
    /// Bytes to be written. Append freely.
    pub bytes: Vec<u8>,
    written: usize,
}

impl Output {
    /// What is still to be written.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Is everything written?
    pub fn is_empty(&self) -> bool {
        self.written >= self.bytes.len()
    }

    /// `count` more bytes were written. Their room is free again once all are, or a block of them is: a peer that
    /// always leaves some would otherwise make this as large as everything it was ever sent.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
        if self.is_empty() {
            self.clear();
        } else if self.written >= KEPT_OUTPUT_BYTES {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// Like `wrote`, but keeps the bytes, so that they can be sent to another peer with `rewind`.
    pub fn wrote_keeping(&mut self, count: usize) {
        self.written += count;
    }

    /// Starts again from the first byte.
    pub fn rewind(&mut self) {
        self.written = 0;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
    }
}

/// A worker's blocks that wait for their next use.
#[derive(Default)]
pub struct Pool {
    buffers: RefCell<Vec<Buffer>>,
    large: RefCell<Vec<Buffer>>,
    outputs: RefCell<Vec<Output>>,
}

impl Pool {
    /// An empty receive buffer.
    pub fn buffer(&self) -> Buffer {
        self.buffers.borrow_mut().pop().unwrap_or_else(|| Buffer::new(BUFFER_BYTES))
    }

    /// An empty receive buffer for a body of which so many bytes are still to come; 0 where that is not known.
    pub fn buffer_for(&self, expected: u64) -> Buffer {
        if fitting(expected) == BUFFER_BYTES {
            return self.buffer();
        }
        self.large.borrow_mut().pop().unwrap_or_else(|| Buffer::new(LARGE_BYTES))
    }

    /// Takes a receive buffer back.
    pub fn put_buffer(&self, mut buffer: Buffer) {
        let (kept, most) = match buffer.bytes.len() {
            BUFFER_BYTES => (&self.buffers, KEPT),
            LARGE_BYTES => (&self.large, KEPT_LARGE),
            _ => return,
        };
        let mut kept = kept.borrow_mut();
        if kept.len() < most {
            buffer.start = 0;
            buffer.end = 0;
            kept.push(buffer);
        }
    }

    /// An empty output block.
    pub fn output(&self) -> Output {
        self.outputs.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes an output block back.
    pub fn put_output(&self, mut output: Output) {
        let mut kept = self.outputs.borrow_mut();
        if kept.len() < KEPT && output.bytes.capacity() <= KEPT_OUTPUT_BYTES {
            output.clear();
            kept.push(output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_moves_before_it_grows() {
        let mut buffer = Buffer::new(BUFFER_BYTES);
        buffer.append(&[7; BUFFER_BYTES]);
        assert!(buffer.space().is_empty());
        buffer.consume(100);
        assert!(buffer.make_space(100, BUFFER_BYTES));
        assert_eq!(buffer.space().len(), 100);
        assert_eq!(buffer.filled().len(), BUFFER_BYTES - 100);
        buffer.filled_by(100);
        assert!(!buffer.make_space(1, BUFFER_BYTES));
        assert!(buffer.make_space(1, BUFFER_BYTES + 1));
        assert_eq!(buffer.space().len(), 1);
        buffer.filled_by(1);
        assert!(buffer.make_space(1, 4 * BUFFER_BYTES));
        assert_eq!(buffer.space().len(), BUFFER_BYTES);
    }

    #[test]
    fn a_long_body_has_a_large_buffer_and_each_size_goes_back_to_its_own() {
        let pool = Pool::default();
        let (short, long) = (pool.buffer_for(BUFFER_BYTES as u64), pool.buffer_for(BUFFER_BYTES as u64 + 1));
        assert_eq!((short.bytes.len(), long.bytes.len()), (BUFFER_BYTES, LARGE_BYTES));
        assert!(short.is_outgrown(u64::MAX));
        assert!(!short.is_outgrown(0) && !long.is_outgrown(u64::MAX));
        pool.put_buffer(short);
        pool.put_buffer(long);
        assert_eq!(pool.buffer().bytes.len(), BUFFER_BYTES);
        assert_eq!(pool.buffer_for(u64::MAX).bytes.len(), LARGE_BYTES);
        let mut used = pool.buffer();
        used.append(b"something");
        assert!(!used.is_outgrown(u64::MAX), "it has bytes to be taken first");
        for _ in 0..2 * KEPT_LARGE {
            pool.put_buffer(Buffer::new(LARGE_BYTES));
        }
        assert_eq!(pool.large.borrow().len(), KEPT_LARGE);
    }

    #[test]
    fn an_output_that_is_never_quite_empty_stays_small() {
        let mut output = Output::default();
        for _ in 0..1_000 {
            output.bytes.extend_from_slice(&[7; BUFFER_BYTES]);
            output.wrote(BUFFER_BYTES - 1);
        }
        assert_eq!(output.rest().len(), 1_000);
        assert!(output.bytes.len() <= KEPT_OUTPUT_BYTES + BUFFER_BYTES + 1_000);
    }

    #[test]
    fn an_output_can_be_sent_again() {
        let mut output = Output::default();
        output.bytes.extend_from_slice(b"hello");
        output.wrote_keeping(5);
        assert!(output.is_empty());
        output.rewind();
        assert_eq!(output.rest(), b"hello");
        output.wrote(5);
        assert_eq!(output.rest(), b"");
    }
}
