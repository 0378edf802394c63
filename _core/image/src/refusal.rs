//! Why a segment is not taken.

use std::fmt;

use crate::digest::Digest;

/// Names the segment, the field in it and what is wrong with its value. The text is for people; it never holds key
/// material, because no message quotes a certificate's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The digest of the segment, in hexadecimal.
    pub segment: String,
    /// What the segment is, or says it is; empty if it does not say.
    pub kind: String,
    /// The path to the field, as in `routes[3].match.pattern`; empty if it is the segment as a whole.
    pub field: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Refusal {
    /// A refusal of one field of a segment.
    pub fn new(segment: Digest, kind: &str, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { segment: segment.hex(), kind: kind.to_owned(), field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "segment {}", self.segment)?;
        if !self.kind.is_empty() {
            write!(formatter, " ({})", self.kind)?;
        }
        if !self.field.is_empty() {
            write!(formatter, ", field {}", self.field)?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

impl std::error::Error for Refusal {}
