//! The handshake of a WebSocket, as far as a proxy has to judge it (RFC 6455 §4).
//!
//! Of a client that opens one: bytes that follow its head are frames only if both ends agree that this was a handshake. A
//! request that is none, but makes a tunnel all the same, would carry another client's requests past every rule.

use crate::fault::Fault;
use crate::field::{Field, Fields};
use crate::request::Method;
use crate::span::Span;

/// The only version there is (RFC 6455 §4.1).
pub const VERSION: &[u8] = b"13";

/// The length of a key: 16 bytes in base64, with its padding.
const KEY_BYTES: usize = 24;

/// Is this the protocol's name?
#[inline]
pub fn is_named(token: &[u8]) -> bool {
    token.eq_ignore_ascii_case(b"websocket")
}

/// The only field of this name; none if there are more.
pub fn only<'f>(bytes: &[u8], fields: &'f Fields, name: &[u8]) -> Option<&'f Field> {
    let mut found = fields.iter().filter(|field| field.name.of(bytes).eq_ignore_ascii_case(name));
    found.next().filter(|_| found.next().is_none())
}

/// The client's key, from which the server's answer is made.
#[cold]
pub(crate) fn read_key(method: Method, bytes: &[u8], fields: &Fields) -> Result<Span, Fault> {
    let version = only(bytes, fields, b"Sec-WebSocket-Version").ok_or(Fault::BadWebSocket)?;
    if version.value.of(bytes) != VERSION {
        return Err(Fault::WebSocketVersion);
    }
    let key = only(bytes, fields, b"Sec-WebSocket-Key").ok_or(Fault::BadWebSocket)?;
    if method != Method::Get || !is_key(key.value.of(bytes)) {
        return Err(Fault::BadWebSocket);
    }
    Ok(key.value)
}

fn is_key(text: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len() == KEY_BYTES && text.strip_suffix(b"==").is_some_and(|digits| digits.iter().all(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_16_bytes_in_base64() {
        for (key, good) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", true),
            ("AAAAAAAAAAAAAAAAAAAA+/==", true),
            ("dGhlIHNhbXBsZSBub25jZQ=", false),
            ("dGhlIHNhbXBsZSBub25jZQ", false),
            ("dGhlIHNhbXBsZSBub25jZ===", false),
            ("dGhlIHNhbXBsZSBub25jZQ= ", false),
            ("dGhlIHNhbXBsZSBub25jZQAA", false),
            ("dGhlIHNhbXBsZSBub25jZQAA==", false),
            ("dGhlIHNhbXBsZSBub2_jZQ==", false),
            ("", false),
        ] {
            assert_eq!(is_key(key.as_bytes()), good, "{key}");
        }
    }
}
