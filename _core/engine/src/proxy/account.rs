//! What is to be counted and logged of one request: filled in as it goes, handed to telemetry once at its end.

use std::net::{IpAddr, SocketAddr};

use openssl::ssl::{NameType, SslRef, SslVersion};
use sallygate_image::CertificatePart;
use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::{Method, RequestHead, Version};
use sallygate_wire::span::Span;

use crate::clock::Clock;
use crate::fault::{Failure, Kind, Side, Undecided};
use crate::log::{Ending, Line, Plan, Tls};
use crate::proxy::choice::names;
use crate::proxy::client::Connection;
use crate::proxy::peer::PeerText;
use crate::proxy::worker::Worker;
use crate::route::Route;
use crate::telemetry::{AccessRecord, Counter, Field, LINE_MAX_BYTES, Outcome};
use crate::transport::address::SocketText;
use crate::trust::tell;

/// Lines whose memory is kept per worker: as many as requests are usually under way at once. More are freed.
const SPARE_LINES: usize = 256;
/// Most lines are shorter.
const LINE_BYTES: usize = 512;

/// One request.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is so or not")]
pub struct Account {
    start_us: u64,
    upstream_start_us: u64,
    upstream_us: Option<u64>,
    /// When the response was whole.
    answered_us: u64,
    /// Has any byte of this try's request been written to an upstream?
    pub upstream_written: bool,
    /// What the client was told; 0 while nothing was.
    pub status: u16,
    /// What the upstream said; 0 if nothing.
    pub upstream_status: u16,
    /// Bytes of the request's head.
    request_head: u32,
    /// Bytes of the request's body.
    pub request_body: u64,
    /// Bytes of the response's body.
    pub response_body: u64,
    /// Bytes of that before it was compressed; 0 if it was not.
    pub uncompressed: u64,
    /// Bytes written to the client.
    pub written: u64,
    /// Bytes written to upstreams.
    pub upstream_sent: u64,
    /// Bytes read from upstreams.
    pub upstream_received: u64,
    /// Trailer fields that went on with their body, in either direction, and those that did not.
    pub trailers_sent: u16,
    /// See above.
    pub trailers_dropped: u16,
    /// What the last try failed with.
    pub last_failure: Option<Failure>,
    failure: Option<Failure>,
    /// Is it a HEAD, or begins like one? Its answer has no body, whatever is wrong with the rest.
    pub head_only: bool,
    /// Did the gateway answer itself?
    pub local: bool,
    /// Did the client leave before it had what the gateway answered itself?
    pub cut_off: bool,
    slot: u32,
    /// Does the route want it in the access log?
    logged: bool,
    /// Has nobody been waited for so far?
    prompt: bool,
    id: Id,
    /// Where the client is, if a proxy says so.
    client: Option<IpAddr>,
    referer: Span,
    user_agent: Span,
    tried: Tried,
    /// The line, where the log has a form of its own.
    line: Option<Box<Line>>,
}

/// Where the request's id stands.
enum Id {
    None,
    Fresh([u8; 32]),
    Sent(Span),
}

/// The endpoints that were tried. Nearly every request tries one.
#[derive(Default)]
struct Tried {
    first: Option<SocketAddr>,
    others: Vec<SocketAddr>,
}

impl Tried {
    fn add(&mut self, address: SocketAddr) {
        match self.first {
            None => self.first = Some(address),
            Some(_) => self.others.push(address),
        }
    }

    fn tell(&self, record: &mut AccessRecord) {
        for address in self.first.iter().chain(&self.others) {
            record.tried(SocketText::of(*address).as_bytes());
        }
    }
}

/// What a client has asked for, as far as it is known. It is read again at the end of the request, out of the buffer that
/// is kept for so long anyway: what would be written down at its beginning would be memory of its own, and cold by then.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// No head has come.
    Nothing,
    /// These bytes, which are no head.
    Bytes(&'a [u8]),
    /// This head, and its bytes.
    Request(&'a RequestHead, &'a [u8]),
}

impl<'a> Asked<'a> {
    /// Of what is no head, the first line, as far as it has one.
    fn line(bytes: &'a [u8]) -> &'a [u8] {
        bytes.split(|byte| *byte == b'\r' || *byte == b'\n').find(|line| !line.is_empty()).unwrap_or_default()
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Account {
    /// Begins with the first byte of a request. `client` is where a proxy says that it comes from.
    pub fn begin(worker: &Worker, client: Option<IpAddr>) -> Self {
        worker.telemetry.add(Counter::RequestsStarted, 1);
        Self {
            start_us: worker.clock.micros(),
            upstream_start_us: 0,
            upstream_us: None,
            answered_us: 0,
            upstream_written: false,
            status: 0,
            upstream_status: 0,
            request_head: 0,
            request_body: 0,
            response_body: 0,
            uncompressed: 0,
            written: 0,
            upstream_sent: 0,
            upstream_received: 0,
            trailers_sent: 0,
            trailers_dropped: 0,
            last_failure: None,
            failure: None,
            head_only: false,
            local: false,
            cut_off: false,
            slot: 0,
            logged: true,
            prompt: true,
            id: Id::None,
            client,
            referer: Span::default(),
            user_agent: Span::default(),
            tried: Tried::default(),
            line: None,
        }
    }

    /// Takes up how the log is kept by the snapshot that judges the request.
    pub fn follow(&mut self, plan: &Plan, worker: &Worker, client: impl FnOnce(&mut Line)) {
        self.logged = plan.enabled;
        if let Some(form) = &plan.form {
            let mut line = Line::begin(form, worker.spare_lines.borrow_mut().pop());
            client(&mut line);
            self.line = Some(line);
        }
    }

    /// Notes a head that was understood. `fresh_id` makes an id for it, if it brings none.
    pub fn request(&mut self, bytes: &[u8], head: &RequestHead, fields: &Fields, fresh_id: impl FnOnce() -> [u8; 32]) {
        self.request_head = u32::try_from(head.len).unwrap_or(u32::MAX);
        self.head_only = head.method == Method::Head;
        let value = |id| fields.find(id).map_or(Span::default(), |field| field.value);
        self.referer = value(Name::Referer);
        self.user_agent = value(Name::UserAgent);
        self.id = match value(Name::XRequestId) {
            none if none.is_empty() => Id::Fresh(fresh_id()),
            sent => Id::Sent(sent),
        };
        if let Some(mut line) = self.line.take() {
            line.request(bytes, head, fields, self.request_id(bytes));
            self.line = Some(line);
        }
    }

    /// Notes a head that was not understood: its first line, as far as it has one.
    pub fn refused_head(&mut self, bytes: &[u8]) {
        self.request_head = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.head_only = bytes.strip_prefix(b"\r\n").unwrap_or(bytes).starts_with(b"HEAD ");
        self.note(|line| line.refused(Asked::line(bytes)));
    }

    /// The request's id, as the upstream sees it. `bytes` is the request's head.
    pub fn request_id<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        match &self.id {
            Id::None => b"",
            Id::Fresh(id) => id,
            Id::Sent(span) => span.of(bytes),
        }
    }

    /// Notes the route.
    pub fn route(&mut self, route: &Route) {
        self.slot = route.slot;
        self.logged = route.filters.as_ref().is_none_or(|filters| filters.logged);
        if let Some(line) = &mut self.line {
            let names = names(route);
            line.route([names.namespace, names.object, &route.path, names.service, names.port]);
        }
    }

    /// Notes that the request is not to be in the log, whatever becomes of it.
    pub fn unlogged(&mut self) {
        self.logged = false;
    }

    /// Has the line, if there is one, noted something.
    #[inline]
    pub fn note(&mut self, note: impl FnOnce(&mut Line)) {
        if let Some(line) = &mut self.line {
            note(line);
        }
    }

    /// Notes what the try failed with.
    pub fn try_failed(&mut self, failure: Failure, clock: &Clock) {
        self.last_failure = Some(failure);
        if let Some(line) = &mut self.line {
            line.tried(Some(failure.status()), clock.micros());
        }
    }

    /// Notes that somebody is waited for before an endpoint is tried.
    pub fn waits(&mut self) {
        self.prompt = false;
    }

    /// Notes a try; returns when it begins. A first one that follows its request at once begins with it: what a few
    /// microseconds more would tell is not worth reading the clock again.
    pub fn try_endpoint(&mut self, address: SocketAddr, clock: &Clock) -> u64 {
        self.tried.add(address);
        self.upstream_start_us = if self.prompt { self.start_us } else { clock.micros() };
        self.prompt = false;
        self.upstream_written = false;
        let (start_us, totals) = (self.upstream_start_us, (self.upstream_sent, self.upstream_received));
        self.note(|line| line.attempt(address, start_us, totals));
        self.upstream_start_us
    }

    /// Notes bytes of the request's body.
    pub fn received_body(&mut self, bytes: usize) {
        self.request_body += length(bytes);
    }

    /// Notes bytes of the response's body.
    pub fn sent_body(&mut self, bytes: usize) {
        self.response_body += length(bytes);
    }

    /// Notes that the response is whole.
    pub fn answered(&mut self, clock: &Clock) {
        self.answered_us = clock.micros();
        self.upstream_us = Some(self.answered_us.saturating_sub(self.upstream_start_us));
        let answered_us = self.answered_us;
        self.note(|line| line.tried(None, answered_us));
    }

    /// What failed, in a word; empty if nothing did.
    pub fn code(&self) -> &'static str {
        self.failure.map_or("", Failure::code)
    }

    /// Notes why the request failed.
    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        if self.status == 0 {
            self.status = failure.status();
        }
    }

    /// Counts and logs. Called once, whatever became of the request.
    pub(super) fn finish(mut self, connection: &Connection, asked: Asked<'_>) {
        let worker = &*connection.worker;
        let session = connection.stream.session();
        let telemetry = &worker.telemetry;
        telemetry.add(Counter::RequestsFinished, 1);
        telemetry.add(Counter::response(self.status), 1);
        telemetry.add(Counter::ClientBytesReceived, u64::from(self.request_head) + self.request_body);
        telemetry.add(Counter::ClientBytesSent, self.written);
        if self.upstream_sent != 0 {
            telemetry.add(Counter::UpstreamBytesSent, self.upstream_sent);
            telemetry.add(Counter::UpstreamBytesReceived, self.upstream_received);
        }
        if self.upstream_status != 0 {
            telemetry.add(Counter::upstream_response(self.upstream_status), 1);
        }
        if (self.trailers_sent, self.trailers_dropped) != (0, 0) {
            telemetry.add(Counter::TrailersForwarded, u64::from(self.trailers_sent));
            telemetry.add(Counter::TrailersDropped, u64::from(self.trailers_dropped));
        }
        if self.local {
            telemetry.add(Counter::RepliesLocal, 1);
        }
        if let Some(failure) = self.failure {
            telemetry.add(counter(failure), 1);
            if let Some(timeout) = timeout(failure) {
                telemetry.add(timeout, 1);
            }
            if failure.kind == Kind::ClientGone {
                telemetry.add(Counter::RequestsAborted, 1);
            }
        }
        // A tunnel goes on after its answer, and what the gateway answers itself is not noted as whole.
        let ended = self.upstream_us.is_some() && self.status != 101;
        let end_us = if ended { self.answered_us } else { worker.clock.micros() };
        let duration_us = end_us.saturating_sub(self.start_us);
        telemetry.observe(self.slot, self.status, self.request_body, self.response_body, duration_us);
        let from_upstream = if self.uncompressed == 0 { self.response_body } else { self.uncompressed };
        let outcome = Outcome {
            status: self.status,
            start_unix_ns: worker.clock.wall_ns(self.start_us),
            duration_us,
            upstream_us: self.upstream_us,
            request_length: u64::from(self.request_head) + self.request_body,
            body_bytes_sent: self.response_body,
            upstream_response_length: if self.local { 0 } else { from_upstream },
            slot: self.slot,
            upstream_status: self.upstream_status,
            tls_version: session.map_or(0, tls_version),
        };
        let mut line = self.line.take();
        if self.logged {
            let mut record = telemetry.record();
            match &mut line {
                None => self.describe(&mut record, connection, asked),
                Some(line) => self.write_line(line, &mut record, connection, &outcome),
            }
            telemetry.log(record, &outcome);
        }
        if let Some(line) = line {
            put_back(line, worker);
        }
    }

    /// Puts what the usual forms of the log tell into the record.
    fn describe(&self, record: &mut AccessRecord, connection: &Connection, asked: Asked<'_>) {
        match self.client {
            None => record.set(Field::RemoteAddr, connection.peer_text.as_bytes()),
            Some(client) => record.set(Field::RemoteAddr, PeerText::of(client).as_bytes()),
        }
        let port = if self.client.is_some() { 0 } else { connection.peer.port() };
        record.set(Field::RemotePort, itoa::Buffer::new().format(port).as_bytes());
        match asked {
            Asked::Nothing => {}
            Asked::Bytes(bytes) => record.set(Field::Target, Asked::line(bytes)),
            Asked::Request(head, bytes) => {
                record.set(Field::Method, head.method_text.of(bytes));
                record.set(Field::Target, head.target.of(bytes));
                record.set(Field::Protocol, if head.version == Version::Http10 { b"HTTP/1.0" } else { b"HTTP/1.1" });
                record.set(Field::Host, head.authority.map_or(&b""[..], |authority| authority.of(bytes)));
                record.set(Field::Referer, self.referer.of(bytes));
                record.set(Field::UserAgent, self.user_agent.of(bytes));
                record.set(Field::RequestId, self.request_id(bytes));
            }
        }
        self.tried.tell(record);
        if let Some(failure) = self.failure {
            record.set(Field::Fault, failure.code().as_bytes());
        }
    }

    /// Puts the finished line into the record.
    #[cold]
    #[inline(never)]
    fn write_line(&self, line: &mut Line, record: &mut AccessRecord, connection: &Connection, outcome: &Outcome) {
        let session = connection.stream.session();
        let certificate = |part: CertificatePart, out: &mut Vec<u8>| session.is_some_and(|it| tell(it, part, out));
        let ending = Ending {
            status: outcome.status,
            end_unix_ns: outcome.start_unix_ns + outcome.duration_us * 1_000,
            duration_us: outcome.duration_us,
            request_length: outcome.request_length,
            bytes_sent: self.written,
            body_bytes_sent: outcome.body_bytes_sent,
            complete: !self.cut_off && self.failure.is_none_or(|it| it.kind != Kind::ClientGone && self.local),
            tls: session.map(|session| Tls {
                protocol: session.version_str(),
                cipher: session.current_cipher().map_or("", |cipher| cipher.name()),
                server_name: session.servername(NameType::HOST_NAME),
                reused: session.session_reused(),
                certificate: &certificate,
            }),
        };
        line.end(&ending, (self.upstream_sent, self.upstream_received), outcome.upstream_response_length);
        let mut text = Vec::with_capacity(LINE_BYTES);
        line.render(LINE_MAX_BYTES, &mut text);
        self.tried.tell(record);
        record.line(&text);
    }
}

/// Keeps the memory of a line for another one.
#[cold]
fn put_back(line: Box<Line>, worker: &Worker) {
    let mut spare = worker.spare_lines.borrow_mut();
    if spare.len() < SPARE_LINES {
        spare.push(line);
    }
}

/// The protocol version as TLS records carry it.
pub fn tls_version(session: &SslRef) -> u16 {
    match session.version2() {
        Some(SslVersion::TLS1_3) => 0x0304,
        _ => 0x0303,
    }
}

/// The counter of a failure's kind.
fn counter(failure: Failure) -> Counter {
    match (failure.side, failure.kind) {
        (Side::Upstream, Kind::Wire(fault)) => match fault.class() {
            "framing" => Counter::FaultUpstreamFraming,
            "limit" => Counter::FaultUpstreamLimit,
            _ => Counter::FaultUpstreamSyntax,
        },
        (_, Kind::Wire(fault)) => match fault.class() {
            "framing" => Counter::FaultClientFraming,
            "limit" => Counter::FaultClientLimit,
            "unsupported" => Counter::FaultClientUnsupported,
            _ => Counter::FaultClientSyntax,
        },
        (_, Kind::NoRoute) => Counter::FaultClientNoRoute,
        (_, Kind::BodyTooLarge | Kind::TooMany(_)) => Counter::FaultClientLimit,
        (_, Kind::HeadTimeout | Kind::ClientTimeout | Kind::ClientStalled | Kind::ClientTooSlow) => {
            Counter::FaultClientTimeout
        }
        (_, Kind::ClientGone) => Counter::FaultClientAbort,
        (_, Kind::NoEndpoint) => Counter::FaultUpstreamNoEndpoint,
        (_, Kind::ConnectFailed | Kind::Unreachable) => Counter::FaultUpstreamConnect,
        (_, Kind::HandshakeFailed | Kind::Untrusted) => Counter::FaultUpstreamTls,
        (_, Kind::ConnectTimeout | Kind::SendTimeout | Kind::ReadTimeout) => Counter::FaultUpstreamTimeout,
        (_, Kind::Broken) => Counter::FaultUpstreamAbort,
        (
            _,
            Kind::CertificateMissing
            | Kind::CertificateBad
            | Kind::CertificateUnmatched
            | Kind::Misdirected
            | Kind::NotSecured,
        ) => Counter::FaultClientCertificate,
        (_, Kind::Closed | Kind::BadRewrite | Kind::Forbidden | Kind::Blocked | Kind::TooBusy) => {
            Counter::FaultGatewayPolicy
        }
        (_, Kind::RegexLimit) => Counter::FaultGatewayRegexLimit,
        (_, Kind::PassedOver | Kind::Covered(_)) => Counter::FaultUpstreamStatus,
        (_, Kind::NotAuthorised(why)) => undecided(why),
        (_, Kind::NoSnapshot | Kind::BodyNotKept | Kind::Exhausted) => Counter::FaultGatewayInternal,
    }
}

/// The counter of a request that a service has not decided about.
fn undecided(why: Undecided) -> Counter {
    match why {
        Undecided::Status => Counter::FaultAuthorisationStatus,
        Undecided::Unaskable => Counter::FaultAuthorisationPolicy,
        Undecided::NoEndpoint => Counter::FaultAuthorisationNoEndpoint,
        Undecided::Connect => Counter::FaultAuthorisationConnect,
        Undecided::Tls => Counter::FaultAuthorisationTls,
        Undecided::ConnectTimeout | Undecided::ReadTimeout => Counter::FaultAuthorisationTimeout,
        Undecided::Broken => Counter::FaultAuthorisationAbort,
        Undecided::BadAnswer => Counter::FaultAuthorisationSyntax,
        Undecided::Exhausted => Counter::FaultAuthorisationInternal,
    }
}

/// The counter of the clock that ran out, if one did.
fn timeout(failure: Failure) -> Option<Counter> {
    match failure.kind {
        Kind::HeadTimeout => Some(Counter::TimeoutRequestHead),
        Kind::ClientTimeout => Some(Counter::TimeoutRequestBody),
        Kind::ClientStalled => Some(Counter::TimeoutClientWrite),
        Kind::ClientTooSlow => Some(Counter::TimeoutClientRate),
        Kind::ConnectTimeout | Kind::NotAuthorised(Undecided::ConnectTimeout) => Some(Counter::TimeoutUpstreamConnect),
        Kind::SendTimeout => Some(Counter::TimeoutUpstreamWrite),
        Kind::ReadTimeout | Kind::NotAuthorised(Undecided::ReadTimeout) => Some(Counter::TimeoutUpstreamRead),
        _ => None,
    }
}

/// The counter of a failed attempt to connect.
pub fn connect_failure(failure: Failure) -> Counter {
    match failure.kind {
        Kind::ConnectTimeout => Counter::UpstreamConnectTimeout,
        Kind::HandshakeFailed => Counter::UpstreamConnectTls,
        Kind::Untrusted => Counter::UpstreamConnectUntrusted,
        Kind::ConnectFailed => Counter::UpstreamConnectRefused,
        Kind::Unreachable => Counter::UpstreamConnectUnreachable,
        Kind::Exhausted => Counter::UpstreamConnectResources,
        _ => Counter::UpstreamConnectOther,
    }
}

/// What sort of wrong a fault on the wire is.
trait Class {
    fn class(self) -> &'static str;
}

impl Class for Fault {
    fn class(self) -> &'static str {
        match (self.status(), self) {
            (413 | 414 | 431, _) => "limit",
            (405 | 417 | 426 | 501 | 505, _) => "unsupported",
            (_, Fault::BadContentLength | Fault::LengthAndEncoding | Fault::BadTransferEncoding | Fault::BadChunk) => {
                "framing"
            }
            _ => "syntax",
        }
    }
}
