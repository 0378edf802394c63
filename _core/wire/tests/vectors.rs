//! Runs the byte cases of `tests/wire/vectors`: whole, byte by byte, and split at every CRLF.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod corpus;

use std::collections::HashSet;
use std::fmt::Write as _;

use sallygate_wire::body::Decoder;
use sallygate_wire::exchange::{Answer, Exchange};
use sallygate_wire::fault::Fault;
use sallygate_wire::field::Fields;
use sallygate_wire::host::canonical_host;
use sallygate_wire::limits::Limits;
use sallygate_wire::path::{PathScratch, read_path};
use sallygate_wire::request::{Framing, RequestHead, Version, parse_request};
use sallygate_wire::response::{RequestKind, ResponseFraming, ResponseHead, parse_response};
use serde_json::{Map, Value, json};

use corpus::{Case, bytes_of, cases, text_of};

/// What happened to the bytes of a case.
#[derive(Debug, PartialEq)]
enum Outcome {
    Good(Map<String, Value>),
    Bad(Fault),
    More,
}

fn fields_of(bytes: &[u8], fields: &Fields) -> (Value, Value) {
    let sent: Vec<_> = fields
        .iter()
        .filter(|field| !field.dropped)
        .map(|field| json!([text_of(field.name.of(bytes)), text_of(field.value.of(bytes))]))
        .collect();
    let dropped: Vec<_> = fields
        .iter()
        .filter(|field| field.dropped && !field.id.is_hop_by_hop())
        .map(|field| text_of(field.name.of(bytes)))
        .collect();
    (sent.into(), dropped.into())
}

/// Feeds the body in parts that end at `ends`; gives the body, where it ended, and whether it did.
fn read_body(
    decoder: &mut Decoder,
    bytes: &[u8],
    start: usize,
    ends: &[usize],
) -> Result<(Vec<u8>, usize, bool), Fault> {
    let (mut at, mut body) = (start, Vec::new());
    for &end in ends.iter().filter(|&&end| end >= start) {
        loop {
            let input = &bytes[at..end];
            let piece = decoder.step(input)?;
            body.extend_from_slice(&input[piece.data]);
            at += piece.consumed;
            if piece.done {
                return Ok((body, at, true));
            }
            if piece.consumed == 0 {
                break;
            }
        }
    }
    Ok((body, at, false))
}

fn describe_request(bytes: &[u8], head: &RequestHead, fields: &Fields) -> Result<Map<String, Value>, Fault> {
    let (mut scratch, mut path) = (Vec::new(), PathScratch::new());
    let host = head.authority.map(|authority| canonical_host(authority.of(bytes), &mut scratch)).transpose()?;
    let forms = read_path(head.path.of(bytes), &mut path)?;
    let (sent, dropped) = fields_of(bytes, fields);
    let parts = json!({
        "method": text_of(head.method_text.of(bytes)),
        "path": text_of(forms.matched),
        "forward": text_of(forms.forward),
        "undecoded": forms.undecoded.map(text_of),
        "query": head.query.map(|query| text_of(query.of(bytes))),
        "host": host.map(text_of),
        "version": if head.version == Version::Http11 { "1.1" } else { "1.0" },
        "framing": match head.framing {
            Framing::None => "none".into(),
            Framing::Length(length) => Value::from(length),
            Framing::Chunked => "chunked".into(),
        },
        "keep_alive": head.keep_alive,
        "upgrade": head.upgrade.map(|upgrade| text_of(upgrade.of(bytes))),
        "expect_continue": head.expect_continue,
        "sent": sent,
        "dropped": dropped,
    });
    Ok(parts.as_object().unwrap().clone())
}

fn request(bytes: &[u8], ends: &[usize], eof: bool) -> Outcome {
    let (limits, mut fields) = (Limits::default(), Fields::new());
    for (number, &end) in ends.iter().enumerate() {
        let head = match parse_request(&bytes[..end], &limits, &mut fields) {
            Ok(Some(head)) => head,
            Ok(None) => continue,
            Err(fault) => return Outcome::Bad(fault),
        };
        let mut parts = match describe_request(bytes, &head, &fields) {
            Ok(parts) => parts,
            Err(fault) => return Outcome::Bad(fault),
        };
        let mut decoder = Decoder::request(head.framing);
        return match read_body(&mut decoder, bytes, head.len, &ends[number..]) {
            Err(fault) => Outcome::Bad(fault),
            Ok((body, at, true)) => {
                parts.insert("body".into(), text_of(&body));
                parts.insert("rest".into(), text_of(&bytes[at..]));
                Outcome::Good(parts)
            }
            Ok(_) if eof => Outcome::Bad(decoder.finish().unwrap_err()),
            Ok(_) => Outcome::More,
        };
    }
    Outcome::More
}

fn describe_response(bytes: &[u8], head: &ResponseHead, fields: &Fields) -> Map<String, Value> {
    let (sent, _) = fields_of(bytes, fields);
    let parts = json!({
        "status": head.status,
        "framing": match head.framing {
            ResponseFraming::None => "none".into(),
            ResponseFraming::Length(length) => Value::from(length),
            ResponseFraming::Chunked => "chunked".into(),
            ResponseFraming::UntilClose => "close".into(),
        },
        "sent": sent,
    });
    parts.as_object().unwrap().clone()
}

/// Reads answers up to the final one, or to the first head when `informational` is what the case is about.
fn response(bytes: &[u8], ends: &[usize], eof: bool, method: &str, informational: bool) -> Outcome {
    let (limits, mut fields) = (Limits::default(), Fields::new());
    let asked = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut exchange = Exchange::new(&parse_request(asked.as_bytes(), &limits, &mut fields).unwrap().unwrap());
    exchange.try_upstream();
    exchange.request_read();
    exchange.request_sent();
    let kind = if method == "HEAD" { RequestKind::Head } else { RequestKind::Other };
    let mut start = 0;
    for (number, &end) in ends.iter().enumerate() {
        let head = loop {
            let part = bytes.get(start..end).unwrap_or_default();
            let head = match parse_response(part, &limits, &mut fields, kind) {
                Ok(Some(head)) => head,
                Ok(None) => break None,
                Err(fault) => return Outcome::Bad(fault),
            };
            match exchange.answer(&head) {
                Ok(Answer::Informational { .. }) if !informational => start += head.len,
                Ok(_) => break Some(head),
                Err(fault) => return Outcome::Bad(fault),
            }
        };
        let Some(head) = head else { continue };
        let mut parts = describe_response(&bytes[start..], &head, &fields);
        let mut decoder = Decoder::response(head.framing);
        let (body, at, done) = match read_body(&mut decoder, bytes, start + head.len, &ends[number..]) {
            Ok(found) => found,
            Err(fault) => return Outcome::Bad(fault),
        };
        if !done && !eof {
            return Outcome::More;
        }
        if let Err(fault) = decoder.finish() {
            return Outcome::Bad(fault);
        }
        exchange.answer_read();
        if at < bytes.len() && !informational {
            exchange.surplus();
        }
        parts.insert("body".into(), text_of(&body));
        parts.insert("rest".into(), text_of(&bytes[at..]));
        parts.insert("reuse".into(), exchange.reuse_upstream().into());
        return Outcome::Good(parts);
    }
    Outcome::More
}

fn run(case: &Value, ends: &[usize]) -> Outcome {
    let bytes = bytes_of(&case["bytes"]);
    let eof = case["eof"].as_bool().unwrap_or(false);
    match case["side"].as_str() {
        Some("response") => {
            let informational = case["status"].as_u64().is_some_and(|status| status < 200);
            response(&bytes, ends, eof, case["request"].as_str().unwrap(), informational)
        }
        _ => request(&bytes, ends, eof),
    }
}

/// What differs between the case and the outcome; nothing when all is well.
fn differences(case: &Value, outcome: &Outcome) -> String {
    let mut text = String::new();
    match (&case["expect"], outcome) {
        (Value::String(expect), Outcome::More) if expect == "more" => {}
        (Value::String(expect), Outcome::Good(parts)) if expect == "ok" => {
            for (key, expect) in case.as_object().unwrap() {
                let expect = match key.as_str() {
                    "id" | "name" | "bytes" | "side" | "request" | "eof" | "expect" => continue,
                    _ if expect.is_array() && !matches!(key.as_str(), "sent" | "dropped") => {
                        &text_of(&bytes_of(expect))
                    }
                    "forward" if case["path"].is_array() => continue,
                    _ => expect,
                };
                if parts.get(key) != Some(expect) {
                    let _ = write!(text, "\n    {key}: expected {expect}, found {:?}", parts.get(key));
                }
            }
        }
        (Value::Number(status), Outcome::Bad(fault)) => {
            let found = if case["side"] == "response" { 502 } else { fault.status() };
            if status.as_u64() != Some(found.into()) || case["fault"].as_str().is_some_and(|code| code != fault.code())
            {
                let _ = write!(text, "\n    expected {status} {}, found {found} {}", case["fault"], fault.code());
            }
        }
        (expect, outcome) => {
            let _ = write!(text, "\n    expected {expect}, found {outcome:?}");
        }
    }
    text
}

#[test]
fn every_case_meets_its_answer_however_it_is_split() {
    let mut wrong = String::new();
    let mut names = HashSet::new();
    let cases = cases();
    for Case { name, value: case } in &cases {
        assert!(names.insert(name), "{name} stands twice");
        let bytes = bytes_of(&case["bytes"]);
        let mut lines: Vec<_> = (0..bytes.len())
            .filter(|&at| bytes[at..].starts_with(b"\r\n"))
            .flat_map(|at| [at, at + 1, at + 2])
            .collect();
        lines.push(bytes.len());
        lines.dedup();
        for (how, ends) in
            [("whole", vec![bytes.len()]), ("byte by byte", (0..=bytes.len()).collect()), ("by lines", lines)]
        {
            // Reading a head again for every byte takes the square of its length.
            if how == "byte by byte" && bytes.len() > 12_000 {
                continue;
            }
            let found = differences(case, &run(case, &ends));
            if !found.is_empty() {
                let _ = write!(wrong, "\n{name} ({how}):{found}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.len() >= 1500, "only {} cases", cases.len());
}

#[test]
fn every_part_of_a_case_is_known() {
    let known = HashSet::from([
        "id",
        "name",
        "bytes",
        "side",
        "request",
        "eof",
        "expect",
        "fault",
        "method",
        "path",
        "forward",
        "undecoded",
        "query",
        "host",
        "version",
        "framing",
        "body",
        "keep_alive",
        "upgrade",
        "expect_continue",
        "sent",
        "dropped",
        "rest",
        "status",
        "reuse",
    ]);
    for Case { name, value: case } in cases() {
        for key in case.as_object().unwrap().keys() {
            assert!(known.contains(key.as_str()), "{name}: {key}");
        }
        if case["expect"] != "ok" && case["fault"].is_string() {
            let code = case["fault"].as_str().unwrap();
            assert!(Fault::ALL.iter().any(|fault| fault.code() == code), "{name}: {code}");
        }
    }
}
