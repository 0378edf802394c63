//! Everything that a peer can do wrong on the wire: one variant each, with its status and its name in the log.

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $status:literal $code:literal,)+) => {
        /// What a peer did wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Fault {
            /// Every fault there is, for tables of metrics and documentation.
            pub const ALL: &[Fault] = &[$(Fault::$variant,)+];

            /// The status to answer with when the client did it. In an upstream's answer every fault is a 502.
            pub const fn status(self) -> u16 {
                match self { $(Fault::$variant => $status,)+ }
            }

            /// A stable name for logs and metrics.
            pub const fn code(self) -> &'static str {
                match self { $(Fault::$variant => $code,)+ }
            }
        }
    };
}

faults! {
    /// The request line ends wrongly, or holds a byte that belongs nowhere.
    BadRequestLine = 400 "bad_request_line",
    /// The method is no token, or longer than any method is.
    BadMethod = 400 "bad_method",
    /// The target is of no known form, or holds a byte that a target cannot hold.
    BadTarget = 400 "bad_target",
    /// The request line is too long.
    UriTooLong = 414 "uri_too_long",
    /// The version is not written as HTTP/1.0 or HTTP/1.1 are.
    BadVersion = 400 "bad_version",
    /// The version is well written, but is not ours.
    HttpVersion = 505 "http_version",
    /// CONNECT, which this gateway does not do.
    ConnectRefused = 405 "connect_refused",
    /// TRACE or TRACK, which show a client's secrets to its scripts.
    TraceRefused = 405 "trace_refused",
    /// HTTP/1.1 without Host.
    MissingHost = 400 "missing_host",
    /// More than one Host, equal or not.
    DuplicateHost = 400 "duplicate_host",
    /// Host, or the authority of the target, is not a host with an optional port.
    BadHost = 400 "bad_host",
    /// The authority of an absolute target is not the one that Host names.
    HostMismatch = 400 "host_mismatch",
    /// A field line is not `name: value` and CRLF.
    BadHeader = 400 "bad_header",
    /// More field lines than the limit.
    TooManyFields = 431 "too_many_fields",
    /// A longer head than the limit.
    HeadTooLarge = 431 "head_too_large",
    /// Connection is no list of tokens, or an endless one.
    BadConnection = 400 "bad_connection",
    /// Content-Length is not one decimal number within the limit.
    BadContentLength = 400 "bad_content_length",
    /// Content-Length and Transfer-Encoding together.
    LengthAndEncoding = 400 "length_and_encoding",
    /// Transfer-Encoding is not exactly `chunked`, or stands where it may not.
    BadTransferEncoding = 400 "bad_transfer_encoding",
    /// A transfer coding that may exist, but not here.
    UnknownTransferCoding = 501 "unknown_transfer_coding",
    /// Expect holds something else than `100-continue`.
    UnknownExpectation = 417 "unknown_expectation",
    /// What would open a WebSocket has no good key, or no version, or another method than GET.
    BadWebSocket = 400 "bad_websocket",
    /// Another version of WebSocket than 13.
    WebSocketVersion = 426 "websocket_version",
    /// The path holds a byte, a triplet or a climb above the root that no path can hold.
    BadPath = 400 "bad_path",
    /// The path has two readings that could select different routes.
    AmbiguousPath = 400 "ambiguous_path",
    /// A rewritten path is not in its normal form.
    RewrittenPath = 400 "rewritten_path",
    /// A chunk's size, extension or end is malformed.
    BadChunk = 400 "bad_chunk",
    /// More chunk extensions than the limit.
    ExtensionsTooLarge = 400 "extensions_too_large",
    /// A trailer field is malformed.
    BadTrailer = 400 "bad_trailer",
    /// More trailer fields, or longer ones, than the limit.
    TrailersTooLarge = 431 "trailers_too_large",
    /// The connection ended inside a body.
    TruncatedBody = 400 "truncated_body",
    /// The body is larger than its route allows.
    BodyTooLarge = 413 "body_too_large",
    /// More body was offered for sending than was announced.
    SurplusBody = 400 "surplus_body",
    /// The status line of an answer is malformed.
    BadStatusLine = 502 "bad_status_line",
    /// 101 for a request that asked for no upgrade, or without naming its protocol.
    UnaskedUpgrade = 502 "unasked_upgrade",
    /// The upstream agrees to a WebSocket with an answer that the client's key does not make.
    BadWebSocketAccept = 502 "bad_websocket_accept",
    /// More informational answers than the limit.
    TooManyInformational = 502 "too_many_informational",
    /// A connection that has to begin with a PROXY header does not, or its header is malformed.
    BadProxyHeader = 400 "bad_proxy_header",
    /// A field to be sent holds CR, LF, NUL or another control, or its name is no token.
    UnsafeField = 400 "unsafe_field",
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_statuses_are_errors() {
        let names: HashSet<_> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert!((400..=505).contains(&fault.status()), "{}", fault.code());
            assert!(fault.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", fault.code());
        }
    }
}
