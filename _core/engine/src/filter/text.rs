//! Texts with variables, filled in with what a request says.

use sallygate_image::{Part, Variable, parse_text};
use sallygate_wire::path::encode_path;
use sallygate_wire::request::Version;

use super::asked::Asked;

/// A text, ready to be filled in.
pub struct Text(Box<[Part]>);

impl Text {
    /// Read a text; the empty one is none.
    pub fn new(text: &str) -> Result<Option<Self>, String> {
        let parts = parse_text(text)?;
        Ok((!parts.is_empty()).then(|| Self(parts.into())))
    }

    /// Append the text. What a path says is encoded again, so that nothing that was encoded can end a line.
    pub fn expand(&self, asked: &Asked<'_>, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Capture(group) => encode_path((asked.capture)(*group), out),
                Part::Variable(variable) => expand(variable, asked, out),
            }
        }
    }
}

fn expand(variable: &Variable, asked: &Asked<'_>, out: &mut Vec<u8>) {
    let mut number = itoa::Buffer::new();
    let query = || asked.head.query.map(|query| query.of(asked.bytes));
    let value: &[u8] = match variable {
        Variable::Scheme => asked.scheme(),
        Variable::Host => asked.host,
        Variable::HttpHost => asked.authority(),
        Variable::RequestUri => asked.head.target.of(asked.bytes),
        Variable::EscapedRequestUri => return escape(asked.head.target.of(asked.bytes), out),
        Variable::Uri => return encode_path(asked.path, out),
        Variable::Method => asked.head.method_text.of(asked.bytes),
        Variable::Query => query().unwrap_or_default(),
        Variable::IsArgs => query().map_or(b"", |_| b"?"),
        Variable::RemoteAddr => asked.peer_text,
        Variable::ServerPort => number.format(asked.port).as_bytes(),
        Variable::Protocol if asked.head.version == Version::Http10 => b"HTTP/1.0",
        Variable::Protocol => b"HTTP/1.1",
        Variable::RequestId => asked.id,
        Variable::Namespace => asked.names.namespace.as_bytes(),
        Variable::IngressName => asked.names.object.as_bytes(),
        Variable::ServiceName => asked.names.service.as_bytes(),
        Variable::ServicePort => asked.names.port.as_bytes(),
        Variable::Header(name) => asked.header(name.as_bytes()).unwrap_or_default(),
        Variable::Argument(name) => asked.argument(name.as_bytes()).unwrap_or_default(),
        Variable::Cookie(name) => asked.cookie(name.as_bytes()).unwrap_or_default(),
    };
    out.extend_from_slice(value);
}

/// As one value of a query.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |bits: u8| DIGITS.get(usize::from(bits)).copied().unwrap_or(b'0');
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}
