//! Whose fault a failed request is, and what kind.

use sallygate_wire::fault::Fault as WireFault;

/// Who made the request fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client sent something that cannot be served, or went away.
    Client,
    /// The upstream refused, broke off or answered nonsense.
    Upstream,
    /// Our configuration or our limits.
    Gateway,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A peer broke the protocol.
    Wire(WireFault),
    /// No host or path of any route matches.
    NoRoute,
    /// No snapshot has been accepted yet.
    NoSnapshot,
    /// The route's backend has no endpoint.
    NoEndpoint,
    /// The route is closed by configuration.
    Closed,
    /// The request's body is larger than its route allows.
    BodyTooLarge,
    /// Nobody accepted the connection.
    ConnectFailed,
    /// No way leads to the endpoint.
    Unreachable,
    /// The connection took too long.
    ConnectTimeout,
    /// The upstream's TLS handshake failed.
    HandshakeFailed,
    /// The upstream's certificate is not one that its route trusts.
    Untrusted,
    /// The upstream closed or reset before its answer was whole.
    Broken,
    /// The upstream did not take the request in time.
    SendTimeout,
    /// The upstream did not answer in time.
    ReadTimeout,
    /// The client did not send its head in time.
    HeadTimeout,
    /// The client did not send its body in time.
    ClientTimeout,
    /// The client did not read its answer in time.
    ClientStalled,
    /// The client sent its body or read its answer, but too slowly.
    ClientTooSlow,
    /// The client went away.
    ClientGone,
    /// A rewrite made a path that cannot be forwarded.
    BadRewrite,
    /// We have no descriptor, no port or no memory left for another connection.
    Exhausted,
    /// The disk did not keep a body that was taken in.
    BodyNotKept,
    /// Another endpoint was to do better than this answer, and there was none.
    PassedOver,
    /// The client's address is not served.
    Forbidden,
    /// Nobody is served who says of themselves, or of the page that led them here, what this client says.
    Blocked,
    /// The client has shown no certificate, and its host asks for one.
    CertificateMissing,
    /// The client's certificate is not one that its host trusts.
    CertificateBad,
    /// The client's certificate is for somebody who is not served.
    CertificateUnmatched,
    /// The client's connection was made for another host than this one, which asks for certificates.
    Misdirected,
    /// The client speaks plain HTTP to a host that asks for certificates.
    NotSecured,
    /// The client asks too often, or too much at a time; with the status that says so.
    TooMany(u16),
    /// The upstream's answer is given by somebody else: its status.
    Covered(u16),
    /// There was no time to check a password.
    TooBusy,
    /// A regex could not be matched within its limits.
    RegexLimit,
    /// The service that decides about the request has not said yes or no; with the reason.
    NotAuthorised(Undecided),
}

/// Why the service that decides about a request has said neither yes nor no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecided {
    /// It answered, with a status that says neither.
    #[default]
    Status,
    /// It cannot be asked about this request at all.
    Unaskable,
    /// It has no endpoint.
    NoEndpoint,
    /// Nobody accepted the connection.
    Connect,
    /// It could not be trusted, or its TLS handshake failed.
    Tls,
    /// The connection took too long.
    ConnectTimeout,
    /// It did not answer in time.
    ReadTimeout,
    /// It closed or reset before its answer was whole.
    Broken,
    /// What it sent is no answer that could be read.
    BadAnswer,
    /// We have nothing left to ask it with.
    Exhausted,
}

impl From<Failure> for Undecided {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            Kind::NoEndpoint => Self::NoEndpoint,
            Kind::HandshakeFailed | Kind::Untrusted => Self::Tls,
            Kind::ConnectTimeout => Self::ConnectTimeout,
            Kind::SendTimeout | Kind::ReadTimeout => Self::ReadTimeout,
            Kind::Broken => Self::Broken,
            Kind::Wire(_) => Self::BadAnswer,
            Kind::Exhausted => Self::Exhausted,
            // Asking for a connection fails in no other way.
            _ => Self::Connect,
        }
    }
}

impl Undecided {
    fn code(self) -> &'static str {
        match self {
            Self::Status => "authorisation_failed",
            Self::Unaskable => "authorisation_unaskable",
            Self::NoEndpoint => "authorisation_no_endpoint",
            Self::Connect => "authorisation_connect_failed",
            Self::Tls => "authorisation_tls_failed",
            Self::ConnectTimeout => "authorisation_connect_timeout",
            Self::ReadTimeout => "authorisation_read_timeout",
            Self::Broken => "authorisation_broken",
            Self::BadAnswer => "authorisation_bad_answer",
            Self::Exhausted => "authorisation_out_of_resources",
        }
    }
}

/// A failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is.
    pub side: Side,
    /// What went wrong.
    pub kind: Kind,
}

impl Failure {
    /// The client's fault on the wire.
    pub fn client(fault: WireFault) -> Self {
        Self { side: Side::Client, kind: Kind::Wire(fault) }
    }

    /// The upstream's fault on the wire.
    pub fn upstream(fault: WireFault) -> Self {
        Self { side: Side::Upstream, kind: Kind::Wire(fault) }
    }

    /// A failure of a kind whose side is plain.
    pub fn of(kind: Kind) -> Self {
        let side = match kind {
            Kind::NoRoute
            | Kind::Forbidden
            | Kind::Blocked
            | Kind::CertificateMissing
            | Kind::CertificateBad
            | Kind::CertificateUnmatched
            | Kind::Misdirected
            | Kind::NotSecured
            | Kind::TooMany(_)
            | Kind::BodyTooLarge
            | Kind::HeadTimeout
            | Kind::ClientTimeout
            | Kind::ClientStalled
            | Kind::ClientTooSlow
            | Kind::ClientGone => Side::Client,
            Kind::NoSnapshot
            | Kind::NoEndpoint
            | Kind::Closed
            | Kind::BadRewrite
            | Kind::BodyNotKept
            | Kind::Exhausted
            | Kind::TooBusy
            | Kind::RegexLimit
            | Kind::NotAuthorised(Undecided::Unaskable | Undecided::Exhausted) => Side::Gateway,
            Kind::ConnectFailed
            | Kind::Unreachable
            | Kind::ConnectTimeout
            | Kind::HandshakeFailed
            | Kind::Untrusted
            | Kind::Broken
            | Kind::Covered(_)
            | Kind::SendTimeout
            | Kind::ReadTimeout
            | Kind::PassedOver
            | Kind::NotAuthorised(_)
            | Kind::Wire(_) => Side::Upstream,
        };
        Self { side, kind }
    }

    /// The status to answer with (ingress-nginx's where it has one).
    pub fn status(self) -> u16 {
        match self.kind {
            Kind::Wire(_) if self.side == Side::Upstream => 502,
            Kind::Wire(fault) => fault.status(),
            Kind::NoRoute => 404,
            Kind::BadRewrite | Kind::CertificateMissing | Kind::CertificateBad => 400,
            Kind::Forbidden | Kind::Blocked | Kind::CertificateUnmatched | Kind::NotSecured => 403,
            Kind::Misdirected => 421,
            Kind::TooMany(status) | Kind::Covered(status) => status,
            Kind::NoSnapshot | Kind::NoEndpoint | Kind::Closed | Kind::Exhausted | Kind::TooBusy => 503,
            Kind::BodyTooLarge => 413,
            Kind::BodyNotKept | Kind::RegexLimit | Kind::NotAuthorised(_) => 500,
            Kind::ConnectFailed
            | Kind::Unreachable
            | Kind::HandshakeFailed
            | Kind::Untrusted
            | Kind::Broken
            | Kind::PassedOver => 502,
            Kind::ConnectTimeout | Kind::SendTimeout | Kind::ReadTimeout => 504,
            Kind::HeadTimeout | Kind::ClientTimeout | Kind::ClientStalled | Kind::ClientTooSlow => 408,
            // Nobody is there to read it; nginx logs this number.
            Kind::ClientGone => 499,
        }
    }

    /// A stable name for logs and metrics.
    pub fn code(self) -> &'static str {
        match self.kind {
            Kind::Wire(fault) => fault.code(),
            Kind::NoRoute => "no_route",
            Kind::NoSnapshot => "no_snapshot",
            Kind::NoEndpoint => "no_endpoint",
            Kind::Closed => "route_closed",
            Kind::BodyTooLarge => "body_too_large",
            Kind::ConnectFailed => "connect_failed",
            Kind::Unreachable => "upstream_unreachable",
            Kind::ConnectTimeout => "connect_timeout",
            Kind::HandshakeFailed => "upstream_handshake_failed",
            Kind::Untrusted => "upstream_certificate_untrusted",
            Kind::Broken => "upstream_broken",
            Kind::SendTimeout => "upstream_send_timeout",
            Kind::ReadTimeout => "upstream_read_timeout",
            Kind::HeadTimeout => "client_head_timeout",
            Kind::ClientTimeout => "client_timeout",
            Kind::ClientStalled => "client_stalled",
            Kind::ClientTooSlow => "client_too_slow",
            Kind::ClientGone => "client_gone",
            Kind::Exhausted => "out_of_resources",
            Kind::BodyNotKept => "body_not_kept",
            Kind::PassedOver => "answer_passed_over",
            Kind::BadRewrite => "bad_rewrite",
            Kind::Forbidden => "forbidden_address",
            Kind::Blocked => "blocked_client",
            Kind::CertificateMissing => "client_certificate_missing",
            Kind::CertificateBad => "client_certificate_bad",
            Kind::CertificateUnmatched => "client_certificate_unmatched",
            Kind::Misdirected => "misdirected",
            Kind::NotSecured => "tls_required",
            Kind::TooMany(_) => "too_many_requests",
            Kind::Covered(_) => "upstream_error_covered",
            Kind::TooBusy => "passwords_busy",
            Kind::RegexLimit => "regex_limit",
            Kind::NotAuthorised(why) => why.code(),
        }
    }
}
