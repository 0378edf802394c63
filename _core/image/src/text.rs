//! Texts with variables, as nginx writes them: `$host`, `${host}`, `$http_x_user`, `$1`; and `$$` for a dollar.
//!
//! Only what a request says of itself has a name here. Every other `$` is a fault, so that nothing is ever sent that
//! its author meant to be replaced.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Sent as it stands.
    Text(String),
    /// What the request says.
    Variable(Variable),
    /// A capture of the route's regex, from 1 to 9.
    Capture(u8),
}

/// What a text can ask a request for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below has their names")]
pub enum Variable {
    Scheme,
    Host,
    HttpHost,
    RequestUri,
    EscapedRequestUri,
    Uri,
    Method,
    Query,
    IsArgs,
    RemoteAddr,
    ServerPort,
    Protocol,
    RequestId,
    Namespace,
    IngressName,
    ServiceName,
    ServicePort,
    /// A header, by its name with hyphens.
    Header(String),
    /// A parameter of the query.
    Argument(String),
    /// A cookie.
    Cookie(String),
}

/// The names that stand for themselves.
pub const VARIABLES: &[(&str, Variable)] = &[
    ("scheme", Variable::Scheme),
    ("pass_access_scheme", Variable::Scheme),
    ("host", Variable::Host),
    ("server_name", Variable::Host),
    ("http_host", Variable::HttpHost),
    ("best_http_host", Variable::HttpHost),
    ("request_uri", Variable::RequestUri),
    ("escaped_request_uri", Variable::EscapedRequestUri),
    ("uri", Variable::Uri),
    ("document_uri", Variable::Uri),
    ("request_method", Variable::Method),
    ("args", Variable::Query),
    ("query_string", Variable::Query),
    ("is_args", Variable::IsArgs),
    ("remote_addr", Variable::RemoteAddr),
    ("binary_remote_addr", Variable::RemoteAddr),
    ("the_real_ip", Variable::RemoteAddr),
    ("server_port", Variable::ServerPort),
    ("pass_server_port", Variable::ServerPort),
    ("server_protocol", Variable::Protocol),
    ("req_id", Variable::RequestId),
    ("request_id", Variable::RequestId),
    ("namespace", Variable::Namespace),
    ("ingress_name", Variable::IngressName),
    ("service_name", Variable::ServiceName),
    ("service_port", Variable::ServicePort),
];

impl Variable {
    fn of(name: &str) -> Option<Self> {
        if let Some((_, known)) = VARIABLES.iter().find(|(known, _)| *known == name) {
            return Some(known.clone());
        }
        let named = |prefix: &str| name.strip_prefix(prefix).filter(|rest| !rest.is_empty()).map(str::to_owned);
        named("http_")
            .map(|rest| Self::Header(rest.replace('_', "-").to_ascii_lowercase()))
            .or_else(|| named("arg_").map(Self::Argument))
            .or_else(|| named("cookie_").map(Self::Cookie))
    }
}

/// The parts of a text.
pub fn parse_text(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            literal.push('$');
            rest = after;
            continue;
        }
        let (name, left) = variable_name(after).ok_or_else(|| format!("{text:?} holds a $ that no name follows"))?;
        let part = match name.as_bytes() {
            [digit @ b'1'..=b'9'] => Part::Capture(digit - b'0'),
            _ => Part::Variable(Variable::of(name).ok_or_else(|| format!("there is no variable ${name}"))?),
        };
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal)));
        }
        parts.push(part);
        rest = left;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

/// The name after a `$`, and what follows it.
fn variable_name(after: &str) -> Option<(&str, &str)> {
    if let Some(braced) = after.strip_prefix('{') {
        return braced.split_once('}').filter(|(name, _)| !name.is_empty());
    }
    if let Some(digit) = after.get(..1).filter(|first| matches!(first.as_bytes(), [b'1'..=b'9'])) {
        return Some((digit, after.get(1..).unwrap_or_default()));
    }
    let end = after.find(|next: char| !(next.is_ascii_alphanumeric() || next == '_')).unwrap_or(after.len());
    (end > 0).then(|| after.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_parts() {
        let text = |text: &str| Part::Text(text.into());
        assert_eq!(parse_text("plain").unwrap(), [text("plain")]);
        assert_eq!(
            parse_text("a-$host.$1${http_x_user}b").unwrap(),
            [
                text("a-"),
                Part::Variable(Variable::Host),
                text("."),
                Part::Capture(1),
                Part::Variable(Variable::Header("x-user".into())),
                text("b"),
            ]
        );
        assert_eq!(parse_text("").unwrap(), []);
        assert_eq!(parse_text("$$host$$").unwrap(), [text("$host$")]);
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for bad in ["$", "a$", "$$$", "${}", "${host", "$nonsense", "$http_", "$-", "$0", "$é"] {
            assert!(parse_text(bad).is_err(), "{bad}");
        }
    }
}
