//! The head of a request: no panic, the same answer however it is split, and what is written from it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_wire::exchange::Exchange;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::host::canonical_host;
use sallygate_wire::limits::Limits;
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{Framing, RequestHead, Version, parse_request};
use sallygate_wire::write::HeadWriter;

/// Another parser reads what is accepted alike: where the head ends, its line, and each field.
fn agrees_with_httparse(bytes: &[u8], head: &RequestHead, fields: &Fields) {
    // They want UTF-8 in targets.
    if str::from_utf8(head.target.of(bytes)).is_err() {
        return;
    }
    let mut theirs = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut theirs);
    assert_eq!(request.parse(bytes), Ok(httparse::Status::Complete(head.len)));
    assert_eq!(request.method.map(str::as_bytes), Some(head.method_text.of(bytes)));
    assert_eq!(request.path.map(str::as_bytes), Some(head.target.of(bytes)));
    let theirs = request.headers.iter().map(|field| (field.name.as_bytes(), field.value));
    assert!(theirs.eq(fields.iter().map(|field| (field.name.of(bytes), field.value.of(bytes)))));
}

fuzz_target!(|input: &[u8]| {
    // The first byte says where the bytes are split, and the limits are small so that they are met.
    let Some((&split, bytes)) = input.split_first() else { return };
    let limits = Limits { request_line_bytes: 256, head_bytes: 1024, fields: 16, keep_underscores: split & 1 == 1 };
    let (mut fields, mut part_fields) = (Fields::new(), Fields::new());
    let whole = parse_request(bytes, &limits, &mut fields);
    let part = bytes.get(..usize::from(split)).unwrap_or(bytes);
    let early = parse_request(part, &limits, &mut part_fields);
    if early != Ok(None) {
        assert_eq!(early, whole, "a part of the head was answered otherwise than the whole");
    }
    let Ok(Some(head)) = whole else { return };
    assert!(head.len <= bytes.len() && head.len <= limits.head_bytes);
    assert_eq!(parse_request(&bytes[..head.len], &limits, &mut part_fields), whole);
    assert_eq!(parse_request(&bytes[..head.len - 1], &limits, &mut part_fields), Ok(None));
    let _ = Exchange::new(&head);
    agrees_with_httparse(bytes, &head, &fields);
    if let Some(authority) = head.authority {
        let mut scratch = Vec::new();
        if let Ok(host) = canonical_host(authority.of(bytes), &mut scratch) {
            assert!(!host.is_empty() && !host.iter().any(|byte| byte.is_ascii_uppercase() || *byte <= b' '));
        }
    } else {
        assert_eq!(head.version, Version::Http10);
    }
    let mut scratch = PathScratch::new();
    let Ok(forms) = read_path(head.path.of(bytes), &mut scratch) else { return };
    let mut out = Vec::new();
    let mut writer = HeadWriter::new(&mut out);
    let query = head.query.map(|query| query.of(bytes));
    let target = [forms.forward, if query.is_some() { b"?" } else { b"" }, query.unwrap_or_default()];
    writer.request_line(head.method_text.of(bytes), &target).expect("a parsed target can be written");
    // HTTP/1.0 may do without it, or say it in the target.
    let without_host = !fields.has(Name::Host);
    if without_host {
        writer.field(b"Host", b"a").expect("a plain field");
    }
    let mut sent = 0;
    for field in fields.iter().filter(|field| !field.dropped) {
        writer.forwarded(bytes, field).expect("a parsed field can be written");
        sent += 1;
    }
    if head.framing == Framing::Chunked {
        writer.field(b"Transfer-Encoding", b"chunked").expect("a plain field");
    }
    writer.end();
    let again = parse_request(&out, &Limits::default(), &mut part_fields);
    let again = again.expect("what is written is sound").expect("and whole");
    assert_eq!(again.len, out.len());
    assert_eq!(again.framing, head.framing);
    assert_eq!(again.query.map(|query| query.of(&out)), query);
    assert_eq!(again.path.of(&out), forms.forward);
    assert_eq!(part_fields.len(), sent + usize::from(head.framing == Framing::Chunked) + usize::from(without_host));
});
