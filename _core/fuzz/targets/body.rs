//! Bodies: the same data however the bytes are split, never more than is there, and what is encoded decodes to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallygate_wire::body::{Decoder, Encoder};
use sallygate_wire::fault::Fault;
use sallygate_wire::request::Framing;

/// The data, how it ended, and the bytes taken when that was well.
fn decode(mut decoder: Decoder, bytes: &[u8], part: usize) -> (Vec<u8>, Result<bool, Fault>, usize) {
    let (mut data, mut at) = (Vec::new(), 0);
    for end in (0..bytes.len()).step_by(part).map(|start| (start + part).min(bytes.len())) {
        loop {
            let input = &bytes[at..end];
            match decoder.step(input) {
                Ok(piece) => {
                    assert!(piece.consumed <= input.len() && piece.data.end <= piece.consumed.max(piece.data.start));
                    data.extend_from_slice(&input[piece.data]);
                    at += piece.consumed;
                    assert_eq!(piece.done, decoder.is_done());
                    if piece.done {
                        return (data, Ok(true), at);
                    }
                    if piece.consumed == 0 {
                        assert!(input.is_empty(), "stuck before the end of the input");
                        break;
                    }
                }
                Err(fault) => return (data, Err(fault), 0),
            }
        }
    }
    (data, Ok(false), at)
}

/// Another parser reads what is accepted alike: each size, thus the same data, and where it ends.
fn agrees_with_httparse(body: &[u8], data: &[u8], end: usize) {
    let (mut theirs, mut at) = (Vec::new(), 0);
    loop {
        let size = match httparse::parse_chunk_size(&body[at..end]) {
            Ok(httparse::Status::Complete((line, size))) => {
                at += line;
                usize::try_from(size).expect("what is there fits")
            }
            other => panic!("{other:?} at {at} of {:?}", body.escape_ascii().to_string()),
        };
        if size == 0 {
            break;
        }
        theirs.extend_from_slice(&body[at..at + size]);
        at += size;
        assert_eq!(&body[at..at + 2], b"\r\n");
        at += 2;
    }
    assert_eq!(theirs, data);
    // Trailers, which are fields to them, too; an empty section has no room for one.
    let mut fields = [httparse::EMPTY_HEADER; 64];
    match httparse::parse_headers(&body[at..end], &mut fields) {
        Ok(httparse::Status::Complete((length, _))) => assert_eq!(at + length, end),
        other => panic!("{other:?} for the trailers of {:?}", body.escape_ascii().to_string()),
    }
}

fuzz_target!(|input: &[u8]| {
    let [framing, part, bytes @ ..] = input else { return };
    let framing = match framing % 4 {
        0 => Framing::Length(u64::from(*part) * 3),
        _ => Framing::Chunked,
    };
    let part = usize::from(*part) % 32 + 1;
    let whole = decode(Decoder::request(framing), bytes, bytes.len().max(1));
    assert_eq!(whole, decode(Decoder::request(framing), bytes, part));
    if framing == Framing::Chunked
        && let (data, Ok(true), end) = &whole
    {
        agrees_with_httparse(bytes, data, *end);
    }
    if bytes.is_empty() {
        return;
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::Chunked;
    for run in bytes.chunks(part) {
        encoder.write(run, &mut out).expect("chunks take everything");
    }
    encoder.finish(&mut out).expect("and end");
    let end = out.len();
    out.extend_from_slice(bytes);
    assert_eq!(decode(Decoder::request(Framing::Chunked), &out, part), (bytes.to_vec(), Ok(true), end));
});
