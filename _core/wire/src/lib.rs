//! HTTP/1.1 on the wire, sans-I/O: bytes in, values and bytes out.
//!
//! A peer's bytes are read once, by one parser, into a canonical form; what is sent on is written anew from that form.
//! There is no lenient switch for framing. Nothing here knows a socket, a clock, a route or a configuration.
#![forbid(unsafe_code)]

pub mod body;
pub mod chunk;
pub mod exchange;
pub mod fault;
pub mod field;
mod head;
pub mod host;
mod lanes;
pub mod limits;
pub mod path;
pub mod proxy_header;
pub mod request;
pub mod response;
mod scan;
pub mod span;
pub mod trailer;
pub mod websocket;
pub mod write;
