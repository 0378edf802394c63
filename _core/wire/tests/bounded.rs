//! Every input up to a length, over the bytes that matter: what framing and index arithmetic come to is proved for all of
//! them, against readers so plain that they can be checked by eye.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::ops::Range;

use sallygate_wire::body::Decoder;
use sallygate_wire::field::Fields;
use sallygate_wire::limits::{LENGTH_MAX, Limits};
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{Framing, parse_request};
use sallygate_wire::span::Span;

/// Calls `visit` with every string over `alphabet` of at most so many bytes.
fn every(alphabet: &[u8], most: usize, mut visit: impl FnMut(&[u8])) {
    fn grow(alphabet: &[u8], left: usize, text: &mut Vec<u8>, visit: &mut impl FnMut(&[u8])) {
        visit(text);
        if left > 0 {
            for &byte in alphabet {
                text.push(byte);
                grow(alphabet, left - 1, text, visit);
                text.pop();
            }
        }
    }
    // Miri takes a thousand times as long; there it is about memory, which shorter ones use in the same way.
    let most = if cfg!(miri) { most.min(2) } else { most };
    grow(alphabet, most, &mut Vec::new(), &mut visit);
}

/// The data of a chunked body and where it ends, when it is well and whole.
fn decoded(body: &[u8], part: usize) -> Option<(Vec<u8>, usize)> {
    let (mut decoder, mut data, mut at) = (Decoder::request(Framing::Chunked), Vec::new(), 0);
    for end in (0..body.len()).step_by(part).map(|start| (start + part).min(body.len())) {
        while at < end {
            let piece = decoder.step(&body[at..end]).ok()?;
            assert!(
                piece.data.start <= piece.data.end && piece.data.end <= piece.consumed && piece.consumed <= end - at
            );
            assert!(piece.consumed > 0, "stuck");
            data.extend_from_slice(&body[at..end][piece.data]);
            at += piece.consumed;
            if piece.done {
                return Some((data, at));
            }
        }
    }
    None
}

/// The plainest reader of the same coding.
struct Plain<'a>(&'a [u8], usize);

impl Plain<'_> {
    fn while_in(&mut self, is: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.1;
        while self.0.get(self.1).is_some_and(|byte| is(*byte)) {
            self.1 += 1;
        }
        start..self.1
    }

    fn exactly(&mut self, text: &[u8]) -> Option<()> {
        self.0.get(self.1..)?.starts_with(text).then(|| self.1 += text.len())
    }

    fn token(&mut self) -> Option<()> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        (!self.while_in(token).is_empty()).then_some(())
    }

    fn size(&mut self) -> Option<u64> {
        let digits = self.while_in(|byte| byte.is_ascii_hexdigit());
        let text = str::from_utf8(&self.0[digits]).unwrap();
        if text.len() > 16 {
            return None;
        }
        let size = u64::from_str_radix(text, 16).ok().filter(|size| *size <= LENGTH_MAX)?;
        while self.exactly(b";").is_some() {
            self.token()?;
            if self.exactly(b"=").is_some() && self.exactly(b"\"").is_some() {
                while self.exactly(b"\"").is_none() {
                    let _ = self.exactly(b"\\");
                    self.0.get(self.1).filter(|byte| **byte == b'\t' || (**byte >= b' ' && **byte != 0x7f))?;
                    self.1 += 1;
                }
            } else if self.0[self.1 - 1] == b'=' {
                self.token()?;
            }
        }
        self.exactly(b"\r\n")?;
        Some(size)
    }

    fn body(mut self) -> Option<(Vec<u8>, usize)> {
        let mut data = Vec::new();
        loop {
            let size = self.size()?;
            if size == 0 {
                break;
            }
            let end = self.1.checked_add(usize::try_from(size).ok()?)?;
            data.extend_from_slice(self.0.get(self.1..end)?);
            self.1 = end;
            self.exactly(b"\r\n")?;
        }
        while self.exactly(b"\r\n").is_none() {
            self.token()?;
            self.exactly(b":")?;
            self.while_in(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
            self.exactly(b"\r\n")?;
        }
        Some((data, self.1))
    }
}

fn bodies_agree(body: &[u8]) {
    let plain = Plain(body, 0).body();
    for part in [1, 2, body.len().max(1)] {
        assert_eq!(decoded(body, part), plain, "{:?} by {part}", body.escape_ascii().to_string());
    }
}

#[test]
fn every_short_size_line_is_read_as_the_grammar_says() {
    let mut body = Vec::new();
    every(b"01aFgx \t;=\"\\\r\n+-\x00\x7f\x80", 4, |line| {
        for rest in [&b"\r\n\r\n"[..], b"\r\n1\r\n0\r\n\r\n", b"0\r\n\r\n"] {
            body.clear();
            body.extend_from_slice(line);
            body.extend_from_slice(rest);
            bodies_agree(&body);
        }
    });
}

#[test]
fn every_short_tail_is_read_as_the_grammar_says() {
    let mut body = Vec::new();
    every(b"0a:; \r\n\x00\x80", 6, |tail| {
        for start in [&b"0\r\n"[..], b"2\r\n", b"0;a="] {
            body.clear();
            body.extend_from_slice(start);
            body.extend_from_slice(tail);
            bodies_agree(&body);
        }
    });
}

#[test]
fn every_size_about_a_power_of_two_is_itself_or_refused() {
    let powers = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for size in powers.chain([u64::MAX - 1, u64::MAX, LENGTH_MAX - 1, LENGTH_MAX]).filter(|size| *size > 0) {
        for line in [format!("{size:x}\r\n"), format!("{size:016X}\r\n"), format!("{size:017x}\r\n")] {
            let mut decoder = Decoder::request(Framing::Chunked);
            let step = decoder.step(line.as_bytes());
            let fits = size <= LENGTH_MAX && line.len() <= 18;
            assert_eq!(step.is_ok(), fits, "{line}");
            // Not one byte more or less of data than it says: two in the middle, and what is asked for is what is left.
            if fits {
                let taken = decoder.step(b"ab").unwrap();
                assert_eq!(taken.data.len() as u64, size.min(2));
            }
        }
        let mut decoder = Decoder::request(Framing::Length(size));
        assert_eq!(decoder.step(b"ab").unwrap().data.len() as u64, size.min(2));
        assert_eq!(decoder.remaining(), Some(size - size.min(2)));
    }
}

/// The framing of a request whose `Content-Length` is written so.
fn framing(value: &[u8]) -> Option<Framing> {
    let head = [b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:", value, b"\r\n\r\n"].concat();
    let mut fields = Fields::new();
    parse_request(&head, &Limits::default(), &mut fields).ok().flatten().map(|head| head.framing)
}

fn plain_length(value: &[u8]) -> Option<Framing> {
    let text = str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse::<u64>().ok().filter(|length| digits && *length <= LENGTH_MAX)?;
    Some(Framing::Length(length))
}

#[test]
fn every_short_length_is_digits_or_refused() {
    every(b"019+-,. \txe_;\x00\x80", 5, |value| {
        assert_eq!(framing(value), plain_length(value), "{:?}", value.escape_ascii().to_string());
    });
}

#[test]
fn every_length_about_a_power_of_ten_or_two_is_itself_or_refused() {
    let tens = (0..20).map(|power| 10_u128.pow(power));
    let twos = (0..70).map(|power| 1_u128 << power);
    for middle in tens.chain(twos).chain([u128::from(LENGTH_MAX)]) {
        for length in [middle - 1, middle, middle + 1] {
            let text = length.to_string();
            let expect = u64::try_from(length).ok().filter(|length| *length <= LENGTH_MAX).map(Framing::Length);
            assert_eq!(framing(text.as_bytes()), expect, "{text}");
        }
    }
}

#[test]
fn every_span_of_a_short_buffer_is_a_part_of_it_or_nothing() {
    let buffer = b"01234567";
    let places = || (0..=10).chain([u32::MAX - 1, u32::MAX]);
    for length in 0..=buffer.len() {
        let bytes = &buffer[..length];
        for (start, end) in places().flat_map(|start| places().map(move |end| (start, end))) {
            let span = Span { start, end };
            let expect = (start as usize..end as usize).filter_map(|at| bytes.get(at)).copied().take(9);
            let inside = start <= end && end as usize <= length;
            let expect: Vec<u8> = if inside { expect.collect() } else { Vec::new() };
            assert_eq!(span.of(bytes), expect);
            assert_eq!(span.is_empty(), end <= start);
            assert_eq!(span.len(), if inside { expect.len() } else { end.saturating_sub(start) as usize });
        }
    }
}

/// Does a path hold a segment of dots only, however it is written?
fn has_dots(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path).to_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    text.split('/').any(|segment| {
        let name = segment.split([';']).next().unwrap_or_default();
        name == "." || name == ".."
    })
}

#[test]
fn every_short_path_is_refused_or_has_one_form() {
    let mut path = Vec::new();
    every(b"/.%25eEfFca;\\", 6, |rest| {
        path.clear();
        path.push(b'/');
        path.extend_from_slice(rest);
        let mut scratch = PathScratch::new();
        let Ok(forms) = read_path(&path, &mut scratch) else { return };
        assert!(forms.forward.starts_with(b"/") && forms.matched.starts_with(b"/"));
        assert!(!has_dots(forms.forward), "{:?}", forms.forward.escape_ascii().to_string());
        assert!(!forms.matched.windows(2).any(|pair| pair == b"//"));
        assert!(!forms.forward.contains(&b'\\'));
        let mut again = PathScratch::new();
        let read = read_path(forms.forward, &mut again).unwrap();
        assert_eq!(read.forward, forms.forward);
        assert_eq!(read.matched, forms.matched);
    });
}
