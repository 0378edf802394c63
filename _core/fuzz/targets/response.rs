//! An upstream's answer: no panic, the same reading however it is split, and an account that never trusts too much.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_wire::body::Decoder;
use sallygate_wire::exchange::{Answer, Exchange};
use sallygate_wire::field::Fields;
use sallygate_wire::limits::Limits;
use sallygate_wire::request::parse_request;
use sallygate_wire::response::{RequestKind, ResponseFraming, ResponseHead, Version, parse_response};
use sallygate_wire::write::HeadWriter;

/// Another parser reads what is accepted alike: where the head ends, the status, and each field.
fn agrees_with_httparse(bytes: &[u8], head: &ResponseHead, fields: &Fields) {
    let mut theirs = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut theirs);
    assert_eq!(response.parse(bytes), Ok(httparse::Status::Complete(head.len)));
    assert_eq!(response.code, Some(head.status));
    let theirs = response.headers.iter().map(|field| (field.name.as_bytes(), field.value));
    assert!(theirs.eq(fields.iter().map(|field| (field.name.of(bytes), field.value.of(bytes)))));
}

fuzz_target!(|input: &[u8]| {
    let [kind, split, bytes @ ..] = input else { return };
    let kind = [RequestKind::Other, RequestKind::Head, RequestKind::Connect][usize::from(*kind) % 3];
    let limits = Limits { request_line_bytes: 256, head_bytes: 1024, fields: 16, keep_underscores: false };
    let (mut fields, mut part_fields) = (Fields::new(), Fields::new());
    let whole = parse_response(bytes, &limits, &mut fields, kind);
    let part = bytes.get(..usize::from(*split)).unwrap_or(bytes);
    let early = parse_response(part, &limits, &mut part_fields, kind);
    if early != Ok(None) {
        assert_eq!(early, whole, "a part of the head was answered otherwise than the whole");
    }
    let Ok(Some(head)) = whole else { return };
    assert!((100..1000).contains(&head.status));
    if head.status < 200 || matches!(head.status, 204 | 304) || kind == RequestKind::Head {
        assert_eq!(head.framing, ResponseFraming::None);
    }
    if head.keep_alive {
        assert!(head.version == Version::Http11 && head.framing != ResponseFraming::UntilClose);
    }
    agrees_with_httparse(bytes, &head, &fields);
    let mut out = Vec::new();
    let mut writer = HeadWriter::new(&mut out);
    writer.status_line(head.status);
    for field in fields.iter().filter(|field| !field.dropped) {
        writer.forwarded(bytes, field).expect("a parsed field can be written");
    }
    writer.end();
    assert!(parse_response(&out, &Limits::default(), &mut part_fields, kind).expect("sound").is_some());

    let asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let request = parse_request(asked, &limits, &mut part_fields).expect("sound").expect("whole");
    let mut exchange = Exchange::new(&request);
    exchange.try_upstream();
    exchange.request_read();
    exchange.request_sent();
    let Ok(Answer::Final) = exchange.answer(&head) else { return };
    assert!(!exchange.reuse_upstream(), "before the body is read");
    let mut decoder = Decoder::response(head.framing);
    let mut at = head.len;
    while let Ok(piece) = decoder.step(&bytes[at..]) {
        assert!(piece.data.end <= piece.consumed.max(piece.data.start));
        at += piece.consumed;
        if piece.done || piece.consumed == 0 {
            break;
        }
    }
    if decoder.is_done() {
        exchange.answer_read();
        assert_eq!(exchange.reuse_upstream(), head.keep_alive);
        exchange.surplus();
        assert!(!exchange.reuse_upstream());
    }
});
