//! Templates of rewritten paths: literal text and `$1` to `$9`.

use super::captures::Captures;

enum Part {
    Text(Box<[u8]>),
    Capture(u8),
}

/// A template, ready to be filled in.
pub struct Template {
    parts: Box<[Part]>,
}

impl Template {
    /// Read a template. A `$` must be followed by a digit from 1 to 9.
    pub fn new(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut pieces = template.split('$');
        let text = |piece: &str, parts: &mut Vec<Part>| {
            if !piece.is_empty() {
                parts.push(Part::Text(piece.as_bytes().into()));
            }
        };
        text(pieces.next().unwrap_or_default(), &mut parts);
        for piece in pieces {
            let Some((digit @ b'1'..=b'9', _)) = piece.as_bytes().split_first() else {
                return Err(format!("{template:?} holds a $ that no digit from 1 to 9 follows"));
            };
            parts.push(Part::Capture(digit - b'0'));
            text(piece.get(1..).unwrap_or_default(), &mut parts);
        }
        Ok(Self { parts: parts.into() })
    }

    /// Append the template, filled in with the captures of `path`.
    pub fn expand(&self, path: &[u8], captures: &Captures, out: &mut Vec<u8>) {
        for part in &self.parts {
            out.extend_from_slice(match part {
                Part::Text(text) => text,
                Part::Capture(group) => captures.get(*group, path),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Pattern;

    fn rewrite(pattern: &str, template: &str, path: &str) -> String {
        let mut captures = Captures::default();
        let pattern = Pattern::new(pattern, true).unwrap();
        assert_eq!(pattern.matches(path.as_bytes()), Ok(true));
        pattern.captures(path.as_bytes(), &mut captures).unwrap();
        let mut out = b"<".to_vec();
        Template::new(template).unwrap().expand(path.as_bytes(), &captures, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn templates_are_filled_in() {
        assert_eq!(rewrite("/app(/|$)(.*)", "/$2", "/app/x/y"), "</x/y");
        assert_eq!(rewrite("/app(/|$)(.*)", "/$2", "/app"), "</");
        assert_eq!(rewrite("/app", "/", "/app/x/y"), "</");
        assert_eq!(rewrite("/([a-z]+)/([0-9]+)", "/$2/$1$1-$3", "/ab/12"), "</12/abab-");
        assert_eq!(rewrite("/(.*)", "/é$1", "/x"), "</éx");
        assert_eq!(rewrite("/(.*)", "", "/x"), "<");
    }

    #[test]
    fn other_dollars_are_refused() {
        for template in ["/$", "/$0", "/$a", "/$$1", "/$é"] {
            assert!(Template::new(template).is_err(), "{template}");
        }
    }
}
