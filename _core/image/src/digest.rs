//! The name of a segment: `BLAKE2b` with 16 bytes of output over the segment's bytes.

use std::fmt;

use blake2::digest::consts::U16;
use blake2::{Blake2b, Digest as _};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Sixteen bytes that name a segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Blake2b::<U16>::digest(bytes).into())
    }

    /// The digest written as 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Bytes of another length than a digest has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADigest(
    /// How many bytes there were.
    pub usize,
);

impl fmt::Display for NotADigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a digest has 16 bytes, not {}", self.0)
    }
}

impl std::error::Error for NotADigest {}

impl TryFrom<&[u8]> for Digest {
    type Error = NotADigest;

    fn try_from(bytes: &[u8]) -> Result<Self, NotADigest> {
        bytes.try_into().map(Self).map_err(|_| NotADigest(bytes.len()))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Digest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a digest of 16 bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Digest, E> {
                bytes.try_into().map_err(E::custom)
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference_implementation() {
        // python3 -c "import hashlib; print(hashlib.blake2b(b'', digest_size=16).hexdigest())", and with b'abc'
        assert_eq!(Digest::of(b"").hex(), "cae66941d9efbd404e4d88758ea67670");
        assert_eq!(Digest::of(b"abc").hex(), "cf4ab791c62b8d2b2109c90275287816");
    }

    #[test]
    fn other_lengths_are_refused() {
        assert_eq!(Digest::try_from(&[0_u8; 15][..]), Err(NotADigest(15)));
        assert_eq!(Digest::try_from(&[7_u8; 16][..]), Ok(Digest([7; 16])));
    }
}
