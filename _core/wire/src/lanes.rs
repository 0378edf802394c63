//! Sixteen bytes judged at once: one bit per byte that is of a kind.

use wide::u8x16;

/// How many bytes are judged at once.
pub(crate) const LANES: usize = 16;

#[inline]
fn each(byte: u8) -> u8x16 {
    u8x16::splat(byte)
}

/// Which of them lie from `from` to `to`.
#[inline]
fn within(bytes: u8x16, from: u8, to: u8) -> u8x16 {
    bytes.max(each(from)).min(each(to)).simd_eq(bytes)
}

/// Those below a space, and DEL.
#[inline]
pub(crate) fn controls(bytes: [u8; LANES]) -> u32 {
    let bytes = u8x16::new(bytes);
    (bytes.min(each(0x1f)).simd_eq(bytes) | bytes.simd_eq(each(0x7f))).to_bitmask()
}

/// Those that are neither letters nor digits nor from `from` to `to`.
#[inline]
pub(crate) fn odd(bytes: [u8; LANES], from: u8, to: u8) -> u32 {
    let bytes = u8x16::new(bytes);
    // What is or becomes a lower-case letter by one bit is a letter.
    let letters = within(bytes | each(0x20), b'a', b'z');
    !(letters | within(bytes, b'0', b'9') | within(bytes, from, to)).to_bitmask() & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_judged_alike() {
        for byte in 0..=255_u8 {
            for at in 0..LANES {
                for filler in [b'a', b'Z', b'5', b'-', b' ', 0, 0x7f, 0x80, 0xff] {
                    let mut bytes = [filler; LANES];
                    bytes[at] = byte;
                    let by = |is: &dyn Fn(u8) -> bool| {
                        bytes.iter().enumerate().fold(0_u32, |bits, (place, one)| bits | u32::from(is(*one)) << place)
                    };
                    assert_eq!(controls(bytes), by(&|one| one < b' ' || one == 0x7f), "{byte} at {at} in {filler}");
                    for (from, to) in [(b'-', b'-'), (b'-', b'/')] {
                        let expect = by(&|one| !(one.is_ascii_alphanumeric() || (from..=to).contains(&one)));
                        assert_eq!(odd(bytes, from, to), expect, "{byte} at {at} in {filler}");
                    }
                }
            }
        }
    }
}
