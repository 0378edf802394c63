//! Byte classes and the two scanners that every parser of this crate is built from.
//!
//! One table of 256 bytes with one bit per class, and one search for controls that looks at eight bytes at a time.

/// A byte of a token: names of fields and methods.
pub(crate) const TOKEN: u8 = 1;
/// The underscore, which is a token byte that some servers read as a hyphen.
pub(crate) const UNDERSCORE: u8 = 1 << 1;
/// A byte of a canonical host name: no upper case.
pub(crate) const HOST: u8 = 1 << 2;
/// A byte that a client may send raw in a path.
pub(crate) const PATH: u8 = 1 << 3;
/// A byte that a client may send raw in a query.
pub(crate) const QUERY: u8 = 1 << 4;
/// A byte that stands for itself in the normal form of a path.
pub(crate) const PLAIN: u8 = 1 << 5;
/// A byte whose percent-encoding means nothing else than the byte.
pub(crate) const UNRESERVED: u8 = 1 << 6;
/// A slash or a dot: what repeated slashes and dot segments are made of.
pub(crate) const STEP: u8 = 1 << 7;

static CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "0..256 over a table of 256, at compile time"
)]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let mut class = 0;
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved {
            class |= UNRESERVED | TOKEN;
        }
        if matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'^' | b'`' | b'|') {
            class |= TOKEN;
        }
        if byte == b'_' {
            class |= UNDERSCORE;
        }
        if unreserved && !byte.is_ascii_uppercase() {
            class |= HOST;
        }
        // RFC 3986 `pchar` without the percent sign, and the slash.
        if unreserved
            || matches!(
                byte,
                b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' | b'/'
            )
        {
            class |= PLAIN;
        }
        if matches!(byte, b'/' | b'.') {
            class |= STEP;
        }
        // Browsers and curl send these raw in paths, as they do bytes above ASCII.
        let tolerated = byte >= 0x80 || matches!(byte, b'%' | b'{' | b'}' | b'|' | b'^' | b'`' | b'[' | b']');
        if class & PLAIN != 0 || tolerated {
            class |= PATH;
        }
        // A query is nobody's to judge: only what would end it, or the request line, is refused.
        if byte > b' ' && byte != 0x7f && byte != b'#' {
            class |= QUERY;
        }
        table[at] = class;
        at += 1;
    }
    table
}

/// The classes of one byte.
#[inline]
#[expect(clippy::indexing_slicing, reason = "a u8 is always inside a table of 256")]
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES[byte as usize]
}

/// How many bytes at the start are all of one of these classes.
#[inline]
pub(crate) fn run(bytes: &[u8], classes: u8) -> usize {
    bytes.iter().position(|&byte| class(byte) & classes == 0).unwrap_or(bytes.len())
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The position of the first control: a byte below space, a tab excepted, or DEL.
#[inline]
pub(crate) fn control(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + control_or_tab(bytes.get(from..)?)?;
        if bytes.get(at) != Some(&b'\t') {
            return Some(at);
        }
        from = at + 1;
    }
}

#[inline]
fn control_or_tab(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest marked byte of each term is a true one (a borrow runs upwards only), so the lowest of both is, too.
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        let delete = word ^ (ONES * 0x7f);
        let delete = delete.wrapping_sub(ONES) & !delete;
        let marks = (below_space | delete) & HIGHS;
        if marks != 0 {
            return Some(number * 8 + (marks.trailing_zeros() / 8) as usize);
        }
    }
    let at = rest.iter().position(|&byte| byte < b' ' || byte == 0x7f)?;
    Some(words.len() * 8 + at)
}

/// Is `bytes` this lower-case text, whatever its own case? The text must be letters, digits and hyphens; for other bytes
/// than token bytes the answer may be wrong.
#[inline]
pub(crate) fn is_token(bytes: &[u8], lower: &[u8]) -> bool {
    bytes.len() == lower.len()
        && bytes.iter().zip(lower).fold(0, |differing, (byte, expect)| differing | ((byte | 0x20) ^ expect)) == 0
}

/// Without the spaces and tabs at both ends; no other byte counts as white space.
#[inline]
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b' ' | b'\t', tail @ ..] = rest {
        rest = tail;
    }
    while let [head @ .., b' ' | b'\t'] = rest {
        rest = head;
    }
    rest
}

/// The value of a hexadecimal digit.
#[inline]
pub(crate) fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|&byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f)
    }

    #[test]
    fn the_word_search_agrees_with_the_naive_one() {
        for byte in 0..=255_u8 {
            for at in 0..20 {
                for filler in [b' ', b'a', 0x80, 0xff, b'\t', b'~', b'!'] {
                    let mut bytes = [filler; 20];
                    bytes[at] = byte;
                    assert_eq!(control(&bytes), naive(&bytes), "{byte} at {at} in {filler}");
                    bytes[19] = 0;
                    assert_eq!(control(&bytes), naive(&bytes), "{byte} at {at} in {filler} before NUL");
                }
            }
        }
    }

    #[test]
    fn tokens_are_rfc_9110_tokens() {
        for byte in 0..=255_u8 {
            let expect = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(class(byte) & TOKEN != 0, expect, "{byte}");
        }
    }

    #[test]
    fn only_space_and_tab_are_trimmed() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b"\x0ba\xa0"), b"\x0ba\xa0");
        assert_eq!(trim(b" \t"), b"");
    }

    #[test]
    fn names_are_compared_without_case() {
        assert!(is_token(b"X-Real-IP", b"x-real-ip"));
        assert!(!is_token(b"X-Real_IP", b"x-real-ip"));
        assert!(!is_token(b"X-Real-I", b"x-real-ip"));
    }
}
