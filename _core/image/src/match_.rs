//! How a route recognises a path. Paths are compared in their normal form.

use serde::{Deserialize, Serialize};

/// One way to recognise a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum PathMatch {
    /// The whole path, case-sensitive.
    Exact {
        /// Starts with a slash.
        path: String,
    },
    /// The path itself or anything below it, element by element: `/a` matches `/a` and `/a/b`, never `/ab`.
    Prefix {
        /// Starts with a slash and does not end with one, but for the root `/`.
        path: String,
    },
    /// A regular expression, before which a `^` stands.
    Regex {
        /// As PCRE reads it.
        pattern: String,
        /// Whether ASCII letters match in either case.
        ignore_case: bool,
    },
}

/// The union as it lies on the wire: a tag, and the fields that the tag asks for. Reading it as one flat struct keeps
/// the position of an error (an internally tagged enum would lose it) and refuses fields that belong to another tag.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "type")]
    tag: Tag,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ignore_case: Option<bool>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Exact,
    Prefix,
    Regex,
}

impl TryFrom<Fields> for PathMatch {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        match fields {
            Fields { tag: Tag::Exact, path: Some(path), pattern: None, ignore_case: None } => Ok(Self::Exact { path }),
            Fields { tag: Tag::Prefix, path: Some(path), pattern: None, ignore_case: None } => {
                Ok(Self::Prefix { path })
            }
            Fields { tag: Tag::Regex, path: None, pattern: Some(pattern), ignore_case } => {
                Ok(Self::Regex { pattern, ignore_case: ignore_case.unwrap_or(true) })
            }
            Fields { tag: Tag::Exact, .. } => Err("type exact has the field path and no other"),
            Fields { tag: Tag::Prefix, .. } => Err("type prefix has the field path and no other"),
            Fields { tag: Tag::Regex, .. } => Err("type regex has the fields pattern, ignore_case and no other"),
        }
    }
}

impl From<PathMatch> for Fields {
    fn from(value: PathMatch) -> Self {
        let (tag, path, pattern, ignore_case) = match value {
            PathMatch::Exact { path } => (Tag::Exact, Some(path), None, None),
            PathMatch::Prefix { path } => (Tag::Prefix, Some(path), None, None),
            PathMatch::Regex { pattern, ignore_case } => (Tag::Regex, None, Some(pattern), Some(ignore_case)),
        };
        Self { tag, path, pattern, ignore_case }
    }
}
