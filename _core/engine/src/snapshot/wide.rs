//! Hosts whose names stand for several labels, or are expressions. Most tables have none, and pay nothing for them.
//!
//! The order is nginx's: whoever has a name of his own never comes here; then the longest wildcard at the start, the longest
//! one at the end, and the first expression. Wildcards for one label are expressions in ingress-nginx, and have their place
//! among these.

use std::collections::HashMap;

use super::host::HostEntry;

/// The hosts of a table that are such.
#[derive(Default)]
pub(super) struct Wide {
    /// By what comes after the labels, with its dot before it.
    leading: HashMap<Box<[u8]>, HostEntry>,
    /// By what comes before the labels, with its dot behind it.
    trailing: HashMap<Box<[u8]>, HostEntry>,
    /// In the order of their keys.
    expressions: Vec<HostEntry>,
}

/// Is a host of this key one of them?
pub(super) fn is_wide(key: &[u8]) -> bool {
    key.starts_with(b"**.") || key.starts_with(b"~") || key.ends_with(b".*")
}

/// The expression in a key.
pub(super) fn expression(key: &str) -> Option<&str> {
    key.strip_prefix('~')?.splitn(3, ' ').nth(2)
}

/// The host that an expression in a key belongs to.
fn lender(key: &[u8]) -> &[u8] {
    key.get(1..).and_then(|rest| rest.split(|byte| *byte == b' ').next()).unwrap_or_default()
}

impl Wide {
    /// None if there is none.
    pub(super) fn new(entries: impl Iterator<Item = HostEntry>) -> Option<Self> {
        let mut this = Self::default();
        for entry in entries {
            let key = entry.key().to_owned();
            if key.starts_with(b"~") {
                this.expressions.push(entry);
            } else if let Some(rest) = key.strip_prefix(b"**") {
                this.leading.insert(rest.into(), entry);
            } else if let Some(rest) = key.strip_suffix(b"*") {
                this.trailing.insert(rest.into(), entry);
            }
        }
        this.expressions.sort_unstable_by(|one, other| one.key().cmp(other.key()));
        let none = this.leading.is_empty() && this.trailing.is_empty() && this.expressions.is_empty();
        (!none).then_some(this)
    }

    /// The entry that serves a host that nobody has as it is; `single` is that of a wildcard for its first label.
    pub(super) fn host<'t>(&'t self, host: &[u8], single: Option<&'t HostEntry>) -> Option<&'t HostEntry> {
        // A host that begins or ends with a dot has no label there.
        let dots = || memchr::memchr_iter(b'.', host).filter(|dot| *dot > 0 && dot + 1 < host.len());
        let leading = || dots().find_map(|dot| self.leading.get(host.get(dot..)?));
        let trailing = || {
            let ends = memchr::memrchr_iter(b'.', host).filter(|dot| *dot > 0 && dot + 1 < host.len());
            ends.into_iter().find_map(|dot| self.trailing.get(host.get(..=dot)?))
        };
        leading().or_else(trailing).or_else(|| self.expression(host, single))
    }

    fn expression<'t>(&'t self, host: &[u8], single: Option<&'t HostEntry>) -> Option<&'t HostEntry> {
        // Its key is written without the asterisk.
        let comes_first = |entry: &HostEntry| {
            single.is_some_and(|single| {
                lender(entry.key()).strip_prefix(b"*").is_none_or(|lender| single.key() <= lender)
            })
        };
        self.expressions.iter().take_while(|entry| !comes_first(entry)).find(|entry| entry.is_found_in(host)).or(single)
    }
}

#[cfg(test)]
mod tests {
    use sallygate_image::Digest;

    use super::*;
    use crate::route::{Patterns, RouteTable, Seed};
    use crate::snapshot::host::{HostDraft, compiled};

    fn entry(key: &str) -> HostEntry {
        let built = RouteTable::new(key.as_bytes(), &[], Vec::new(), Seed::new(1, 3), &mut Patterns::default());
        let (routes, block) = built.unwrap();
        let (expression, key) = (compiled(key).unwrap(), key.to_owned());
        let (digest, policies) = (Digest([0; 16]), Box::default());
        HostDraft { digest, key, certificate: None, routes, block, policies, tls: None, expression }.finish()
    }

    fn found(keys: &[&str], single: Option<&str>, host: &str) -> String {
        let (wide, single) = (Wide::new(keys.iter().map(|key| entry(key))), single.map(entry));
        let found = wide.as_ref().unwrap().host(host.as_bytes(), single.as_ref());
        found.map(|entry| String::from_utf8_lossy(entry.key()).into_owned()).unwrap_or_default()
    }

    #[test]
    fn the_longest_wildcard_comes_first_and_those_at_the_start_before_those_at_the_end() {
        let keys = ["**.example", "**.b.example", "a.*", "a.b.*", "~z.example 00 ^a"];
        for (host, key) in [
            ("x.example", "**.example"),
            ("x.y.example", "**.example"),
            ("x.b.example", "**.b.example"),
            ("a.b.example", "**.b.example"),
            ("b.example", "**.example"),
            ("a.b.test", "a.b.*"),
            ("a.b.c.test", "a.b.*"),
            ("a.test", "a.*"),
            ("a.x.test", "a.*"),
            ("aa.test", "~z.example 00 ^a"),
            ("example", ""),
            ("b.test", ""),
            (".example", ""),
            ("b.", ""),
        ] {
            assert_eq!(found(&keys, None, host), key, "{host}");
        }
    }

    #[test]
    fn the_first_expression_is_that_of_the_first_lender() {
        let keys = ["~b.example 00 x", "~a.example 01 x", "~a.example 00 ^xy", "~*.m.example 00 x"];
        assert_eq!(found(&keys, None, "xy.example"), "~*.m.example 00 x");
        assert_eq!(found(&keys[..3], None, "xy.example"), "~a.example 00 ^xy");
        assert_eq!(found(&keys[..3], None, "yx.example"), "~a.example 01 x");
        assert_eq!(found(&keys[..1], None, "X".to_lowercase().as_str()), "~b.example 00 x");
    }

    #[test]
    fn a_wildcard_for_one_label_has_its_place_among_expressions() {
        let keys = ["~*.m.example 00 x", "~a.example 00 x"];
        assert_eq!(found(&keys, Some(".b.example"), "x.b.example"), ".b.example");
        assert_eq!(found(&keys, Some(".m.example"), "x.m.example"), ".m.example");
        assert_eq!(found(&keys, Some(".z.example"), "x.z.example"), "~*.m.example 00 x");
        assert_eq!(found(&keys, Some(".z.example"), "y.z.test"), ".z.example");
    }

    #[test]
    fn a_name_on_which_an_expression_gives_up_is_not_its_own() {
        let keys = ["~a.example 00 ^(?=a)(a+)+$", "~a.example 01 ^a"];
        let host = format!("{}!", "a".repeat(250));
        assert_eq!(found(&keys, None, &host), "~a.example 01 ^a");
        assert_eq!(found(&keys, None, "aa"), "~a.example 00 ^(?=a)(a+)+$");
    }
}
