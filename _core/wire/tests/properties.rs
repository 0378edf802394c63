//! Properties that hold for every input: what is written reads the same, splits change nothing, an independent parser
//! agrees with what is accepted.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use proptest::collection::vec;
use proptest::prelude::*;
use sallygate_wire::body::{Decoder, Encoder};
use sallygate_wire::chunk::{CHUNK_END, chunk_head};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::host::canonical_host;
use sallygate_wire::limits::{CHUNK_SIZE_DIGITS, LENGTH_MAX, Limits, PROXY_HEADER_BYTES, PROXY_LINE_BYTES};
use sallygate_wire::path::{PathScratch, check_rewritten, encode_path, read_path};
use sallygate_wire::proxy_header::parse_proxy_header;
use sallygate_wire::request::{Framing, RequestHead, parse_request};
use sallygate_wire::response::{RequestKind, ResponseHead, parse_response};
use sallygate_wire::span::Span;
use sallygate_wire::trailer::{Section, TrailerNames};
use sallygate_wire::write::HeadWriter;

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}"
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(b' '), Just(b'\t'), b'!'..=b'~', 0x80..=0xff_u8], 0..60)
}

/// A head that is good but for what its values may say about framing.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        4 => token(),
        1 => "(?i)(connection|upgrade|expect|te|keep-alive|x-forwarded-for|x_real_ip|cookie|user-agent)",
    ];
    let target = "/[!$-;=@-Z_a-z~]{0,30}(\\?[!-\"$-~]{0,20})?";
    (token(), target, "1\\.[01]", vec((names, value()), 0..8)).prop_map(|(method, target, version, fields)| {
        let mut bytes = format!("{method} {target} HTTP/{version}\r\nHost: a.example\r\n").into_bytes();
        for (name, value) in fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(&value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    })
}

/// A good head with a few bytes changed into those that parsers disagree about.
fn damaged_head() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(b"\r\n\0 \t:,;\x0b\x0c\x7f\x80\xa0/?#%\"\\1a_-".as_slice());
    (head(), vec((any::<prop::sample::Index>(), 0..3_u8, byte), 0..4)).prop_map(|(mut bytes, changes)| {
        for (at, how, byte) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes.insert(at, byte),
                1 => bytes[at] = byte,
                _ => drop(bytes.remove(at)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    })
}

fn parse(bytes: &[u8], fields: &mut Fields) -> Result<Option<RequestHead>, Fault> {
    parse_request(bytes, &Limits::default(), fields)
}

fn serialise(bytes: &[u8], head: &RequestHead, fields: &Fields) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = HeadWriter::new(&mut out);
    let query = head.query.map(|query| query.of(bytes));
    let target: &[&[u8]] = &[head.path.of(bytes), if query.is_some() { b"?" } else { b"" }, query.unwrap_or_default()];
    writer.request_line(head.method_text.of(bytes), target).unwrap();
    for field in fields.iter().filter(|field| !field.dropped) {
        writer.forwarded(bytes, field).unwrap();
    }
    writer.end();
    out
}

fn texts(bytes: &[u8], fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields
        .iter()
        .filter(|field| !field.dropped)
        .map(|field| (field.name.of(bytes).to_vec(), field.value.of(bytes).to_vec()))
        .collect()
}

fn decode(mut decoder: Decoder, bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Result<bool, Fault>, usize) {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let (mut data, mut at) = (Vec::new(), 0);
    for end in ends {
        loop {
            let input = &bytes[at..end];
            match decoder.step(input) {
                Ok(piece) => {
                    data.extend_from_slice(&input[piece.data]);
                    at += piece.consumed;
                    if piece.done {
                        return (data, Ok(true), at);
                    }
                    if piece.consumed == 0 {
                        break;
                    }
                }
                // Where the fault was met is not part of the promise: only what came before it.
                Err(fault) => return (data, Err(fault), 0),
            }
        }
    }
    (data, Ok(false), at)
}

/// A PROXY header of either version, whole or damaged, with the bytes of a client behind it.
fn proxy_header() -> impl Strategy<Value = Vec<u8>> {
    let line = "PROXY (TCP4 [0-9.]{1,15} [0-9.]{7,15} [0-9]{1,6} [0-9]{1,6}|TCP6 [0-9a-f:]{2,20} ::1 [0-9]{1,5} 80|UNKNOWN[ -~]{0,110})\r\n";
    let binary = (
        0x20..0x23_u8,
        prop::sample::select(b"\x00\x11\x12\x21\x31\x41".as_slice()),
        vec(any::<u8>(), 0..80),
        0..3_u16,
    )
        .prop_map(|(command, family, body, more)| {
            let length = u16::try_from(body.len()).unwrap() + more;
            [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[command, family], &length.to_be_bytes(), &body].concat()
        });
    (prop_oneof![line.prop_map(String::into_bytes), binary], vec(any::<u8>(), 0..20))
        .prop_map(|(header, rest)| [header, rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_the_same(bytes in damaged_head()) {
        let (mut fields, mut again_fields) = (Fields::new(), Fields::new());
        let Ok(Some(head)) = parse(&bytes, &mut fields) else { return Ok(()) };
        // An absolute target without a path is written as a slash, and HTTP/1.0 may do without Host.
        prop_assume!(!head.path.is_empty() && fields.has(Name::Host));
        let written = serialise(&bytes, &head, &fields);
        let again = parse(&written, &mut again_fields).unwrap().unwrap();
        prop_assert_eq!(again.len, written.len());
        prop_assert_eq!(head.method_text.of(&bytes), again.method_text.of(&written));
        prop_assert_eq!(head.path.of(&bytes), again.path.of(&written));
        prop_assert_eq!(head.query.map(|query| query.of(&bytes)), again.query.map(|query| query.of(&written)));
        prop_assert_eq!(texts(&bytes, &fields), texts(&written, &again_fields));
        prop_assert_eq!(serialise(&written, &again, &again_fields), written);
    }

    #[test]
    fn a_head_meets_the_same_answer_however_it_is_split(bytes in damaged_head()) {
        let mut fields = Fields::new();
        let whole = parse(&bytes, &mut fields);
        let fields_whole = format!("{fields:?}");
        let mut split = Ok(None);
        for end in 0..=bytes.len() {
            split = parse(&bytes[..end], &mut fields);
            if !matches!(split, Ok(None)) {
                break;
            }
        }
        prop_assert_eq!(whole, split);
        if let Ok(Some(_)) = whole {
            prop_assert_eq!(fields_whole, format!("{fields:?}"));
        }
    }

    #[test]
    fn what_is_accepted_is_read_alike_by_httparse(bytes in damaged_head()) {
        let mut fields = Fields::new();
        let Ok(Some(head)) = parse(&bytes, &mut fields) else { return Ok(()) };
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut theirs = httparse::Request::new(&mut headers);
        if str::from_utf8(head.target.of(&bytes)).is_err() {
            // They want UTF-8 there.
            return Ok(());
        }
        prop_assert_eq!(theirs.parse(&bytes), Ok(httparse::Status::Complete(head.len)));
        prop_assert_eq!(theirs.method.unwrap().as_bytes(), head.method_text.of(&bytes));
        prop_assert_eq!(theirs.path.unwrap().as_bytes(), head.target.of(&bytes));
        prop_assert_eq!(theirs.headers.len(), fields.len());
        for (theirs, ours) in theirs.headers.iter().zip(&fields) {
            prop_assert_eq!(theirs.name.as_bytes(), ours.name.of(&bytes));
            prop_assert_eq!(theirs.value, ours.value.of(&bytes));
        }
    }

    #[test]
    fn ranges_lie_inside_the_head_in_their_order(bytes in damaged_head(), after in vec(any::<u8>(), 0..40)) {
        let mut fields = Fields::new();
        let all = [bytes.as_slice(), &after].concat();
        let Ok(Some(head)) = parse(&all, &mut fields) else { return Ok(()) };
        prop_assert!(head.len <= all.len());
        let end = u32::try_from(head.len).unwrap();
        // Nothing of one range is part of the next, and nothing is part of what follows the head.
        let mut at = 0;
        let line = [head.method_text, head.target];
        let ranges = line.into_iter().chain(fields.iter().flat_map(|field| [field.name, field.value]));
        for range in ranges {
            prop_assert!(at <= range.start && range.start <= range.end && range.end < end, "{:?} after {}", range, at);
            prop_assert_eq!(range.of(&all).len(), range.len());
            at = range.end;
        }
        for part in [Some(head.path), head.query].into_iter().flatten() {
            prop_assert!(head.target.start <= part.start && part.start <= part.end && part.end <= head.target.end);
        }
        for value in [head.authority, head.upgrade].into_iter().flatten() {
            let whole = value.start >= head.target.start && value.end <= head.target.end;
            prop_assert!(whole || fields.iter().any(|field| field.value == value));
        }
        // Bytes behind the head change nothing in it.
        let mut again = Fields::new();
        prop_assert_eq!(parse(&all[..head.len], &mut again), Ok(Some(head)));
        prop_assert_eq!(format!("{:?}", fields), format!("{:?}", again));
    }

    #[test]
    fn a_span_names_what_it_says_or_nothing(start in any::<u32>(), end in any::<u32>(), bytes in vec(any::<u8>(), 0..50)) {
        let near = |number: u32| if number.is_multiple_of(2) { number % 64 } else { number };
        let span = Span { start: near(start), end: near(end) };
        let inside = span.start <= span.end && span.end as usize <= bytes.len();
        let expect = if inside { &bytes[span.start as usize..span.end as usize] } else { &[] };
        prop_assert_eq!(span.of(&bytes), expect);
        prop_assert_eq!(span.is_empty(), span.end <= span.start);
        prop_assert!(span.of(&bytes).len() <= span.len());
    }

    #[test]
    fn a_step_of_a_body_stays_within_its_input(
        length in any::<u64>(), chunked in any::<bool>(), input in vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'f'), Just(b';'), any::<u8>()], 0..80)
    ) {
        let framing = if chunked { Framing::Chunked } else { Framing::Length(length) };
        let mut decoder = Decoder::request(framing);
        let (mut at, mut body) = (0, 0_u64);
        while let Ok(piece) = decoder.step(&input[at..]) {
            prop_assert!(piece.data.start <= piece.data.end && piece.data.end <= piece.consumed);
            prop_assert!(piece.consumed <= input.len() - at);
            body += piece.data.len() as u64;
            at += piece.consumed;
            if let (Framing::Length(length), Some(left)) = (framing, decoder.remaining()) {
                prop_assert_eq!(body + left, length);
            }
            if piece.done || piece.consumed == 0 {
                break;
            }
        }
    }

    #[test]
    fn nothing_panics(bytes in vec(any::<u8>(), 0..300)) {
        let mut fields = Fields::new();
        let _ = parse(&bytes, &mut fields);
        let _: Result<Option<ResponseHead>, _> =
            parse_response(&bytes, &Limits::default(), &mut fields, RequestKind::Other);
        let _ = parse_proxy_header(&bytes);
        let _ = canonical_host(&bytes, &mut Vec::new());
        let _ = read_path(&bytes, &mut PathScratch::new());
        let _ = check_rewritten(&bytes, &mut PathScratch::new());
        let _ = decode(Decoder::request(Framing::Chunked), &bytes, &[]);
    }

    #[test]
    fn chunks_decode_alike_however_they_are_split(
        runs in vec(vec(any::<u8>(), 1..40), 0..6),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::Chunked;
        for run in &runs {
            encoder.write(run, &mut bytes).unwrap();
        }
        encoder.finish(&mut bytes).unwrap();
        let end = bytes.len();
        bytes.extend_from_slice(b"GET /");
        let sound = damage.is_none();
        if let Some((at, byte)) = damage {
            let at = at.index(end);
            bytes[at] = byte;
        }
        let whole = decode(Decoder::request(Framing::Chunked), &bytes, &[]);
        prop_assert_eq!(&whole, &decode(Decoder::request(Framing::Chunked), &bytes, &cuts));
        if sound {
            prop_assert_eq!(whole, (runs.concat(), Ok(true), end));
        }
    }

    #[test]
    fn chunks_sent_without_a_copy_decode_too(runs in vec(vec(any::<u8>(), 1..40), 0..6)) {
        let mut bytes = Vec::new();
        for run in &runs {
            chunk_head(run.len() as u64, &mut bytes);
            bytes.extend_from_slice(run);
            bytes.extend_from_slice(CHUNK_END);
        }
        Encoder::Chunked.finish(&mut bytes).unwrap();
        prop_assert_eq!(decode(Decoder::request(Framing::Chunked), &bytes, &[]), (runs.concat(), Ok(true), bytes.len()));
    }

    #[test]
    fn paths_are_idempotent(path in "/([a-c./%;\\\\ é]|%2[eEfF]|%5[cC]|%3[bB]|%[0-9a-fA-F]{2}|\\.\\.|//|/\\.){0,12}") {
        let mut scratch = PathScratch::new();
        let Ok(forms) = read_path(path.as_bytes(), &mut scratch) else { return Ok(()) };
        let mut again_scratch = PathScratch::new();
        let again = read_path(forms.forward, &mut again_scratch).unwrap();
        prop_assert_eq!(&forms, &again);
        prop_assert_eq!(check_rewritten(forms.forward, &mut PathScratch::new()), Ok(()));
        prop_assert!(!forms.forward.windows(4).any(|part| part == b"/../") && !forms.forward.ends_with(b"/.."));
        prop_assert!(!forms.matched.windows(4).any(|part| part == b"/../") && !forms.matched.ends_with(b"/.."));
        prop_assert!(!forms.matched.windows(2).any(|part| part == b"//"));
        prop_assert!(forms.forward.is_ascii());
        // What a rewrite would send for this reading is read the same.
        let mut encoded = Vec::new();
        encode_path(forms.matched, &mut encoded);
        if forms.undecoded.is_none() {
            let mut scratch = PathScratch::new();
            prop_assert_eq!(read_path(&encoded, &mut scratch).unwrap().matched, forms.matched);
        }
    }

    #[test]
    fn hosts_are_idempotent(host in "[a-cA-C0-9._:\\[\\]%-]{0,20}|[a-cA-C]{1,5}(\\.[a-c]{1,3}){0,3}\\.?(:[0-9]{1,6})?") {
        let mut scratch = Vec::new();
        let Ok(found) = canonical_host(host.as_bytes(), &mut scratch) else { return Ok(()) };
        prop_assert!(!found.is_empty() && found.first() != Some(&b'.'));
        let mut again = Vec::new();
        prop_assert_eq!(canonical_host(found, &mut again), Ok(found));
    }

    #[test]
    fn a_proxy_header_is_read_alike_however_it_comes(bytes in proxy_header()) {
        let whole = parse_proxy_header(&bytes);
        let first = (0..=bytes.len()).map(|end| parse_proxy_header(&bytes[..end])).find(|found| *found != Ok(None));
        prop_assert_eq!(first.unwrap_or(Ok(None)), whole);
        if let Ok(Some(header)) = whole {
            let longest = if bytes.starts_with(b"PROXY ") { PROXY_LINE_BYTES } else { PROXY_HEADER_BYTES };
            prop_assert!((15..=longest.min(bytes.len())).contains(&header.len));
            // Nothing behind it has a say.
            prop_assert_eq!(parse_proxy_header(&bytes[..header.len]), Ok(Some(header)));
        }
    }

    #[test]
    fn addresses_come_out_of_a_proxy_header_as_they_went_in(from: std::net::SocketAddr, to: std::net::SocketAddr) {
        let expect = (from.ip().is_ipv4() == to.ip().is_ipv4()).then_some((from.ip(), from.port(), to.ip(), to.port()));
        let family = if from.ip().is_ipv4() { "TCP4" } else { "TCP6" };
        let line = format!("PROXY {family} {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port());
        let found = parse_proxy_header(line.as_bytes()).ok().flatten().and_then(|header| header.addresses);
        prop_assert_eq!(found.map(|(from, to)| (from.ip(), from.port(), to.ip(), to.port())), expect);
    }

    #[test]
    fn a_chunk_is_as_long_as_its_digits_say(digits in "[0-9a-fA-F]{1,20}", data in vec(any::<u8>(), 0..40)) {
        let bytes = [digits.as_bytes(), b"\r\n", &data].concat();
        let mut decoder = Decoder::request(Framing::Chunked);
        let size = u128::from_str_radix(&digits, 16).unwrap();
        let bad = digits.len() > usize::from(CHUNK_SIZE_DIGITS) || size > u128::from(LENGTH_MAX);
        let piece = match decoder.step(&bytes) {
            Ok(piece) => piece,
            // A last chunk is followed by trailers, which these are not.
            Err(fault) => {
                let expect = if bad { Fault::BadChunk } else { Fault::BadTrailer };
                prop_assert!(fault == expect && (bad || size == 0));
                return Ok(());
            }
        };
        prop_assert!(!bad);
        prop_assert_eq!(piece.data.len() as u128, size.min(data.len() as u128));
        prop_assert_eq!(&bytes[piece.data], &data[..usize::try_from(size.min(data.len() as u128)).unwrap()]);
    }

    #[test]
    fn trailers_are_taken_alike_however_they_come(
        fields in vec((prop_oneof![2 => token(), 1 => Just("Grpc-Status".to_owned()), 1 => Just("digest".to_owned())], value()), 0..6),
        cuts in vec(any::<usize>(), 0..8),
    ) {
        let mut bytes = b"1\r\nx\r\n0\r\n".to_vec();
        let mut expect = 0;
        for (name, value) in &fields {
            expect += usize::from(TrailerNames::default().pass(name.as_bytes()));
            bytes.extend_from_slice(&[name.as_bytes(), b":", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\nGET /");
        let mut found = Vec::new();
        for cuts in [&[][..], &cuts] {
            let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
            ends.sort_unstable();
            let (mut decoder, mut section, mut at) = (Decoder::request(Framing::Chunked), Section::default(), 0);
            for end in ends {
                while at < end && !decoder.is_done() {
                    let before = decoder.trailer_bytes();
                    let piece = decoder.step(&bytes[at..end]).unwrap();
                    section.take(&bytes[at..at + piece.consumed], decoder.trailer_bytes() - before);
                    at += piece.consumed;
                }
            }
            prop_assert!(decoder.is_done() && bytes[at..] == *b"GET /");
            let mut lines = Vec::new();
            prop_assert_eq!(usize::from(section.write(&TrailerNames::default(), |_| true, &mut lines)), expect);
            found.push(lines);
        }
        prop_assert_eq!(&found[0], &found[1]);
        prop_assert_eq!(found[0].windows(2).filter(|pair| pair == b"\r\n").count(), expect);
    }
}
