//! Byte classes and the two scanners that every parser of this crate is built from.
//!
//! One table of 256 bytes with one bit per class, and searches that look at sixteen bytes at a time.

use crate::lanes::{LANES, controls, odd};

/// Every byte one.
const ONES: u64 = 0x0101_0101_0101_0101;

/// A byte of a token: names of fields and methods.
pub(crate) const TOKEN: u8 = 1;
/// A byte of a canonical host name: no upper case.
pub(crate) const HOST: u8 = 1 << 1;
/// A byte that a client may send raw in a path.
pub(crate) const PATH: u8 = 1 << 2;
/// A byte that a client may send raw in a query.
pub(crate) const QUERY: u8 = 1 << 3;
/// A byte that stands for itself in the normal form of a path.
pub(crate) const PLAIN: u8 = 1 << 4;
/// A byte whose percent-encoding means nothing else than the byte.
pub(crate) const UNRESERVED: u8 = 1 << 5;
/// A slash or a dot: what repeated slashes and dot segments are made of.
pub(crate) const STEP: u8 = 1 << 6;

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

/// How many bytes at the start are letters, digits, or from `from` to `to`, found sixteen at a time. May stop early: what
/// comes then is for [`run`] to judge.
#[inline]
fn plain_run(bytes: &[u8], from: u8, to: u8) -> usize {
    let (chunks, _) = bytes.as_chunks::<LANES>();
    for (number, chunk) in chunks.iter().enumerate() {
        let odd = odd(*chunk, from, to);
        if odd != 0 {
            return number * LANES + odd.trailing_zeros() as usize;
        }
    }
    chunks.len() * LANES
}

/// How many bytes at the start are of a token. Names are nearly always letters, digits and hyphens.
#[inline]
pub(crate) fn token_run(bytes: &[u8]) -> usize {
    let plain = plain_run(bytes, b'-', b'-');
    match bytes.get(plain) {
        Some(b':' | b' ') => plain,
        _ => plain + run(bytes.get(plain..).unwrap_or_default(), TOKEN),
    }
}

/// How many bytes at the start may stand in a path.
#[inline]
pub(crate) fn path_run(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += plain_run(bytes.get(at..).unwrap_or_default(), b'-', b'/');
        // What stopped it, and the few bytes that fill no chunk.
        let odd = bytes.get(at..bytes.len().min(at + LANES)).unwrap_or_default();
        match odd {
            [b' ' | b'?', ..] | [] => return at,
            _ => {}
        }
        let good = run(odd, PATH);
        at += good;
        if good < odd.len() {
            return at;
        }
    }
}

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
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    for (number, chunk) in chunks.iter().enumerate() {
        let marks = controls(*chunk);
        if marks != 0 {
            return Some(number * LANES + marks.trailing_zeros() as usize);
        }
    }
    if rest.is_empty() {
        return None;
    }
    // The last sixteen once more, with the few that fill none: what was seen already has no marks.
    if let Some(chunk) = bytes.last_chunk::<LANES>() {
        let marks = controls(*chunk);
        return (marks != 0).then(|| bytes.len() - LANES + marks.trailing_zeros() as usize);
    }
    // Spaces fill up what is short.
    let mut chunk = [b' '; LANES];
    if let Some((to, _)) = chunk.split_at_mut_checked(rest.len()) {
        to.copy_from_slice(rest);
    }
    let marks = controls(chunk);
    (marks != 0).then(|| marks.trailing_zeros() as usize)
}

/// The first eight bytes of a token of `len` bytes in lower case, missing ones zero. `bytes` starts with the token and
/// may go on.
#[inline]
pub(crate) fn key(bytes: &[u8], len: usize) -> u64 {
    if let Some(word) = bytes.first_chunk::<8>() {
        let kept = if len >= 8 { u64::MAX } else { (1 << (8 * len)) - 1 };
        return (u64::from_le_bytes(*word) | (ONES * 0x20)) & kept;
    }
    bytes.iter().take(len).rev().fold(0, |key, byte| key << 8 | u64::from(byte | 0x20))
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
    fn the_word_runs_agree_with_the_table() {
        for byte in 0..=255_u8 {
            for at in 0..20 {
                for filler in [b'a', b'Z', b'0', b'9', b'-', b'_', b'/', b'.', b'%'] {
                    let mut bytes = [filler; 20];
                    bytes[at] = byte;
                    assert_eq!(token_run(&bytes), run(&bytes, TOKEN), "{byte} at {at} in {filler}");
                    assert_eq!(path_run(&bytes), run(&bytes, PATH), "{byte} at {at} in {filler}");
                }
            }
        }
        assert_eq!((token_run(b""), path_run(b"")), (0, 0));
    }

    #[test]
    fn keys_are_the_beginning_in_lower_case() {
        assert_eq!(key(b"Host: example", 4), u64::from_le_bytes(*b"host\0\0\0\0"));
        assert_eq!(key(b"Host", 4), u64::from_le_bytes(*b"host\0\0\0\0"));
        assert_eq!(key(b"TE: ", 2), key(b"te", 2));
        assert_eq!(key(b"Connection", 10), u64::from_le_bytes(*b"connecti"));
        assert_eq!(key(b"", 0), 0);
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
