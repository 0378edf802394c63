//! Writes heads. Whatever a value's origin, a byte that could end a line or a string early never gets out.

use crate::fault::Fault;
use crate::field::Field;
use crate::request::Version;
use crate::scan::{TOKEN, control, run};

/// The name of a field that the gateway writes itself, with its colon and space: checked when it is compiled, and so
/// never again.
#[derive(Clone, Copy, Debug)]
pub struct Label<const N: usize>([u8; N]);

impl<const N: usize> Label<N> {
    /// `text` is like `b"Host: "`.
    ///
    /// # Panics
    ///
    /// For anything else: where this is a constant, it does not compile.
    pub const fn new(text: &[u8; N]) -> Self {
        assert!(is_label(text, N), "a label is a token, a colon and a space");
        Self(*text)
    }
}

/// Are the first `len` bytes a token, a colon and a space?
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const fn is_label(text: &[u8], len: usize) -> bool {
    if len < 3 || text[len - 2] != b':' || text[len - 1] != b' ' {
        return false;
    }
    let mut at = 0;
    while at < len - 2 {
        if !(text[at].is_ascii_alphanumeric() || text[at] == b'-') {
            return false;
        }
        at += 1;
    }
    true
}

/// Field lines that are always the same.
#[derive(Clone, Copy, Debug)]
pub struct Lines<const N: usize>([u8; N]);

impl<const N: usize> Lines<N> {
    /// `text` is like `b"Connection: close\r\n"`, once or more.
    ///
    /// # Panics
    ///
    /// For anything else: where this is a constant, it does not compile.
    #[expect(clippy::indexing_slicing, reason = "at compile time")]
    pub const fn new(text: &[u8; N]) -> Self {
        let mut start = 0;
        while start < N {
            let mut value = start;
            while value < N && text[value] != b' ' {
                value += 1;
            }
            assert!(value < N, "a line has a value");
            let (_, line) = text.split_at(start);
            assert!(is_label(line, value + 1 - start), "a line is a token, a colon, a space and a value");
            let mut end = value + 1;
            while end < N && text[end] >= b' ' && text[end] < 0x7f {
                end += 1;
            }
            assert!(end + 1 < N && text[end] == b'\r' && text[end + 1] == b'\n', "a line ends in CRLF");
            start = end + 2;
        }
        Self(*text)
    }
}

/// Writes one head to the end of a buffer.
#[derive(Debug)]
pub struct HeadWriter<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> HeadWriter<'o> {
    /// A writer at the end of `out`.
    #[inline]
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// `METHOD target HTTP/1.1`, the target in parts that are written one after the other.
    #[inline]
    pub fn request_line(&mut self, method: &[u8], target: &[&[u8]]) -> Result<(), Fault> {
        self.request_line_of(Version::Http11, method, target)
    }

    /// The same in a version.
    #[inline]
    pub fn request_line_of(&mut self, version: Version, method: &[u8], target: &[&[u8]]) -> Result<(), Fault> {
        if method.is_empty() || run(method, TOKEN) != method.len() {
            return Err(Fault::BadMethod);
        }
        if target.iter().all(|part| part.is_empty()) || target.iter().any(|part| !is_visible(part)) {
            return Err(Fault::BadTarget);
        }
        self.out.extend_from_slice(method);
        self.out.push(b' ');
        for part in target {
            self.out.extend_from_slice(part);
        }
        self.out.extend_from_slice(if version == Version::Http10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
        Ok(())
    }

    /// `HTTP/1.1 status reason`, with the registered reason phrase.
    #[inline]
    pub fn status_line(&mut self, status: u16) {
        if let Some(line) = known_line(status) {
            self.out.extend_from_slice(line);
        } else {
            self.out.extend_from_slice(b"HTTP/1.1 ");
            self.number(u64::from(status));
            self.out.extend_from_slice(b" \r\n");
        }
    }

    /// One field line.
    #[inline]
    pub fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        if name.is_empty() || run(name, TOKEN) != name.len() || control(value).is_some() {
            return Err(Fault::UnsafeField);
        }
        self.out.reserve(name.len() + value.len() + 4);
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// One field line of a name that is known to be good.
    #[inline]
    pub fn labelled<const N: usize>(&mut self, label: &Label<N>, value: &[u8]) -> Result<(), Fault> {
        if control(value).is_some() {
            return Err(Fault::UnsafeField);
        }
        self.out.reserve(N + value.len() + 2);
        self.out.extend_from_slice(&label.0);
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// The same with a number.
    #[inline]
    pub fn labelled_u64<const N: usize>(&mut self, label: &Label<N>, value: u64) {
        self.out.extend_from_slice(&label.0);
        self.number(value);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Field lines that are known to be good.
    #[inline]
    pub fn lines<const N: usize>(&mut self, lines: &Lines<N>) {
        self.out.extend_from_slice(&lines.0);
    }

    /// One field line whose value is written in parts.
    pub fn field_parts(&mut self, name: &[u8], parts: &[&[u8]]) -> Result<(), Fault> {
        if name.is_empty() || run(name, TOKEN) != name.len() || parts.iter().any(|part| control(part).is_some()) {
            return Err(Fault::UnsafeField);
        }
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b": ");
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// One field line with a number.
    pub fn field_u64(&mut self, name: &[u8], value: u64) -> Result<(), Fault> {
        if name.is_empty() || run(name, TOKEN) != name.len() {
            return Err(Fault::UnsafeField);
        }
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b": ");
        self.number(value);
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// A field line that was read from `bytes`, name and value as they were sent.
    #[inline]
    pub fn forwarded(&mut self, bytes: &[u8], field: &Field) -> Result<(), Fault> {
        // Nearly everybody writes a colon and one space; then name and value are one run, checked and copied at once.
        let (start, end) = (field.name.start as usize, field.value.end as usize);
        let colon = field.name.end as usize;
        if field.value.start as usize == colon + 2
            && let Some(line) = bytes.get(start..end)
            && let Some([b':', b' ']) = bytes.get(colon..colon + 2)
            && colon > start
        {
            if control(line).is_some() {
                return Err(Fault::UnsafeField);
            }
            if let Some(whole @ [.., b'\r', b'\n']) = bytes.get(start..end + 2) {
                // Its end stands behind it, unless white space is in between.
                self.out.extend_from_slice(whole);
            } else {
                self.out.extend_from_slice(line);
                self.out.extend_from_slice(b"\r\n");
            }
            return Ok(());
        }
        self.field(field.name.of(bytes), field.value.of(bytes))
    }

    /// The empty line that ends the head.
    #[inline]
    pub fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    fn number(&mut self, mut value: u64) {
        let mut digits = [0; 20];
        let mut count = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + u8::try_from(value % 10).unwrap_or_default();
            value /= 10;
            count += 1;
            if value == 0 {
                break;
            }
        }
        self.out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
    }
}

/// No control and no space.
#[inline]
fn is_visible(bytes: &[u8]) -> bool {
    bytes.iter().fold(0_u8, |bad, &byte| bad | u8::from(byte <= b' ') | u8::from(byte == 0x7f)) == 0
}

macro_rules! reasons {
    ($($status:literal $reason:literal,)+) => {
        #[inline]
        /// The registered reason phrase of a status; empty for others.
        pub const fn reason_phrase(status: u16) -> &'static str {
            match status { $($status => $reason,)+ _ => "" }
        }

        const fn known_line(status: u16) -> Option<&'static [u8]> {
            match status { $($status => Some(concat!("HTTP/1.1 ", $status, " ", $reason, "\r\n").as_bytes()),)+ _ => None }
        }
    };
}

reasons! {
    100 "Continue",
    101 "Switching Protocols",
    102 "Processing",
    103 "Early Hints",
    200 "OK",
    201 "Created",
    202 "Accepted",
    203 "Non-Authoritative Information",
    204 "No Content",
    205 "Reset Content",
    206 "Partial Content",
    207 "Multi-Status",
    208 "Already Reported",
    226 "IM Used",
    300 "Multiple Choices",
    301 "Moved Permanently",
    302 "Found",
    303 "See Other",
    304 "Not Modified",
    305 "Use Proxy",
    307 "Temporary Redirect",
    308 "Permanent Redirect",
    400 "Bad Request",
    401 "Unauthorized",
    402 "Payment Required",
    403 "Forbidden",
    404 "Not Found",
    405 "Method Not Allowed",
    406 "Not Acceptable",
    407 "Proxy Authentication Required",
    408 "Request Timeout",
    409 "Conflict",
    410 "Gone",
    411 "Length Required",
    412 "Precondition Failed",
    413 "Content Too Large",
    414 "URI Too Long",
    415 "Unsupported Media Type",
    416 "Range Not Satisfiable",
    417 "Expectation Failed",
    418 "I'm a teapot",
    421 "Misdirected Request",
    422 "Unprocessable Content",
    423 "Locked",
    424 "Failed Dependency",
    425 "Too Early",
    426 "Upgrade Required",
    428 "Precondition Required",
    429 "Too Many Requests",
    431 "Request Header Fields Too Large",
    451 "Unavailable For Legal Reasons",
    500 "Internal Server Error",
    501 "Not Implemented",
    502 "Bad Gateway",
    503 "Service Unavailable",
    504 "Gateway Timeout",
    505 "HTTP Version Not Supported",
    506 "Variant Also Negotiates",
    507 "Insufficient Storage",
    508 "Loop Detected",
    511 "Network Authentication Required",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Fields, Name};
    use crate::limits::Limits;
    use crate::request::parse_request;
    use crate::span::Span;

    #[test]
    fn a_head_is_written_as_asked() {
        let mut out = Vec::new();
        let mut head = HeadWriter::new(&mut out);
        head.request_line(b"GET", &[b"/a", b"?", b"b=c"]).unwrap();
        head.field(b"Host", b"example.com").unwrap();
        head.field(b"X-Empty", b"").unwrap();
        head.field_u64(b"Content-Length", u64::MAX).unwrap();
        head.field_u64(b"X-Zero", 0).unwrap();
        head.field_parts(b"X-Forwarded-For", &[b"192.0.2.1", b", ", b"::1"]).unwrap();
        head.end();
        let expect = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Empty: \r\nContent-Length: 18446744073709551615\r\n\
            X-Zero: 0\r\nX-Forwarded-For: 192.0.2.1, ::1\r\n\r\n";
        assert_eq!(str::from_utf8(&out), Ok(expect));
    }

    #[test]
    fn what_is_checked_when_it_is_compiled_is_written_as_it_is() {
        const HOST: Label<6> = Label::new(b"Host: ");
        const TWO: Lines<35> = Lines::new(b"X-Scheme: http\r\nConnection: close\r\n");
        let mut out = Vec::new();
        let mut head = HeadWriter::new(&mut out);
        head.labelled(&HOST, b"example.com").unwrap();
        head.labelled_u64(&Label::new(b"Content-Length: "), 42);
        head.lines(&TWO);
        assert_eq!(head.labelled(&HOST, b"a\r\nEvil: 1"), Err(Fault::UnsafeField));
        let expect = "Host: example.com\r\nContent-Length: 42\r\nX-Scheme: http\r\nConnection: close\r\n";
        assert_eq!(str::from_utf8(&out), Ok(expect));
        for bad in [b"Host:a", b"Ho st:", b": : : ", b"Host\n ", b"Host  "] {
            assert!(std::panic::catch_unwind(|| Label::new(bad)).is_err(), "{}", bad.escape_ascii());
        }
        for bad in [b"A: b\r\nC", b"A: b\n\n\n", b"A: b\r\r\n", b"A:b\r\nC:", b"A: \x7f\r\n."] {
            let made = std::panic::catch_unwind(|| Lines::new(bad));
            assert!(made.is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn status_lines_have_the_registered_reason() {
        for (status, expect) in
            [(200, "HTTP/1.1 200 OK\r\n"), (413, "HTTP/1.1 413 Content Too Large\r\n"), (599, "HTTP/1.1 599 \r\n")]
        {
            let mut out = Vec::new();
            HeadWriter::new(&mut out).status_line(status);
            assert_eq!(out, expect.as_bytes());
        }
        assert_eq!(reason_phrase(503), "Service Unavailable");
    }

    #[test]
    fn nothing_that_ends_a_line_gets_out() {
        let bad_values: &[&[u8]] =
            &[b"a\rb", b"a\nb", b"a\0b", b"a\r\nEvil: 1", b"\x01", b"aaaaaaaaaaaaaaaa\x7f", b"0123456789abcdef\n"];
        for value in bad_values {
            let mut out = Vec::new();
            let mut head = HeadWriter::new(&mut out);
            assert_eq!(head.field(b"Name", value), Err(Fault::UnsafeField), "{}", value.escape_ascii());
            assert_eq!(head.field_parts(b"Name", &[b"ok", value]), Err(Fault::UnsafeField));
            assert_eq!(head.request_line(b"GET", &[b"/", value]), Err(Fault::BadTarget));
            assert!(out.is_empty());
        }
        let bad_names: &[&[u8]] = &[b"", b"a b", b"a:", b"a\r\n", b"\xe9", b"a\0", b"(a)"];
        for name in bad_names {
            let mut out = Vec::new();
            let mut head = HeadWriter::new(&mut out);
            assert_eq!(head.field(name, b"x"), Err(Fault::UnsafeField), "{}", name.escape_ascii());
            assert_eq!(head.field_parts(name, &[b"x"]), Err(Fault::UnsafeField));
            assert_eq!(head.field_u64(name, 1), Err(Fault::UnsafeField));
            assert_eq!(head.request_line(name, &[b"/"]), Err(Fault::BadMethod));
            assert!(out.is_empty());
        }
        let mut out = Vec::new();
        let mut head = HeadWriter::new(&mut out);
        for target in [&[b"/a b".as_slice()] as &[&[u8]], &[b""], &[], &[b"/a\t"]] {
            assert_eq!(head.request_line(b"GET", target), Err(Fault::BadTarget));
        }
        head.field(b"Name", b"a\tb \xe9").unwrap();
    }

    #[test]
    fn parsed_fields_are_forwarded_one_by_one() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nOne: 1\r\nTwo:2 \r\nThree:\t3\r\nFour:\r\nFive: \r\n\r\n";
        let mut fields = Fields::new();
        parse_request(bytes, &Limits::default(), &mut fields).unwrap().unwrap();
        let mut out = Vec::new();
        let mut head = HeadWriter::new(&mut out);
        for field in &fields {
            head.forwarded(bytes, field).unwrap();
        }
        assert_eq!(str::from_utf8(&out), Ok("Host: a\r\nOne: 1\r\nTwo: 2\r\nThree: 3\r\nFour: \r\nFive: \r\n"));
    }

    #[test]
    fn a_field_over_other_bytes_is_still_checked() {
        let span = |start, end| Span { start, end };
        let cases: &[(&[u8], Field)] = &[
            (b"ab: c\r\nd", Field { id: Name::Other, name: span(0, 2), value: span(4, 8), dropped: false }),
            (b"a\rb: cd", Field { id: Name::Other, name: span(0, 3), value: span(5, 7), dropped: false }),
            (b"short", Field { id: Name::Other, name: span(9, 12), value: span(14, 16), dropped: false }),
            (b": value", Field { id: Name::Other, name: span(0, 0), value: span(2, 7), dropped: false }),
        ];
        for (bytes, field) in cases {
            let mut out = Vec::new();
            assert_eq!(HeadWriter::new(&mut out).forwarded(bytes, field), Err(Fault::UnsafeField));
            assert!(out.is_empty());
        }
    }
}
