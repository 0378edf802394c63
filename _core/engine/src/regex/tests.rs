//! Both engines, held against each other.

use proptest::prelude::*;

use super::backtrack::Backtracking;
use super::*;

fn by_pcre(pattern: &str, ignore_case: bool, place: Place, text: &[u8]) -> Result<Option<Slots>, GaveUp> {
    let regex = Backtracking::new(&for_pcre(pattern, place), ignore_case).unwrap();
    let mut slots = Slots::default();
    if !regex.matches(text)? {
        return Ok(None);
    }
    regex.captures(text, &mut slots)?;
    Ok(Some(slots))
}

fn found(regex: &Regex, text: &[u8]) -> Result<Option<Slots>, GaveUp> {
    let mut slots = Slots::default();
    if !regex.matches(text)? {
        return Ok(None);
    }
    regex.captures(text, &mut slots)?;
    Ok(Some(slots))
}

fn group<'t>(slots: &Slots, number: usize, text: &'t [u8]) -> &'t [u8] {
    match (slots[2 * number], slots[2 * number + 1]) {
        (Some(start), Some(end)) => &text[start.get()..end.get()],
        _ => b"",
    }
}

/// Pieces of expressions; put together at random they make many that are none, and all oddities.
const PIECES: &str = "(/|a|b|B|x|1|_|é|-|\\]|\\}|,|\\.|\\\\\\.|\\\\d|\\\\w|\\\\s|\\\\S|\\\\W|\\\\D|\\\\b|\\\\B|\\\\n|\\\\z|\\\\Z\
    |\\^|\\$|\\(|\\(|\\(\\?:|\\)|\\)|\\)|\\||\\||\\*|\\+|\\?|\\*\\?|\\+\\?|\\{2\\}|\\{1,2\\}|\\{0,1\\}|\\{2,\\}|\\{,2\\}\
    |\\[ab\\]|\\[\\^a\\]|\\[a-c1\\]|\\[\\\\w-\\]|\\[\\]a\\]|\\[\\^\\]a\\]|\\[a&&b\\]|\\[é\\]|\\[\\\\s/\\]|\\[|\\]|\\(\\?<n>\
    |\\(/\\|\\$\\)|\\(\\.\\*\\)|\\(a\\|ab\\)|\\(b\\|\\)|\\(\\?!a\\)|\\\\1|\\(\\?i\\)|\\\\Q|\\\\E|a\\+\\+|\\(\\?>a\\)){0,9}";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_mean_the_same(
        pattern in PIECES,
        ignore_case in any::<bool>(),
        anywhere in any::<bool>(),
        texts in prop::collection::vec("(/|a|b|c|A|B|x|1|_|é|-|\\.|&| |\u{b}|\n){0,7}\n?", 1..6),
    ) {
        let place = if anywhere { Place::Anywhere } else { Place::Start };
        match Regex::new(&pattern, ignore_case, place) {
            Ok(regex) => for text in texts {
                let expected = by_pcre(&pattern, ignore_case, place, text.as_bytes());
                prop_assert_eq!(found(&regex, text.as_bytes()), expected, "{:?} on {:?}", pattern, text);
            },
            // What cannot be compiled is what PCRE refuses, and nothing else.
            Err(_) => prop_assert!(Backtracking::new(&for_pcre(&pattern, place), ignore_case).is_err()),
        }
    }

    #[test]
    fn expressions_with_groups_mean_the_same(
        pattern in "/(\\((a|b|[ab]|a\\|b|ab\\|a|a\\*|\\(a\\)\\|b|\\.\\*)\\)(\\*|\\+|\\?|\\{2\\}|\\+\\?|)|/|\\$|\\||b){1,5}",
        ignore_case in any::<bool>(),
        text in "/(a|b|A|/){0,8}\n?",
    ) {
        if let Ok(regex) = Regex::new(&pattern, ignore_case, Place::Start) {
            let expected = by_pcre(&pattern, ignore_case, Place::Start, text.as_bytes());
            prop_assert_eq!(found(&regex, text.as_bytes()), expected);
        }
    }
}

#[test]
fn what_linear_time_can_express_is_matched_in_linear_time() {
    let plain = [
        "/app(/|$)(.*)",
        "/v[0-9]+/(?<name>\\w+)/?",
        "/(a|ab)(c|bcd)*",
        "/(?:x|y){2,5}\\.json$",
        "/[^/]+?/é+",
        "/a\\-b\\/c",
        "(/[a-z0-9-]{1,63}){1,8}",
    ];
    for pattern in plain {
        assert_eq!(Regex::new(pattern, true, Place::Start).unwrap().why_backtracking(), None, "{pattern}");
    }
    let special = [
        ("/(?!api)(.*)", "ahead"),
        ("/(?<=x)a", "behind"),
        ("/(a)\\1", "back"),
        ("/a++b", "possessive"),
        ("/(?>a)", "atomic"),
        ("/(?i:a)", "option"),
        ("/[[:alpha:]]", "class"),
        ("/(a*)*", "empty"),
        ("/\\h", "escape"),
    ];
    for (pattern, reason) in special {
        let why = Regex::new(pattern, true, Place::Start).unwrap().why_backtracking().unwrap();
        assert!(why.contains(reason), "{pattern}: {why}");
    }
}

#[test]
fn a_circumflex_belongs_to_the_first_alternative_only() {
    let regex = Regex::new("/a|/b", true, Place::Start).unwrap();
    let cases = [("/a", true), ("/x/a", false), ("/b", true), ("/x/b", true)];
    for (text, expected) in cases {
        assert_eq!(regex.matches(text.as_bytes()), Ok(expected), "{text}");
    }
}

#[test]
fn look_around_and_back_references_work() {
    let regex = Regex::new("/(?!api/)([a-z]+)/\\1(.*)", true, Place::Start).unwrap();
    assert_eq!(regex.matches(b"/api/api"), Ok(false));
    let text = b"/Web/wEb/x";
    let slots = found(&regex, text).unwrap().unwrap();
    assert_eq!([1, 2, 3].map(|number| group(&slots, number, text)), [&b"Web"[..], b"/x", b""]);
}

#[test]
fn an_expression_that_would_take_for_ever_gives_up() {
    let regex = Regex::new("/(?=x?)(a+)+$", true, Place::Start).unwrap();
    let text = format!("/{}!", "a".repeat(5_000));
    assert_eq!(regex.matches(text.as_bytes()), Err(GaveUp));
    assert_eq!(regex.matches(b"/aaa"), Ok(true));
    let deep = Regex::new("/(?=x?)(a(?1)?b)", true, Place::Start).unwrap();
    let text = format!("/{}", "a".repeat(200_000));
    assert_eq!(deep.matches(text.as_bytes()), Err(GaveUp));
}

#[test]
fn the_linear_engine_takes_any_text() {
    let regex = Regex::new("/(a+)+$", true, Place::Start).unwrap();
    let text = format!("/{}!", "a".repeat(5_000));
    assert_eq!(regex.matches(text.as_bytes()), Ok(false));
}
