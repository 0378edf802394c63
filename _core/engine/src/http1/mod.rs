//! HTTP/1.1 over a connection: reading heads, and writing the heads that go on to the other side.

pub mod accept;
pub mod answer;
pub mod forward;
pub mod hexadecimal;
pub mod switch;
pub mod told;
