//! Does a client that cannot be served want to be told so in JSON?

use crate::filter::weight;

/// True if Accept names a JSON type and likes no text better. Wildcards say nothing: a page for people is the default.
pub fn prefers_json<'a>(values: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut json, mut text) = (0, 0);
    for range in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(weight).unwrap_or(THOUSAND);
        if is_json(name) {
            json = json.max(weight);
        } else if starts_with(name, b"text/") || starts_with(name, b"application/xhtml") {
            text = text.max(weight);
        }
    }
    json > 0 && json >= text
}

const THOUSAND: u32 = 1_000;

fn is_json(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"application/json")
        || name.len() > 5 && name.get(name.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(b"+json"))
}

fn starts_with(name: &[u8], start: &[u8]) -> bool {
    name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_must_be_asked_for_by_name() {
        let cases: &[(&[&str], bool)] = &[
            (&[], false),
            (&[""], false),
            (&["*/*"], false),
            (&["application/*"], false),
            (&["application/json"], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/problem+json"], true),
            (&["+json"], false),
            (&["application/json, text/plain, */*"], true),
            (&["text/html", "application/json"], true),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], false),
            (&["application/json;q=0.5, text/html"], false),
            (&["application/json;q=0.9, text/html;q=0.8"], true),
            (&["application/json;q=0"], false),
            (&["application/json;q=0.001"], true),
            (&["application/json; q=x"], false),
            (&["text/*, application/json;q=0.999"], false),
        ];
        for (values, expect) in cases {
            assert_eq!(prefers_json(values.iter().map(|value| value.as_bytes())), *expect, "{values:?}");
        }
    }
}
