//! One access-log record while its request is served: text as it becomes known, numbers at the end.

use super::layout::{
    FIELD_MAX_BYTES, FLAG_RETRIED, FLAG_TLS, FLAG_UPSTREAM, RECORD_FIELDS, RECORD_MAX_BYTES, RECORD_TEXT,
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
    bytes: Vec<u8>,
    lengths: [u16; RECORD_FIELDS],
    next: usize,
    tries: u16,
}

impl AccessRecord {
    /// Starts a record in memory that may have been used before.
    pub(super) fn start(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.extend_from_slice(&[0; RECORD_TEXT]);
        Self { bytes, lengths: [0; RECORD_FIELDS], next: 0, tries: 0 }
    }

    /// Sets a field, cut to its limit. A field that is never set is empty; one set out of order, or twice, stays as it was.
    #[inline]
    pub fn set(&mut self, field: Field, text: &[u8]) {
        if field as usize >= self.next {
            self.next = field as usize;
            self.append(field, text);
            self.next += 1;
        }
    }

    /// Adds an endpoint to [`Field::UpstreamAddr`]; call it once per try.
    #[inline]
    pub fn tried(&mut self, address: &[u8]) {
        if self.next > Field::UpstreamAddr as usize {
            return;
        }
        self.next = Field::UpstreamAddr as usize;
        if self.tries > 0 {
            self.append(Field::UpstreamAddr, b", ");
        }
        self.append(Field::UpstreamAddr, address);
        self.tries = self.tries.saturating_add(1);
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most TARGET_MAX_BYTES
    fn append(&mut self, field: Field, text: &[u8]) {
        let limit = if field == Field::Target { TARGET_MAX_BYTES } else { FIELD_MAX_BYTES };
        if let Some(length) = self.lengths.get_mut(field as usize) {
            let text = text.get(..limit.saturating_sub(usize::from(*length))).unwrap_or(text);
            self.bytes.extend_from_slice(text);
            *length += text.len() as u16;
        }
    }

    /// Writes the numbers and hands out the record as the ring takes it, and its memory.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most RECORD_MAX_BYTES
    pub(super) fn finish(mut self, outcome: &Outcome) -> Vec<u8> {
        let total = padded(self.bytes.len());
        debug_assert!(total <= RECORD_MAX_BYTES);
        self.bytes.resize(total, 0);
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
        let status = outcome.status.to_le_bytes();
        if let Some((numbers, rest)) = self.bytes.split_first_chunk_mut::<68>() {
            let (words, _) = numbers.as_chunks_mut::<8>();
            let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
            let values = [
                pair(total as u32, u32::from_le_bytes([status[0], status[1], 0, flags])),
                outcome.start_unix_ns,
                outcome.duration_us,
                outcome.upstream_us.unwrap_or(u64::MAX),
                outcome.request_length,
                outcome.body_bytes_sent,
                outcome.upstream_response_length,
                pair(outcome.slot, u32::from(outcome.upstream_status) | u32::from(self.tries) << 16),
            ];
            for (word, value) in words.iter_mut().zip(values) {
                *word = value.to_le_bytes();
            }
            if let Some(last) = numbers.last_chunk_mut::<4>() {
                *last = (u32::from(outcome.tls_version) | (RECORD_FIELDS as u32) << 16).to_le_bytes();
            }
            for (place, length) in rest.as_chunks_mut::<2>().0.iter_mut().zip(self.lengths) {
                *place = length.to_le_bytes();
            }
        }
        self.bytes
    }
}
