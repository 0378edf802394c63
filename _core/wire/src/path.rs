//! The normal form of a path: one reading for matching, and the bytes to send on, which differ from it only in the
//! client's own percent-encoding and repeated slashes.
//!
//! First the path is brought into the form that is sent on: unreserved bytes decoded, odd raw bytes encoded, dot segments
//! resolved. What is matched is then read from exactly those bytes, so the two cannot drift apart. Where two honest
//! servers could still read them differently, the request is refused or the second reading is handed out, too.

use crate::fault::Fault;
use crate::scan::{PATH, PLAIN, STEP, UNRESERVED, class, hex};

/// Storage for paths that are not in normal form already. Kept and used again.
#[derive(Debug, Default)]
pub struct PathScratch {
    forward: Vec<u8>,
    matched: Vec<u8>,
    undecoded: Vec<u8>,
    unmerged: Vec<u8>,
}

impl PathScratch {
    /// Empty storage that has allocated nothing yet.
    pub const fn new() -> Self {
        Self { forward: Vec::new(), matched: Vec::new(), undecoded: Vec::new(), unmerged: Vec::new() }
    }
}

/// The readings of one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathForms<'a> {
    /// What selects the route: decoded, repeated slashes merged, dot segments resolved. Controls, `%`, `;`, `?`, `#` and
    /// bytes that are not UTF-8 stay percent-encoded, with upper-case digits.
    pub matched: &'a [u8],
    /// What is sent upstream.
    pub forward: &'a [u8],
    /// `matched`, but with encoded slashes and backslashes left encoded. Some only when there are any. If it would select
    /// another route, the request is to be refused as [`Fault::AmbiguousPath`].
    pub undecoded: Option<&'a [u8]>,
    /// `matched`, but with repeated slashes left as sent, for routes that match them so (Gateway API). Some only when
    /// there are any.
    pub unmerged: Option<&'a [u8]>,
}

/// Reads the path of a request. Accepts `*`, and reads the empty path of an absolute target as `/`.
pub fn read_path<'a>(raw: &'a [u8], scratch: &'a mut PathScratch) -> Result<PathForms<'a>, Fault> {
    if is_normal(raw) {
        return Ok(PathForms { matched: raw, forward: raw, undecoded: None, unmerged: None });
    }
    read_odd(raw, scratch)
}

/// P6: a path that a rewrite produced must be in the form that is sent on already: anything else would be read
/// differently upstream than here, where it was authorised.
pub fn check_rewritten(path: &[u8], scratch: &mut PathScratch) -> Result<(), Fault> {
    if path.first() != Some(&b'/') {
        return Err(Fault::RewrittenPath);
    }
    if is_normal(path) {
        return Ok(());
    }
    let forms = read_odd(path, scratch).map_err(|_| Fault::RewrittenPath)?;
    if forms.forward == path { Ok(()) } else { Err(Fault::RewrittenPath) }
}

/// Percent-encodes a path that was put together from matched readings and configured text, as nginx does after a rewrite.
/// Triplets stay as they are; a percent sign that begins none is encoded.
pub fn encode_path(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        let triplet = *byte == b'%' && matches!(tail, [high, low, ..] if hex(*high).is_some() && hex(*low).is_some());
        if triplet || class(*byte) & PLAIN != 0 {
            out.push(*byte);
        } else {
            push_triplet(*byte, out);
        }
        rest = tail;
    }
}

/// Is this the path of nearly every request: only bytes that stand for themselves, no repeated slash, no segment that
/// starts with a dot? One pass, no branch per byte.
#[inline]
fn is_normal(raw: &[u8]) -> bool {
    if raw.first() != Some(&b'/') {
        return false;
    }
    let mut odd = 0;
    let mut after_slash = 0;
    for &byte in raw {
        let class = class(byte);
        odd |= (!class & PLAIN) | (class & after_slash);
        after_slash = if byte == b'/' { STEP } else { 0 };
    }
    odd == 0
}

#[cold]
fn read_odd<'a>(raw: &'a [u8], scratch: &'a mut PathScratch) -> Result<PathForms<'a>, Fault> {
    match raw {
        b"*" => return Ok(PathForms { matched: raw, forward: raw, undecoded: None, unmerged: None }),
        [] => return Ok(PathForms { matched: b"/", forward: b"/", undecoded: None, unmerged: None }),
        [b'/', ..] => {}
        _ => return Err(Fault::BadTarget),
    }
    let PathScratch { forward, matched, undecoded, unmerged } = scratch;
    normalise(raw, forward)?;
    decode(forward, Reading { merged: true, separators: true }, matched);
    let separators = has_separator(forward);
    if separators {
        decode(forward, Reading { merged: true, separators: false }, undecoded);
    }
    // Slashes may also repeat because one is decoded; that counts, too.
    let repeated = forward.windows(2).any(|pair| pair == b"//") || separators;
    if repeated {
        decode(forward, Reading { merged: false, separators: true }, unmerged);
    }
    Ok(PathForms {
        undecoded: separators.then_some(undecoded.as_slice()),
        unmerged: (repeated && unmerged != matched).then_some(unmerged.as_slice()),
        matched,
        forward,
    })
}

/// Writes the form that is sent on.
fn normalise(raw: &[u8], forward: &mut Vec<u8>) -> Result<(), Fault> {
    forward.clear();
    forward.push(b'/');
    let mut segments = raw.get(1..).unwrap_or_default().split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        // Here `forward` always ends with a slash.
        let start = forward.len();
        normalise_segment(segment, forward)?;
        let step = read_step(forward.get(start..).unwrap_or_default())?;
        match step {
            Step::Name => {
                if segments.peek().is_some() {
                    forward.push(b'/');
                }
            }
            Step::Stay => forward.truncate(start),
            Step::Up => {
                forward.truncate(start);
                climb(forward)?;
            }
        }
    }
    Ok(())
}

fn normalise_segment(segment: &[u8], forward: &mut Vec<u8>) -> Result<(), Fault> {
    let mut rest = segment;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'%' {
            let [high, low, tail @ ..] = tail else { return Err(Fault::BadPath) };
            let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return Err(Fault::BadPath) };
            let value = high << 4 | low;
            if value == 0 {
                return Err(Fault::BadPath);
            }
            if class(value) & UNRESERVED != 0 {
                forward.push(value);
            } else {
                push_triplet(value, forward);
            }
            rest = tail;
        } else if class(*byte) & PLAIN != 0 {
            forward.push(*byte);
        } else if class(*byte) & PATH != 0 {
            push_triplet(*byte, forward);
        } else {
            return Err(Fault::BadPath);
        }
    }
    Ok(())
}

fn push_triplet(value: u8, out: &mut Vec<u8>) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 };
    out.extend([b'%', digit(value >> 4), digit(value & 15)]);
}

enum Step {
    Name,
    Stay,
    Up,
}

/// Is this normalised segment a dot segment? Parameters do not hide one, because servers strip them. One that only an
/// encoded separator or semicolon hides shows itself to some servers and not to others: refused.
fn read_step(segment: &[u8]) -> Result<Step, Fault> {
    if !segment.contains(&b'.') {
        return Ok(Step::Name);
    }
    let mut rest = segment;
    let mut whole = true;
    loop {
        let end = find_any(rest, &[b"%2F", b"%5C"]);
        let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        whole &= end.is_none();
        let plain = piece.split(|&byte| byte == b';').next().unwrap_or_default();
        let bare = plain.get(..find_any(plain, &[b"%3B"]).unwrap_or(plain.len())).unwrap_or_default();
        if matches!(bare, b"." | b"..") {
            if !whole || bare.len() != plain.len() {
                return Err(Fault::AmbiguousPath);
            }
            return Ok(if bare.len() == 1 { Step::Stay } else { Step::Up });
        }
        let Some(end) = end else { return Ok(Step::Name) };
        rest = rest.get(end + 3..).unwrap_or_default();
    }
}

/// Removes the last named segment, and the repeated slashes behind it: nginx merges slashes before it climbs, and both
/// readings must arrive at the same place.
fn climb(forward: &mut Vec<u8>) -> Result<(), Fault> {
    while forward.last() == Some(&b'/') {
        forward.pop();
    }
    let slash = forward.iter().rposition(|&byte| byte == b'/').ok_or(Fault::BadPath)?;
    if has_separator(forward.get(slash..).unwrap_or_default()) {
        // One step up means something else to whoever decodes before resolving.
        return Err(Fault::AmbiguousPath);
    }
    forward.truncate(slash + 1);
    Ok(())
}

fn has_separator(normalised: &[u8]) -> bool {
    find_any(normalised, &[b"%2F", b"%5C"]).is_some()
}

fn find_any(text: &[u8], triplets: &[&[u8; 3]]) -> Option<usize> {
    text.windows(3).position(|window| triplets.iter().any(|triplet| window == triplet.as_slice()))
}

#[derive(Clone, Copy)]
struct Reading {
    /// Are repeated slashes one?
    merged: bool,
    /// Are encoded slashes and backslashes decoded?
    separators: bool,
}

/// Reads the normal form for matching.
fn decode(forward: &[u8], reading: Reading, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = forward;
    while let [byte, tail @ ..] = rest {
        let (value, triplet) = if *byte == b'%' { triplet(rest) } else { (*byte, false) };
        let length = if triplet { 3 } else { 1 };
        match value {
            b'/' | b'\\' if triplet && !reading.separators => keep(rest, out),
            b'/' if reading.merged && out.last() == Some(&b'/') => {}
            b'/' => out.push(b'/'),
            0..b' ' | 0x7f | b'%' | b';' | b'?' | b'#' if triplet => keep(rest, out),
            0x80.. if triplet => {
                let taken = decode_char(rest, out);
                if taken == 0 {
                    keep(rest, out);
                } else {
                    rest = rest.get(taken..).unwrap_or_default();
                    continue;
                }
            }
            _ => out.push(value),
        }
        rest = if length == 1 { tail } else { rest.get(3..).unwrap_or_default() };
    }
}

fn keep(rest: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(rest.get(..3).unwrap_or_default());
}

/// The value of the triplet at the start, and that it is one.
fn triplet(text: &[u8]) -> (u8, bool) {
    match text {
        [b'%', high, low, ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, true),
            _ => (b'%', false),
        },
        _ => (b'%', false),
    }
}

/// Decodes one encoded character of UTF-8 beyond ASCII; the bytes taken, or 0 when it is none.
fn decode_char(text: &[u8], out: &mut Vec<u8>) -> usize {
    let mut bytes = [0; 4];
    for (at, three) in text.chunks_exact(3).enumerate() {
        let (value, true) = triplet(three) else { break };
        let Some(slot) = bytes.get_mut(at) else { break };
        *slot = value;
        let so_far = bytes.get(..=at).unwrap_or_default();
        if str::from_utf8(so_far).is_ok() {
            out.extend_from_slice(so_far);
            return so_far.len() * 3;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [u8], Result<(&'static [u8], &'static [u8], Option<&'static [u8]>), Fault>);

    const CASES: &[Case] = &[
        (b"/", Ok((b"/", b"/", None))),
        (b"", Ok((b"/", b"/", None))),
        (b"*", Ok((b"*", b"*", None))),
        (b"/a/b.c/d-e_f~g", Ok((b"/a/b.c/d-e_f~g", b"/a/b.c/d-e_f~g", None))),
        (b"/a;v=1/b,c@d:e!$&'()*+=", Ok((b"/a;v=1/b,c@d:e!$&'()*+=", b"/a;v=1/b,c@d:e!$&'()*+=", None))),
        (b"a", Err(Fault::BadTarget)),
        // P1
        (b"/%", Err(Fault::BadPath)),
        (b"/%4", Err(Fault::BadPath)),
        (b"/%zz", Err(Fault::BadPath)),
        (b"/%00", Err(Fault::BadPath)),
        (b"/100%/x", Err(Fault::BadPath)),
        // P1b
        (b"/a%0d%0ab", Ok((b"/a%0D%0Ab", b"/a%0D%0Ab", None))),
        (b"/caf%e9", Ok((b"/caf%E9", b"/caf%E9", None))),
        (b"/caf%c3%a9", Ok(("/caf\u{e9}".as_bytes(), b"/caf%C3%A9", None))),
        (b"/caf\xc3\xa9", Ok(("/caf\u{e9}".as_bytes(), b"/caf%C3%A9", None))),
        (b"/caf\xc3%a9", Ok(("/caf\u{e9}".as_bytes(), b"/caf%C3%A9", None))),
        (b"/\xf0\x9f\x98\x80", Ok(("/\u{1f600}".as_bytes(), b"/%F0%9F%98%80", None))),
        (b"/%c0%af", Ok((b"/%C0%AF", b"/%C0%AF", None))),
        (b"/%ed%a0%80", Ok((b"/%ED%A0%80", b"/%ED%A0%80", None))),
        (b"/%7f%1f", Ok((b"/%7F%1F", b"/%7F%1F", None))),
        // P2
        (b"/a%2fb", Ok((b"/a/b", b"/a%2Fb", Some(b"/a%2Fb")))),
        (b"/a%5cb", Ok((b"/a\\b", b"/a%5Cb", Some(b"/a%5Cb")))),
        (b"/@scope%2fname", Ok((b"/@scope/name", b"/@scope%2Fname", Some(b"/@scope%2Fname")))),
        (b"/a/%2F/b", Ok((b"/a/b", b"/a/%2F/b", Some(b"/a/%2F/b")))),
        (b"/a/..%2fb", Err(Fault::AmbiguousPath)),
        (b"/a/%2e%2e%2fb", Err(Fault::AmbiguousPath)),
        (b"/a/..%5cb", Err(Fault::AmbiguousPath)),
        (b"/a/b%2f..", Err(Fault::AmbiguousPath)),
        (b"/a/b%2f.%2fc", Err(Fault::AmbiguousPath)),
        (b"/a/b%2f..;x%2fc", Err(Fault::AmbiguousPath)),
        (b"/a%2fb/../c", Err(Fault::AmbiguousPath)),
        (b"/a/..%3bx", Err(Fault::AmbiguousPath)),
        (b"/a%3bb%25c%3fd%23e", Ok((b"/a%3Bb%25c%3Fd%23e", b"/a%3Bb%25c%3Fd%23e", None))),
        (b"/%252e%252e/a", Ok((b"/%252e%252e/a", b"/%252e%252e/a", None))),
        // P3
        (b"/%41%7a%30%2d%5f%7e", Ok((b"/Az0-_~", b"/Az0-_~", None))),
        (b"/a%20b%22c", Ok((b"/a b\"c", b"/a%20b%22c", None))),
        (b"/a%2bb%26c", Ok((b"/a+b&c", b"/a%2Bb%26c", None))),
        // P4
        (b"/a/./b", Ok((b"/a/b", b"/a/b", None))),
        (b"/a/../b", Ok((b"/b", b"/b", None))),
        (b"/a/b/..", Ok((b"/a/", b"/a/", None))),
        (b"/a/b/.", Ok((b"/a/b/", b"/a/b/", None))),
        (b"/a/%2e%2E/b", Ok((b"/b", b"/b", None))),
        (b"/a/..;x=1/b", Ok((b"/b", b"/b", None))),
        (b"/a/.;/b", Ok((b"/a/b", b"/a/b", None))),
        (b"/..", Err(Fault::BadPath)),
        (b"/a/../..", Err(Fault::BadPath)),
        (b"//..", Err(Fault::BadPath)),
        (b"/%2e%2e/", Err(Fault::BadPath)),
        (b"/.well-known/x", Ok((b"/.well-known/x", b"/.well-known/x", None))),
        (b"/..a/b../...", Ok((b"/..a/b../...", b"/..a/b../...", None))),
        (b"//a///b", Ok((b"/a/b", b"//a///b", None))),
        (b"/a//", Ok((b"/a/", b"/a//", None))),
        (b"/a//../b", Ok((b"/b", b"/b", None))),
        (b"/a//b/../c", Ok((b"/a/c", b"/a//c", None))),
        // P5, R5, R5b
        (b"/a\\b", Err(Fault::BadPath)),
        (b"/a b", Err(Fault::BadPath)),
        (b"/a#b", Err(Fault::BadPath)),
        (b"/a?b", Err(Fault::BadPath)),
        (b"/a<b", Err(Fault::BadPath)),
        (b"/a\"b", Err(Fault::BadPath)),
        (b"/a\x7f", Err(Fault::BadPath)),
        (b"/a\r\nb", Err(Fault::BadPath)),
        (b"/{a}|^`[b]'", Ok((b"/{a}|^`[b]'", b"/%7Ba%7D%7C%5E%60%5Bb%5D'", None))),
    ];

    #[test]
    fn paths_are_read_once() {
        for (raw, expect) in CASES {
            let mut scratch = PathScratch::new();
            let found = read_path(raw, &mut scratch).map(|forms| (forms.matched, forms.forward, forms.undecoded));
            assert_eq!(found, *expect, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn what_is_sent_on_reads_the_same_again() {
        for (raw, expect) in CASES {
            let Ok((matched, forward, undecoded)) = expect else { continue };
            let mut scratch = PathScratch::new();
            let again = read_path(forward, &mut scratch).unwrap();
            assert_eq!(
                (again.matched, again.forward, again.undecoded),
                (*matched, *forward, *undecoded),
                "{}",
                raw.escape_ascii()
            );
            if raw.first() == Some(&b'/') {
                assert_eq!(check_rewritten(forward, &mut scratch), Ok(()), "{}", raw.escape_ascii());
            }
        }
    }

    #[test]
    fn repeated_slashes_have_a_reading_of_their_own() {
        let cases: &[(&[u8], Option<&[u8]>)] = &[
            (b"/a/b", None),
            (b"/a%20b", None),
            (b"//a//b", Some(b"//a//b")),
            (b"/a%2Fb", None),
            (b"/a%2F/b", Some(b"/a//b")),
        ];
        for (raw, expect) in cases {
            let mut scratch = PathScratch::new();
            assert_eq!(read_path(raw, &mut scratch).unwrap().unmerged, *expect, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn a_rewritten_path_must_be_in_normal_form() {
        let cases: &[(&[u8], bool)] = &[
            (b"/a/b", true),
            (b"/a//b", true),
            (b"/a%20b", true),
            (b"/a%2Fb", true),
            (b"/", true),
            (b"", false),
            (b"*", false),
            (b"a", false),
            (b"/a/../b", false),
            (b"/a/.", false),
            (b"/a%2fb", false),
            (b"/%41", false),
            (b"/a b", false),
            (b"/a{", false),
            (b"/a\r\n", false),
            (b"/a?b", false),
            (b"/\xc3\xa9", false),
            (b"/%", false),
        ];
        for (path, good) in cases {
            let mut scratch = PathScratch::new();
            assert_eq!(check_rewritten(path, &mut scratch).is_ok(), *good, "{}", path.escape_ascii());
        }
    }

    #[test]
    fn matched_readings_can_be_encoded_again() {
        for (raw, expect) in CASES {
            let Ok((matched, _, None)) = expect else { continue };
            let (mut scratch, mut encoded) = (PathScratch::new(), Vec::new());
            encode_path(matched, &mut encoded);
            if *matched != b"*" {
                assert_eq!(read_path(&encoded, &mut scratch).unwrap().matched, *matched, "{}", raw.escape_ascii());
            }
        }
        let mut encoded = Vec::new();
        encode_path(b"/50% off/%2x", &mut encoded);
        assert_eq!(encoded, b"/50%25%20off/%252x");
    }

    #[test]
    fn a_plain_path_is_borrowed() {
        let mut scratch = PathScratch::new();
        assert!(read_path(b"/api/v1/users/42.json", &mut scratch).is_ok());
        assert_eq!(scratch.forward.capacity() + scratch.matched.capacity(), 0);
    }
}
