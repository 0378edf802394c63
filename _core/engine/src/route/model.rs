//! Lookup as its rules say it, one route after the other; and the proof that the indexes do the same.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use sallygate_image::{PathMatch, Policy};

use super::{Action, Origin, Pattern, Patterns, Route, RouteTable, Seed, Source};

fn route(number: u32) -> Route {
    let source = Arc::new(Source { kind: "Ingress".into(), namespace: "n".into(), name: "i".into() });
    let origin = Origin { source, rule: 0, path: number };
    Route::new(origin, Action::Respond { status: 200 }, Arc::new(Policy::default()), None, None)
}

fn table(matches: &[PathMatch]) -> (RouteTable, Vec<u8>) {
    let routes = (0_u32..).zip(matches).map(|(number, _)| route(number)).collect();
    RouteTable::new(b"a.example", matches, routes, Seed::new(1, 2), &mut Patterns::default()).unwrap()
}

fn by_table((table, block): &(RouteTable, Vec<u8>), path: &str) -> Option<u32> {
    table.lookup(block, path.as_bytes()).unwrap().map(|route| route.origin.path)
}

fn by_rule(matches: &[PathMatch], path: &str) -> Option<u32> {
    let numbered = || (0_u32..).zip(matches);
    let exact = numbered().find(|(_, one)| matches!(one, PathMatch::Exact { path: whole } if whole == path));
    let regex = || {
        numbered().find(|(_, one)| match one {
            PathMatch::Regex { pattern, ignore_case } => {
                Pattern::new(pattern, *ignore_case).unwrap().matches(path.as_bytes()).unwrap()
            }
            _ => false,
        })
    };
    let prefix = || {
        let mut best: Option<(u32, usize)> = None;
        for (number, one) in numbered() {
            let PathMatch::Prefix { path: prefix } = one else { continue };
            let elements: Vec<&str> = prefix.trim_end_matches('/').split('/').collect();
            let covered = path.split('/').take(elements.len()).eq(elements.iter().copied());
            let covered = covered && path.starts_with('/');
            if covered && best.is_none_or(|(_, length)| prefix.len() > length) {
                best = Some((number, prefix.len()));
            }
        }
        best.map(|(number, _)| number)
    };
    exact.or_else(regex).map(|(number, _)| number).or_else(prefix)
}

fn some_match() -> impl Strategy<Value = PathMatch> {
    let path = "(/(a|b|ab|é|aaaaaaaaaa)){1,4}";
    prop_oneof![
        (path, "/?").prop_map(|(path, slash)| PathMatch::Exact { path: path + &slash }),
        path.prop_map(|path| PathMatch::Prefix { path }),
        path.prop_map(|path| PathMatch::Prefix { path }),
        Just(PathMatch::Prefix { path: "/".into() }),
        Just(PathMatch::Exact { path: "/".into() }),
        ("(/(a|b|[ab]|b\\+|ab\\?|aaaaaaaaaa)){1,4}", "(|\\$|\\(/\\|\\$\\)\\(\\.\\*\\))", any::<bool>())
            .prop_map(|(start, end, ignore_case)| PathMatch::Regex { pattern: start + &end, ignore_case }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_indexes_follow_the_rules(
        matches in vec(some_match(), 0..24),
        paths in vec("(/(a|b|ab|A|é|aaaaaaaaaa|)){0,6}|\\*|a/b", 1..20),
    ) {
        let table = table(&matches);
        for path in paths {
            prop_assert_eq!(by_table(&table, &path), by_rule(&matches, &path), "{}", path);
        }
    }

    #[test]
    fn any_depth_works(depths in vec(1..100_usize, 1..20), path in 0..120_usize, tail in "(|/|x|/x)") {
        let matches: Vec<PathMatch> =
            depths.iter().map(|depth| PathMatch::Prefix { path: "/a".repeat(*depth) }).collect();
        let path = "/a".repeat(path) + &tail;
        prop_assert_eq!(by_table(&table(&matches), &path), by_rule(&matches, &path));
    }
}

#[test]
fn prefixes_are_per_element() {
    let prefixes = ["/", "/a", "/a/b", "/c", "/d/e/f", "/g"];
    for count in [3, prefixes.len()] {
        let matches: Vec<PathMatch> =
            prefixes.iter().take(count).map(|path| PathMatch::Prefix { path: (*path).into() }).collect();
        let table = table(&matches);
        let cases = [
            ("/", Some(0)),
            ("/a", Some(1)),
            ("/a/", Some(1)),
            ("/ab", Some(0)),
            ("/a/b", Some(2)),
            ("/a/b/c", Some(2)),
            ("/a/bc", Some(1)),
            ("/A", Some(0)),
            ("//a", Some(0)),
            ("/a//b", Some(1)),
            ("*", None),
            ("", None),
            ("a", None),
        ];
        for (path, expected) in cases {
            assert_eq!(by_table(&table, path), expected, "{path} among {count}");
        }
    }
}

#[test]
fn exact_goes_before_regex_before_prefix() {
    let matches = [
        PathMatch::Prefix { path: "/a/b".into() },
        PathMatch::Regex { pattern: "/a/[bc]$".into(), ignore_case: true },
        PathMatch::Regex { pattern: "/a".into(), ignore_case: true },
        PathMatch::Exact { path: "/a/b".into() },
        PathMatch::Exact { path: "/a/b".into() },
        PathMatch::Prefix { path: "/".into() },
    ];
    let table = table(&matches);
    let cases = [("/a/b", 3), ("/a/c", 1), ("/a/b/c", 2), ("/ax", 2), ("/x", 5)];
    for (path, expected) in cases {
        assert_eq!(by_table(&table, path), Some(expected), "{path}");
    }
}
