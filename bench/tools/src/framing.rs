//! As much of HTTP/1.1 as a benchmark needs: where a head ends, its first line, and how long the body is.

/// What a head says about what follows it.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Head {
    /// Bytes of the head with its empty line.
    pub bytes: usize,
    /// Content-Length; None where the head has none that can be read.
    pub length: Option<u64>,
    /// Transfer-Encoding is present.
    pub coded: bool,
    /// Connection: close is present.
    pub close: bool,
}

/// Reads the head at the start of `bytes`; None where it is not complete yet.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut head = Head { bytes: end, length: None, coded: false, close: false };
    for line in bytes[..end].split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            head.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.coded = true;
        } else if name.eq_ignore_ascii_case(b"connection") {
            head.close |= value.eq_ignore_ascii_case(b"close");
        }
    }
    Some(head)
}

/// The method and the target of a request.
pub fn request_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut words = bytes.split(|byte| *byte == b' ' || *byte == b'\r');
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// The status of a response; None where the first line is not one.
pub fn status(bytes: &[u8]) -> Option<u16> {
    let line = bytes.strip_prefix(b"HTTP/1.1 ").or_else(|| bytes.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Head, head, request_line, status};

    #[test]
    fn a_head_is_read_only_when_it_is_complete() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-LENGTH:  12 \r\nConnection: Close\r\n\r\nbody";
        assert_eq!(head(&text[..text.len() - 6]), None);
        assert_eq!(head(text), Some(Head { bytes: text.len() - 4, length: Some(12), coded: false, close: true }));
        assert_eq!(status(text), Some(200));
        assert_eq!(status(b"HTTP/1.1 20"), None);
    }

    #[test]
    fn a_request_line_is_method_and_target() {
        assert_eq!(request_line(b"GET /a?b HTTP/1.1\r\n"), (&b"GET"[..], &b"/a?b"[..]));
        assert_eq!(request_line(b""), (&b""[..], &b""[..]));
    }
}
