//! Which answers are compressed, and how. What does it is not here: see `transport/compress.rs`.
//!
//! The rules are nginx's, as ingress-nginx configures it (`gzip_http_version 1.1`, `gzip_proxied any`, `gzip_vary on`), but
//! that `no-transform` is heeded, as RFC 9110 §7.7 demands of a proxy, and that answers of either coding say what they
//! vary by.

use sallygate_image as image;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::Version;

use super::weight::weight;
use crate::regex::{Place, Regex};

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952, as hard as it says: 1 to 9.
    Gzip(u8),
    /// RFC 7932, as hard as it says.
    Brotli(u8),
}

impl Coding {
    /// Its name in Accept-Encoding and Content-Encoding.
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::Gzip(_) => b"gzip",
            Self::Brotli(_) => b"br",
        }
    }
}

/// What becomes of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coded {
    /// It is the same for every client.
    Never,
    /// Other clients get it compressed, which a cache must know.
    NotNow,
    /// It is to be compressed; in the second way, if there is no room for the first one.
    By(Coding, Option<Coding>),
}

/// An answer of an upstream, as far as it says whether it may be compressed.
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its head as received.
    pub bytes: &'a [u8],
    /// The fields of the head.
    pub fields: &'a Fields,
}

/// Which answers are compressed, and how.
pub struct Compression {
    brotli: Option<image::Coding>,
    gzip: Option<image::Coding>,
    /// Whose User-Agent this matches gets no gzip.
    excepted: Option<Box<Regex>>,
}

/// What a client takes.
#[derive(Default)]
struct Taken {
    brotli: bool,
    gzip: bool,
}

impl Taken {
    /// Only what is named counts, as in nginx: a `*` is what programs send that decode nothing.
    fn read<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut taken = Self::default();
        for range in values.flat_map(|value| value.split(|byte| *byte == b',')) {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            // A parameter that is no weight asks for something that nobody has defined.
            let wanted = parts.all(|parameter| weight(parameter).is_some_and(|weight| weight > 0));
            if name.eq_ignore_ascii_case(b"gzip") {
                taken.gzip = wanted;
            } else if name.eq_ignore_ascii_case(b"br") {
                taken.brotli = wanted;
            }
        }
        taken
    }
}

impl Compression {
    /// Makes it ready.
    pub fn new(asked: &image::Compression) -> Result<Self, String> {
        let excepted = match &*asked.no_gzip_for {
            "" => None,
            pattern => Some(Box::new(Regex::new(pattern, true, Place::Anywhere)?)),
        };
        Ok(Self { brotli: asked.brotli.clone(), gzip: asked.gzip.clone(), excepted })
    }

    /// In which ways an answer may be compressed, whoever asks for it; None: in none.
    pub fn fitting(&self, answer: &Answer<'_>) -> Option<Fitting<'_>> {
        if !matches!(answer.status, 200 | 403 | 404) || answer.is_coded() || answer.says_no_transform() {
            return None;
        }
        let kind = answer.content_type()?;
        let length = answer.length();
        let fits = |coding: &&image::Coding| {
            length.is_none_or(|length| length >= coding.min_length && length > 0)
                && coding.types.iter().any(|one| one == "*" || kind.eq_ignore_ascii_case(one.as_bytes()))
        };
        let level = |coding: &image::Coding| coding.level;
        let brotli = self.brotli.as_ref().filter(fits).map(level);
        let gzip = self.gzip.as_ref().filter(fits).map(level);
        (brotli.is_some() || gzip.is_some()).then_some(Fitting { brotli, gzip, compression: self })
    }

    /// If nobody knows, the client is an exception: whatever it is, it can read what is not compressed.
    fn excepts<'a>(&self, mut agents: impl Iterator<Item = &'a [u8]>) -> bool {
        match (&self.excepted, agents.next()) {
            (Some(regex), Some(agent)) => regex.matches(agent).unwrap_or(true),
            _ => false,
        }
    }
}

/// How an answer may be compressed.
pub struct Fitting<'c> {
    brotli: Option<u8>,
    gzip: Option<u8>,
    compression: &'c Compression,
}

impl Fitting<'_> {
    /// What becomes of it for whoever has sent this request.
    pub fn asked_by(&self, version: Version, bytes: &[u8], fields: &Fields) -> Coded {
        // A client of HTTP/1.0 could only be told where it ends by the end of its connection, which looks like a failure.
        if version == Version::Http10 {
            return Coded::NotNow;
        }
        let values = |id| fields.iter().filter(move |field| field.id == id).map(|field| field.value.of(bytes));
        let taken = Taken::read(values(Name::AcceptEncoding));
        let brotli = self.brotli.filter(|_| taken.brotli).map(Coding::Brotli);
        let gzip = self.gzip.filter(|_| taken.gzip && !self.compression.excepts(values(Name::UserAgent)));
        let gzip = gzip.map(Coding::Gzip);
        match brotli.or(gzip) {
            Some(first) => Coded::By(first, gzip.filter(|_| brotli.is_some())),
            None => Coded::NotNow,
        }
    }
}

impl Answer<'_> {
    fn values(&self, id: Name) -> impl Iterator<Item = &[u8]> {
        // Those that are dropped on the way, too: a body stays in a code although nobody says so any more.
        self.fields.iter().filter(move |field| field.id == id).map(|field| field.value.of(self.bytes))
    }

    fn is_coded(&self) -> bool {
        self.values(Name::ContentEncoding).any(|value| !value.trim_ascii().is_empty())
    }

    fn says_no_transform(&self) -> bool {
        let mut directives = self.values(Name::CacheControl).flat_map(|value| value.split(|byte| *byte == b','));
        directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    }

    /// Without its parameters.
    fn content_type(&self) -> Option<&[u8]> {
        let value = self.values(Name::ContentType).next()?;
        value.split(|byte| *byte == b';').next().map(<[u8]>::trim_ascii).filter(|kind| !kind.is_empty())
    }

    fn length(&self) -> Option<u64> {
        std::str::from_utf8(self.values(Name::ContentLength).next()?).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use sallygate_wire::limits::Limits;
    use sallygate_wire::request::parse_request;
    use sallygate_wire::response::{RequestKind, parse_response};

    use super::*;

    const GZIP: Coded = Coded::By(Coding::Gzip(1), None);
    const BROTLI: Coded = Coded::By(Coding::Brotli(4), None);
    const BOTH: Coded = Coded::By(Coding::Brotli(4), Some(Coding::Gzip(1)));

    fn coding(level: u8, min_length: u64) -> image::Coding {
        image::Coding { level, min_length, types: vec!["text/html".into(), "application/json".into()] }
    }

    fn both() -> image::Compression {
        image::Compression { gzip: Some(coding(1, 256)), brotli: Some(coding(4, 20)), no_gzip_for: "msie [45]".into() }
    }

    /// What becomes of an answer with these lines to a request with those.
    fn judge(asked: &image::Compression, status: u16, answer: &str, request: &str) -> Coded {
        let compression = Compression::new(asked).unwrap();
        let (version, lines) = request.strip_prefix("1.0 ").map_or(("1.1", request), |lines| ("1.0", lines));
        let end = |lines: &str| {
            if lines.is_empty() { String::new() } else { format!("{}\r\n", lines.replace(" | ", "\r\n")) }
        };
        let bytes = format!("HTTP/1.1 {status} X\r\n{}\r\n", end(answer));
        let mut fields = Fields::default();
        parse_response(bytes.as_bytes(), &Limits::default(), &mut fields, RequestKind::Other).unwrap().unwrap();
        let answer = Answer { status, bytes: bytes.as_bytes(), fields: &fields };
        let Some(fitting) = compression.fitting(&answer) else { return Coded::Never };
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{}\r\n", end(lines));
        let mut fields = Fields::default();
        let head = parse_request(bytes.as_bytes(), &Limits::default(), &mut fields).unwrap().unwrap();
        fitting.asked_by(head.version, bytes.as_bytes(), &fields)
    }

    #[test]
    fn an_answer_must_be_worth_it() {
        for (status, answer, expected) in [
            (200, "Content-Type: text/html", GZIP),
            (200, "Content-Type: TEXT/HTML; charset=utf-8", GZIP),
            (200, "Content-Type: application/json;a=b | Content-Length: 256", GZIP),
            (403, "Content-Type: text/html", GZIP),
            (404, "Content-Type: text/html", GZIP),
            (200, "Content-Type: text/html | Content-Encoding: ", GZIP),
            (200, "Content-Type: text/html | Cache-Control: no-cache | Vary: Accept", GZIP),
            (200, "Content-Type: text/html | Content-Length: 255", Coded::Never),
            (200, "Content-Type: text/html | Content-Length: 0", Coded::Never),
            (200, "Content-Type: text/htm", Coded::Never),
            (200, "Content-Type: ", Coded::Never),
            (200, "", Coded::Never),
            (200, "Content-Type: text/html | Content-Encoding: br", Coded::Never),
            (200, "Content-Type: text/html | Content-Encoding: identity", Coded::Never),
            (200, "Content-Type: text/html | Content-Encoding: gzip | Connection: Content-Encoding", Coded::Never),
            (200, "Content-Type: text/html | Cache-Control: private, No-Transform", Coded::Never),
            (200, "Content-Type: text/html | Cache-Control: private | Cache-Control: no-transform", Coded::Never),
            (201, "Content-Type: text/html", Coded::Never),
            (206, "Content-Type: text/html", Coded::Never),
            (301, "Content-Type: text/html", Coded::Never),
            (304, "Content-Type: text/html", Coded::Never),
            (500, "Content-Type: text/html", Coded::Never),
        ] {
            let asked = image::Compression { brotli: None, ..both() };
            assert_eq!(judge(&asked, status, answer, "Accept-Encoding: gzip"), expected, "{status} {answer}");
        }
    }

    #[test]
    fn a_client_must_take_it() {
        for (request, expected) in [
            ("", Coded::NotNow),
            ("Accept-Encoding: ", Coded::NotNow),
            ("Accept-Encoding: gzip", GZIP),
            ("Accept-Encoding: GZip;Q=0.001, deflate", GZIP),
            ("Accept-Encoding: deflate | Accept-Encoding: gzip", GZIP),
            ("Accept-Encoding: identity, gzip;q=0.5", GZIP),
            ("Accept-Encoding: gzip;q=0", Coded::NotNow),
            ("Accept-Encoding: gzip; q=0.000, *", Coded::NotNow),
            ("Accept-Encoding: gzip;q=x", Coded::NotNow),
            ("Accept-Encoding: gzip;x=1", Coded::NotNow),
            ("Accept-Encoding: x-gzip, gzippy", Coded::NotNow),
            ("Accept-Encoding: *", Coded::NotNow),
            ("Accept-Encoding: br", BROTLI),
            ("Accept-Encoding: gzip, br;q=0.1", BOTH),
            ("Accept-Encoding: gzip, br;q=0", GZIP),
            ("Accept-Encoding: gzip, br | User-Agent: Mozilla/4.0 (MSIE 5.5)", BROTLI),
            ("Accept-Encoding: gzip | User-Agent: Mozilla/4.0 (MSIE 5.5)", Coded::NotNow),
            ("Accept-Encoding: gzip | User-Agent: Mozilla/5.0", GZIP),
            ("1.0 Accept-Encoding: gzip, br", Coded::NotNow),
        ] {
            assert_eq!(judge(&both(), 200, "Content-Type: text/html", request), expected, "{request}");
        }
    }

    #[test]
    fn each_coding_has_a_shortest_answer_and_types_of_its_own() {
        let request = "Accept-Encoding: gzip, br";
        assert_eq!(judge(&both(), 200, "Content-Type: text/html | Content-Length: 255", request), BROTLI);
        assert_eq!(judge(&both(), 200, "Content-Type: text/html | Content-Length: 19", request), Coded::Never);
        let every = image::Coding { types: vec!["*".into()], ..coding(1, 0) };
        let asked = image::Compression { gzip: Some(every), ..both() };
        assert_eq!(judge(&asked, 200, "Content-Type: image/png", request), GZIP);
        assert_eq!(judge(&asked, 200, "Content-Type: text/html", request), BOTH);
        assert_eq!(judge(&image::Compression::default(), 200, "Content-Type: text/html", request), Coded::Never);
    }
}
