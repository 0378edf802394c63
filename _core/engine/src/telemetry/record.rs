//! One access-log record: text field by field, then the numbers.

use super::layout::{
    FIELD_MAX_BYTES, FLAG_LINE, FLAG_RETRIED, FLAG_TLS, FLAG_UPSTREAM, LINE_MAX_BYTES, RECORD_FIELDS, RECORD_TEXT,
    TARGET_MAX_BYTES, padded,
};

/// The text fields, in the order in which they must be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names say it
pub enum Field {
    RemoteAddr,
    RemotePort,
    Method,
    /// The request target as received.
    Target,
    Protocol,
    Host,
    Referer,
    UserAgent,
    RequestId,
    /// `ip:port` of every endpoint that was tried; see [`AccessRecord::tried`].
    UpstreamAddr,
    /// Code of the fault that ended the request; unset when there was none.
    Fault,
}

/// What is known at the end of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Status sent to the client.
    pub status: u16,
    /// When the first byte of the request was read.
    pub start_unix_ns: u64,
    /// From then to the last byte of the response.
    pub duration_us: u64,
    /// From the last try's first byte to its response's last; `None` when no endpoint answered.
    pub upstream_us: Option<u64>,
    /// Bytes read from the client, head and body.
    pub request_length: u64,
    /// Bytes of body written to the client.
    pub body_bytes_sent: u64,
    /// Bytes of body read from the endpoint.
    pub upstream_response_length: u64,
    /// The route's slot; 0 for none.
    pub slot: u32,
    /// Status read from the endpoint; 0 for none.
    pub upstream_status: u16,
    /// 0 for plain text, else the version as in the TLS record, such as 0x0304.
    pub tls_version: u16,
}

/// A record being built. Made by [`Worker::record`](super::Worker::record), which reuses the memory of finished ones.
#[derive(Debug)]
pub struct AccessRecord {
    /// Initialised up to its length, used up to `end`: growing is rare, so the usual append is a bounds check and a copy.
    bytes: Vec<u8>,
    end: usize,
    lengths: [u16; RECORD_FIELDS],
    next: u16,
    tries: u16,
    /// The text is one finished line.
    line: bool,
}

impl AccessRecord {
    /// Starts a record in memory that may have been used before.
    #[inline]
    pub(super) fn start(mut bytes: Vec<u8>) -> Self {
        if bytes.len() < FIRST_BYTES {
            bytes.resize(FIRST_BYTES, 0);
        }
        Self { bytes, end: RECORD_TEXT, lengths: [0; RECORD_FIELDS], next: 0, tries: 0, line: false }
    }

    /// Sets a field, cut to its limit. A field that is never set is empty; one set out of order, or twice, stays as it was.
    #[inline]
    pub fn set(&mut self, field: Field, text: &[u8]) {
        if field as u16 >= self.next {
            self.next = field as u16 + 1;
            self.append(field, text);
        }
    }

    /// Puts a finished line, cut to [`LINE_MAX_BYTES`], in the place of all text: its reader writes it as it is.
    #[allow(clippy::cast_possible_truncation)] // a few fields
    pub fn line(&mut self, text: &[u8]) {
        self.end = RECORD_TEXT;
        self.lengths = [0; RECORD_FIELDS];
        self.next = RECORD_FIELDS as u16;
        self.line = true;
        self.append_within(Field::RemoteAddr, text, LINE_MAX_BYTES);
    }

    /// Adds an endpoint to [`Field::UpstreamAddr`]; call it once per try.
    #[inline]
    pub fn tried(&mut self, address: &[u8]) {
        if self.next > Field::UpstreamAddr as u16 {
            return;
        }
        self.next = Field::UpstreamAddr as u16;
        if self.tries > 0 {
            self.append(Field::UpstreamAddr, b", ");
        }
        self.append(Field::UpstreamAddr, address);
        self.tries = self.tries.saturating_add(1);
    }

    #[inline]
    fn append(&mut self, field: Field, text: &[u8]) {
        let limit = if field == Field::Target { TARGET_MAX_BYTES } else { FIELD_MAX_BYTES };
        self.append_within(field, text, limit);
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most LINE_MAX_BYTES
    fn append_within(&mut self, field: Field, text: &[u8], limit: usize) {
        let Some(length) = self.lengths.get_mut(field as usize) else { return };
        let text = text.get(..limit.saturating_sub(usize::from(*length))).unwrap_or(text);
        let end = self.end + text.len();
        if end > self.bytes.len() {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        if let Some(place) = self.bytes.get_mut(self.end..end) {
            place.copy_from_slice(text);
            *length += text.len() as u16;
            self.end = end;
        }
    }

    /// Writes the numbers; the record as the ring takes it.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most RECORD_MAX_BYTES
    pub(super) fn finish(&mut self, outcome: &Outcome) -> &[u8] {
        let total = padded(self.end);
        if total > self.bytes.len() {
            self.bytes.resize(total, 0);
        }
        let mut flags = 0;
        if outcome.tls_version != 0 {
            flags |= FLAG_TLS;
        }
        if self.tries > 0 {
            flags |= FLAG_UPSTREAM;
        }
        if self.tries > 1 {
            flags |= FLAG_RETRIED;
        }
        if self.line {
            flags |= FLAG_LINE;
        }
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let values = [
            pair(total as u32, u32::from(outcome.status) | u32::from(flags) << 24),
            outcome.start_unix_ns,
            outcome.duration_us,
            outcome.upstream_us.unwrap_or(u64::MAX),
            outcome.request_length,
            outcome.body_bytes_sent,
            outcome.upstream_response_length,
            pair(outcome.slot, u32::from(outcome.upstream_status) | u32::from(self.tries) << 16),
        ];
        if let Some((numbers, rest)) = self.bytes.split_first_chunk_mut::<NUMBERS>() {
            for (word, value) in numbers.as_chunks_mut::<8>().0.iter_mut().zip(values) {
                *word = value.to_le_bytes();
            }
            if let Some((last, rest)) = rest.split_first_chunk_mut::<4>() {
                *last = (u32::from(outcome.tls_version) | (RECORD_FIELDS as u32) << 16).to_le_bytes();
                for (place, length) in rest.as_chunks_mut::<2>().0.iter_mut().zip(self.lengths) {
                    *place = length.to_le_bytes();
                }
            }
        }
        if let Some(padding) = self.bytes.get_mut(self.end..total) {
            padding.fill(0);
        }
        self.bytes.get(..total).unwrap_or_default()
    }

    /// The memory, for the next record.
    #[inline]
    pub(super) fn into_memory(self) -> Vec<u8> {
        self.bytes
    }
}

/// First size of a record's memory: most records fit, so it never grows.
const FIRST_BYTES: usize = 512;
/// The eight words of numbers at the start of a record.
const NUMBERS: usize = 64;

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests {
    use super::super::layout::RECORD_MAX_BYTES;
    use super::*;

    const FIELDS: [Field; RECORD_FIELDS] = [
        Field::RemoteAddr,
        Field::RemotePort,
        Field::Method,
        Field::Target,
        Field::Protocol,
        Field::Host,
        Field::Referer,
        Field::UserAgent,
        Field::RequestId,
        Field::UpstreamAddr,
        Field::Fault,
    ];

    /// `6162*3` is `ababab`, `-` is nothing.
    fn text(word: &str) -> Vec<u8> {
        let (hex, times) = word.split_once('*').unwrap_or((word, "1"));
        let digits = if hex == "-" { "" } else { hex };
        let bytes = (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap());
        bytes.collect::<Vec<_>>().repeat(times.parse().unwrap())
    }

    /// The vectors are shared with the Python writer and both readers.
    #[test]
    fn bytes_are_those_of_the_vectors() {
        let vectors = include_str!("../../../../tests/boundary/test_shm_vectors.txt");
        let mut count = 0;
        for line in vectors.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let parts: Vec<Vec<&str>> = line.split(" | ").map(|part| part.split_whitespace().collect()).collect();
            let number = |at: usize| parts[0][at].parse::<u64>().unwrap();
            let mut record = AccessRecord::start(vec![1, 2, 3]);
            for (field, word) in FIELDS.into_iter().zip(&parts[1]) {
                if field != Field::UpstreamAddr {
                    record.set(field, &text(word));
                    continue;
                }
                let tried = String::from_utf8(text(word)).unwrap();
                tried.split(", ").filter(|address| !address.is_empty()).for_each(|one| record.tried(one.as_bytes()));
            }
            let outcome = Outcome {
                status: number(0) as u16,
                start_unix_ns: number(1),
                duration_us: number(2),
                upstream_us: parts[0][3].parse().ok(),
                request_length: number(4),
                body_bytes_sent: number(5),
                upstream_response_length: number(6),
                slot: number(7) as u32,
                upstream_status: number(8) as u16,
                tls_version: number(9) as u16,
            };
            let expected: Vec<u8> = parts[2].iter().flat_map(|word| text(word)).collect();
            assert_eq!(record.finish(&outcome), expected, "{line}");
            count += 1;
        }
        assert!(count >= 4);
    }

    fn lengths(record: &AccessRecord) -> [u16; RECORD_FIELDS] {
        record.lengths
    }

    #[test]
    fn a_field_out_of_order_or_set_twice_stays_as_it_was() {
        let mut record = AccessRecord::start(Vec::new());
        record.set(Field::Target, b"/target");
        record.set(Field::Method, b"GET");
        record.set(Field::Target, b"/other");
        record.tried(b"10.0.0.1:80");
        record.set(Field::RequestId, b"abc");
        record.set(Field::Fault, b"upstream.connect");
        record.tried(b"10.0.0.2:80");
        assert_eq!(record.tries, 1);
        assert_eq!(lengths(&record), [0, 0, 0, 7, 0, 0, 0, 0, 0, 11, 16]);
    }

    #[test]
    fn a_finished_line_takes_the_place_of_all_text() {
        let mut record = AccessRecord::start(Vec::new());
        record.set(Field::RemoteAddr, b"10.0.0.1");
        record.set(Field::Target, b"/target");
        record.line(b"one line");
        record.set(Field::Fault, b"late");
        assert_eq!(lengths(&record), [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let bytes = record.finish(&Outcome::default());
        assert_eq!(bytes[RECORD_TEXT..RECORD_TEXT + 8], *b"one line");
        assert_eq!(bytes[7] & FLAG_LINE, FLAG_LINE);
        let mut record = AccessRecord::start(Vec::new());
        record.line(&vec![b'x'; 100_000]);
        assert_eq!(record.finish(&Outcome::default()).len(), RECORD_MAX_BYTES);
    }

    #[test]
    fn the_longest_record_is_the_stated_size() {
        let mut record = AccessRecord::start(Vec::new());
        let long = vec![b'x'; 100_000];
        for field in FIELDS {
            if field == Field::UpstreamAddr {
                (0..70_000).for_each(|_| record.tried(b"[2001:db8::1]:8080"));
            } else {
                record.set(field, &long);
            }
        }
        assert_eq!(record.tries, u16::MAX);
        assert_eq!(record.finish(&Outcome::default()).len(), RECORD_MAX_BYTES);
    }
}
