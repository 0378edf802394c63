//! 128 bits as 32 hexadecimal digits, eight of them at a time.

const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
const ONES: u64 = 0x0101_0101_0101_0101;

/// The digits of 32 bits, the highest first in memory.
fn digits(bits: u32) -> [u8; 8] {
    // One nibble in each byte.
    let mut spread = u64::from(bits);
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | spread << 4) & NIBBLES;
    // 10 to 15 carry into the fifth bit when 6 is added; for these the letters are 39 beyond the digits.
    let letters = (spread + 6 * ONES) >> 4 & ONES;
    (spread + 0x30 * ONES + letters * 39).to_be_bytes()
}

/// The digits of `bits`, the lowest 32 bits first: for random bits the order means nothing.
pub fn hexadecimal(bits: u128) -> [u8; 32] {
    let mut text = [0; 32];
    let (parts, _) = text.as_chunks_mut::<8>();
    let mut left = bits;
    for part in parts {
        #[expect(clippy::cast_possible_truncation, reason = "the lowest 32 bits are wanted")]
        let low = left as u32;
        *part = digits(low);
        left >>= 32;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        for bits in [0, 1, 0x0123_4567, 0x89ab_cdef, 0xffff_ffff, 0xa0b1_9f8e] {
            assert_eq!(digits(bits), format!("{bits:08x}").as_bytes());
        }
        assert_eq!(&hexadecimal(0x0123_4567_89ab_cdef_0011_2233_4455_6677), b"445566770011223389abcdef01234567");
    }
}
