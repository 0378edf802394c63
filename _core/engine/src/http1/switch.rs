//! A switch of protocols (RFC 9110 §15.2.2): does the upstream agree to what the client asked for, and in which words?

use openssl::{base64, sha};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::RequestHead;
use sallygate_wire::response::ResponseHead;
use sallygate_wire::websocket;
use sallygate_wire::write::HeadWriter;

/// What RFC 6455 §1.3 has both ends of a WebSocket put behind the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client is told whose version of WebSocket nobody speaks (RFC 9110 §15.5.22, RFC 6455 §4.4).
pub const SPOKEN: &[u8] = b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n";

/// The switch that a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    token: &'a [u8],
    websocket_key: Option<&'a [u8]>,
}

impl<'a> Wanted<'a> {
    /// Of a request whose head is the start of `bytes`.
    pub fn of(head: &RequestHead, bytes: &'a [u8]) -> Option<Self> {
        let websocket_key = head.websocket_key.map(|key| key.of(bytes));
        head.upgrade.map(|token| Self { token: token.of(bytes), websocket_key })
    }

    /// Appends the head of the answer that agrees, once it really does: it names the protocol that was asked for, and has
    /// understood the key of a WebSocket. Anything else is a tunnel of the upstream's choice.
    pub fn write(self, out: &mut Vec<u8>, bytes: &[u8], head: &ResponseHead, fields: &Fields) -> Result<(), Fault> {
        let token = head.upgrade.map(|token| token.of(bytes)).unwrap_or_default();
        if !token.eq_ignore_ascii_case(self.token) {
            return Err(Fault::UnaskedUpgrade);
        }
        if let Some(key) = self.websocket_key {
            let accept = websocket::only(bytes, fields, b"Sec-WebSocket-Accept").map(|field| field.value.of(bytes));
            if accept != Some(accept_of(key).as_bytes()) {
                return Err(Fault::BadWebSocketAccept);
            }
        }
        let mut writer = HeadWriter::new(out);
        writer.status_line(101);
        writer.field(b"Connection", b"upgrade")?;
        writer.field(b"Upgrade", token)?;
        for field in fields {
            let hidden = matches!(
                field.id,
                Name::Server
                    | Name::XAccel
                    | Name::ContentLength
                    | Name::TransferEncoding
                    | Name::Connection
                    | Name::Upgrade
            );
            if !field.dropped && !hidden {
                writer.forwarded(bytes, field)?;
            }
        }
        writer.end();
        Ok(())
    }
}

/// What a server makes of a client's key.
fn accept_of(key: &[u8]) -> String {
    base64::encode_block(&sha::sha1(&[key, GUID].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
