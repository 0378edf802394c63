//! The PROXY header: no panic, the same reading however the bytes come, never more than its bounds, and none of what follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_wire::limits::{PROXY_HEADER_BYTES, PROXY_LINE_BYTES};
use sallygate_wire::proxy_header::parse_proxy_header;

fuzz_target!(|bytes: &[u8]| {
    let whole = parse_proxy_header(bytes);
    let first = (0..=bytes.len()).map(|end| parse_proxy_header(&bytes[..end])).find(|found| *found != Ok(None));
    assert_eq!(first.unwrap_or(Ok(None)), whole, "a part of the header was answered otherwise than the whole");
    match whole {
        Ok(Some(header)) => {
            let longest = if bytes.starts_with(b"PROXY ") { PROXY_LINE_BYTES } else { PROXY_HEADER_BYTES };
            assert!(header.len <= longest && header.len <= bytes.len());
            assert_eq!(parse_proxy_header(&bytes[..header.len]), whole);
        }
        Ok(None) => assert!(bytes.len() < PROXY_HEADER_BYTES, "a header without end"),
        Err(_) => {}
    }
});
