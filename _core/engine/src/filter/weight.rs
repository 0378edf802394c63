//! How much a client likes one of several things (RFC 9110 §12.4.2).

/// In thousandths, if this parameter is a weight. One that cannot be read says no.
pub fn weight(parameter: &[u8]) -> Option<u32> {
    let digits = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let whole = match parts.next() {
        Some(b"1") => THOUSAND,
        Some(b"0") => 0,
        _ => return Some(0),
    };
    let mut thousandths = 0;
    let fraction = parts.next().unwrap_or_default();
    for place in 0..3 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        thousandths = thousandths * 10 + if digit.is_ascii_digit() { u32::from(digit - b'0') } else { 0 };
    }
    Some((whole + thousandths).min(THOUSAND))
}

const THOUSAND: u32 = 1_000;
