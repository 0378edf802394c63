//! Answers that the gateway gives itself: the only place where a failure becomes a response.

use sallygate_wire::write::{HeadWriter, reason_phrase};

use crate::http1::answer::Persistence;

/// A short local answer.
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// Location, for redirects.
    pub location: Option<&'a [u8]>,
    /// WWW-Authenticate, to ask for a password.
    pub challenge: Option<&'a [u8]>,
    /// Field lines that the route adds.
    pub added: &'a [u8],
    /// Date.
    pub date: &'a [u8],
    /// Strict-Transport-Security, on a connection with TLS.
    pub hsts: Option<&'a [u8]>,
    /// The request's id, so that a user can quote it.
    pub request_id: &'a [u8],
    /// What failed, in a word for programs; empty if nothing did.
    pub code: &'a str,
    /// Is the body to be JSON?
    pub json: bool,
    /// What becomes of the connection.
    pub persistence: Persistence,
    /// Is it the answer to HEAD, which describes a body and has none?
    pub head: bool,
}

/// Appends the whole answer to `out`; returns the length of its body. A header value that cannot be written is left
/// out: a reply must never fail.
pub fn write(out: &mut Vec<u8>, reply: &Reply<'_>) -> u64 {
    let reason = reason_phrase(reply.status);
    let body = if reply.json { json(reply, reason) } else { format!("{} {reason}\n", reply.status) };
    let mut writer = HeadWriter::new(out);
    writer.status_line(reply.status);
    let _ = writer.field(b"Date", reply.date);
    // RFC 9110 §6.4.1: these have no body, so one would be taken for the next answer.
    let bodiless = matches!(reply.status, 204 | 304);
    if !bodiless {
        let text: &[u8] = if reply.json { b"application/json" } else { b"text/plain; charset=utf-8" };
        let _ = writer.field(b"Content-Type", text);
        let _ = writer.field_u64(b"Content-Length", u64::try_from(body.len()).unwrap_or(0));
    }
    if let Some(location) = reply.location {
        let _ = writer.field(b"Location", location);
    }
    if let Some(challenge) = reply.challenge {
        let _ = writer.field(b"WWW-Authenticate", challenge);
    }
    if let Some(hsts) = reply.hsts {
        let _ = writer.field(b"Strict-Transport-Security", hsts);
    }
    if !reply.request_id.is_empty() {
        let _ = writer.field(b"X-Request-ID", reply.request_id);
    }
    out.extend_from_slice(reply.added);
    let mut writer = HeadWriter::new(out);
    let _ = match reply.persistence {
        Persistence::Keep => Ok(()),
        Persistence::KeepAlive => writer.field(b"Connection", b"keep-alive"),
        Persistence::Close => writer.field(b"Connection", b"close"),
    };
    writer.end();
    if bodiless || reply.head {
        return 0;
    }
    out.extend_from_slice(body.as_bytes());
    u64::try_from(body.len()).unwrap_or(0)
}

/// Everything in it is ours but the request's id, which is left out if a string could not hold it as it is.
fn json(reply: &Reply<'_>, reason: &str) -> String {
    let mut body = format!("{{\"status\":{},\"reason\":\"{reason}\"", reply.status);
    if !reply.code.is_empty() {
        body.push_str(",\"code\":\"");
        body.push_str(reply.code);
        body.push('"');
    }
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if let Ok(id) = std::str::from_utf8(reply.request_id)
        && !id.is_empty()
        && reply.request_id.iter().all(plain)
    {
        body.push_str(",\"request_id\":\"");
        body.push_str(id);
        body.push('"');
    }
    body.push_str("}\n");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Reply<'_> = Reply {
        status: 404,
        location: None,
        challenge: None,
        added: b"",
        date: b"",
        hsts: None,
        request_id: b"",
        code: "",
        json: false,
        persistence: Persistence::Keep,
        head: false,
    };

    #[test]
    fn a_reply_in_json_holds_nothing_that_could_break_it() {
        let cases: [(&[u8], &str, &str); 4] = [
            (b"", "", r#"{"status":404,"reason":"Not Found"}"#),
            (b"abc", "no_route", r#"{"status":404,"reason":"Not Found","code":"no_route","request_id":"abc"}"#),
            (b"a\"b", "", r#"{"status":404,"reason":"Not Found"}"#),
            (b"\xff", "", r#"{"status":404,"reason":"Not Found"}"#),
        ];
        for (request_id, code, expect) in cases {
            let mut out = Vec::new();
            let length = write(&mut out, &Reply { request_id, code, json: true, ..NOTHING });
            let text = String::from_utf8_lossy(&out).into_owned();
            assert!(text.ends_with(&format!("\r\n\r\n{expect}\n")), "{text}");
            assert!(text.contains("\r\nContent-Type: application/json\r\n"), "{text}");
            assert_eq!(length, expect.len() as u64 + 1);
        }
    }

    #[test]
    fn a_reply_is_plain_and_short() {
        let mut out = Vec::new();
        let date = b"Mon, 23 Nov 2026 22:12:28 GMT";
        let reply = Reply { date, request_id: b"abc", code: "no_route", persistence: Persistence::Close, ..NOTHING };
        assert_eq!(write(&mut out, &reply), 14);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("HTTP/1.1 404 Not Found\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n404 Not Found\n"), "{text}");
        assert!(text.contains("\r\nContent-Length: 14\r\n"), "{text}");
    }

    #[test]
    fn a_status_without_a_body_has_none() {
        for status in [204, 304] {
            let mut out = Vec::new();
            assert_eq!(write(&mut out, &Reply { status, date: b"now", request_id: b"abc", ..NOTHING }), 0);
            let text = String::from_utf8(out).unwrap();
            assert!(text.ends_with("X-Request-ID: abc\r\n\r\n") && !text.contains("Content-"), "{text}");
        }
    }

    #[test]
    fn a_value_that_would_split_the_answer_is_left_out() {
        let mut out = Vec::new();
        let location = Some(&b"https://a/\r\nSet-Cookie: x=1"[..]);
        write(&mut out, &Reply { status: 308, location, head: true, ..NOTHING });
        assert!(!String::from_utf8(out).unwrap().contains("Set-Cookie"));
    }
}
