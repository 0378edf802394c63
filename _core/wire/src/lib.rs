//! HTTP/1.1 on the wire, sans-I/O: bytes in, values and bytes out.
#![forbid(unsafe_code)]
