//! The access log as the gateway's options ask for it: the form of its lines, and which requests are in it.

use serde::{Deserialize, Serialize};

use crate::backend::is_default;

/// How values are written into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// `\xXX` for quotes, backslashes and whatever is not printable ASCII; a value that is not there is `-`.
    #[default]
    Default,
    /// As in JSON strings; a value that is not there is empty.
    Json,
    /// As they are; a value that is not there is empty.
    None,
}

/// Requests that are not in the log: those whose target matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkipPattern {
    /// An expression, which may match anywhere.
    pub pattern: String,
    /// Without regard to case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ignore_case: bool,
}

/// The access log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLog {
    /// Texts and names of variables in turn, beginning with a text; empty: as the reader of the log writes lines.
    #[serde(skip_serializing_if = "is_default")]
    pub format: Vec<String>,
    /// How values are written.
    #[serde(skip_serializing_if = "is_default")]
    pub escape: Escape,
    /// Targets that are not in the log, in lower case; case does not count.
    #[serde(skip_serializing_if = "is_default")]
    pub skip: Vec<String>,
    /// Further ones.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_patterns: Vec<SkipPattern>,
    /// Are requests for hosts that nobody serves in it?
    #[serde(skip_serializing_if = "is_true")]
    pub unrouted: bool,
    /// Is anything in it that no route speaks for, such as heads that are refused?
    #[serde(skip_serializing_if = "is_true")]
    pub enabled: bool,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self {
            format: Vec::new(),
            escape: Escape::Default,
            skip: Vec::new(),
            skip_patterns: Vec::new(),
            unrouted: true,
            enabled: true,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// What a line can tell of the certificate that a client has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificatePart {
    /// Whether it is from the authorities that the host asked for; NONE where none was shown.
    Verdict,
    /// Whose it is.
    Subject,
    /// Who has signed it.
    Issuer,
    /// Its number.
    Serial,
    /// The SHA-1 of it.
    Fingerprint,
}

/// What a line can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below has their names")]
pub enum LogVariable {
    RemoteAddr,
    RemotePort,
    BinaryRemoteAddr,
    RealipRemoteAddr,
    RealipRemotePort,
    Connection,
    ConnectionRequests,
    Pipe,
    ProxyAddr,
    ProxyPort,
    ProxyServerPort,
    Hostname,
    ServerAddr,
    ServerPort,
    Scheme,
    Https,
    SslProtocol,
    SslCipher,
    SslServerName,
    SslSessionReused,
    /// Of the client's certificate.
    Certificate(CertificatePart),
    Request,
    Method,
    RequestUri,
    EscapedRequestUri,
    Uri,
    Query,
    IsArgs,
    Protocol,
    Host,
    RequestId,
    RemoteUser,
    ForwardedFor,
    Namespace,
    IngressName,
    LocationPath,
    ServiceName,
    ServicePort,
    UpstreamName,
    AlternativeName,
    Status,
    BytesSent,
    BodyBytesSent,
    RequestLength,
    RequestTime,
    Completion,
    TimeLocal,
    TimeIso,
    Msec,
    Pid,
    UpstreamAddr,
    UpstreamStatus,
    UpstreamTime,
    UpstreamConnectTime,
    UpstreamHeaderTime,
    UpstreamLength,
    UpstreamReceived,
    UpstreamSent,
    /// Never has a value here.
    Nothing,
    /// A header of the request, in lower case and with underscores, as are all names below.
    Header(String),
    /// A header of the answer as the client gets it.
    SentHeader(String),
    /// A header of the answer as the upstream has sent it.
    UpstreamHeader(String),
    /// A cookie that the upstream sets.
    UpstreamCookie(String),
    /// A parameter of the query.
    Argument(String),
    /// A cookie of the request.
    Cookie(String),
}

/// The names that stand for themselves. Some name headers.
pub const LOG_VARIABLES: &[(&str, LogVariable)] = &[
    ("remote_addr", LogVariable::RemoteAddr),
    ("the_real_ip", LogVariable::RemoteAddr),
    ("remote_port", LogVariable::RemotePort),
    ("binary_remote_addr", LogVariable::BinaryRemoteAddr),
    ("realip_remote_addr", LogVariable::RealipRemoteAddr),
    ("realip_remote_port", LogVariable::RealipRemotePort),
    ("connection", LogVariable::Connection),
    ("connection_requests", LogVariable::ConnectionRequests),
    ("pipe", LogVariable::Pipe),
    ("proxy_protocol_addr", LogVariable::ProxyAddr),
    ("proxy_protocol_port", LogVariable::ProxyPort),
    ("proxy_protocol_server_port", LogVariable::ProxyServerPort),
    ("hostname", LogVariable::Hostname),
    ("server_addr", LogVariable::ServerAddr),
    ("server_port", LogVariable::ServerPort),
    ("pass_server_port", LogVariable::ServerPort),
    ("pass_port", LogVariable::ServerPort),
    ("scheme", LogVariable::Scheme),
    ("pass_access_scheme", LogVariable::Scheme),
    ("https", LogVariable::Https),
    ("ssl_protocol", LogVariable::SslProtocol),
    ("ssl_cipher", LogVariable::SslCipher),
    ("ssl_server_name", LogVariable::SslServerName),
    ("ssl_session_reused", LogVariable::SslSessionReused),
    ("ssl_client_verify", LogVariable::Certificate(CertificatePart::Verdict)),
    ("ssl_client_s_dn", LogVariable::Certificate(CertificatePart::Subject)),
    ("ssl_client_i_dn", LogVariable::Certificate(CertificatePart::Issuer)),
    ("ssl_client_serial", LogVariable::Certificate(CertificatePart::Serial)),
    ("ssl_client_fingerprint", LogVariable::Certificate(CertificatePart::Fingerprint)),
    ("request", LogVariable::Request),
    ("request_method", LogVariable::Method),
    ("request_uri", LogVariable::RequestUri),
    ("escaped_request_uri", LogVariable::EscapedRequestUri),
    ("uri", LogVariable::Uri),
    ("document_uri", LogVariable::Uri),
    ("args", LogVariable::Query),
    ("query_string", LogVariable::Query),
    ("is_args", LogVariable::IsArgs),
    ("server_protocol", LogVariable::Protocol),
    ("host", LogVariable::Host),
    ("server_name", LogVariable::Host),
    ("request_id", LogVariable::RequestId),
    ("req_id", LogVariable::RequestId),
    ("remote_user", LogVariable::RemoteUser),
    ("proxy_add_x_forwarded_for", LogVariable::ForwardedFor),
    ("namespace", LogVariable::Namespace),
    ("ingress_name", LogVariable::IngressName),
    ("location_path", LogVariable::LocationPath),
    ("service_name", LogVariable::ServiceName),
    ("service_port", LogVariable::ServicePort),
    ("proxy_upstream_name", LogVariable::UpstreamName),
    ("proxy_alternative_upstream_name", LogVariable::AlternativeName),
    ("status", LogVariable::Status),
    ("bytes_sent", LogVariable::BytesSent),
    ("body_bytes_sent", LogVariable::BodyBytesSent),
    ("request_length", LogVariable::RequestLength),
    ("request_time", LogVariable::RequestTime),
    ("request_completion", LogVariable::Completion),
    ("time_local", LogVariable::TimeLocal),
    ("time_iso8601", LogVariable::TimeIso),
    ("msec", LogVariable::Msec),
    ("pid", LogVariable::Pid),
    ("upstream_addr", LogVariable::UpstreamAddr),
    ("upstream_status", LogVariable::UpstreamStatus),
    ("upstream_response_time", LogVariable::UpstreamTime),
    ("upstream_connect_time", LogVariable::UpstreamConnectTime),
    ("upstream_header_time", LogVariable::UpstreamHeaderTime),
    ("upstream_response_length", LogVariable::UpstreamLength),
    ("upstream_bytes_received", LogVariable::UpstreamReceived),
    ("upstream_bytes_sent", LogVariable::UpstreamSent),
];

/// Headers of the request by another name.
const HEADERS: &[(&str, &str)] =
    &[("best_http_host", "host"), ("content_length", "content_length"), ("content_type", "content_type")];

impl LogVariable {
    /// The variable of a name; a name that nothing here knows has no value.
    pub fn of(name: &str) -> Self {
        if let Some((_, known)) = LOG_VARIABLES.iter().find(|(known, _)| *known == name) {
            return known.clone();
        }
        if let Some((_, header)) = HEADERS.iter().find(|(known, _)| *known == name) {
            return Self::Header((*header).into());
        }
        let named = |prefix: &str| name.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        let lower = |rest: &str| rest.to_ascii_lowercase();
        named("sent_http_")
            .map(|rest| Self::SentHeader(lower(rest)))
            .or_else(|| named("upstream_http_").map(|rest| Self::UpstreamHeader(lower(rest))))
            .or_else(|| named("upstream_cookie_").map(|rest| Self::UpstreamCookie(rest.to_owned())))
            .or_else(|| named("http_").map(|rest| Self::Header(lower(rest))))
            .or_else(|| named("arg_").map(|rest| Self::Argument(rest.to_owned())))
            .or_else(|| named("cookie_").map(|rest| Self::Cookie(rest.to_owned())))
            .unwrap_or(Self::Nothing)
    }
}
