//! Browsers that take `SameSite=None` for something else: some for Strict, others refuse the whole cookie.
//!
//! The list is the one that Chromium's authors published when they changed the default. It is closed: such browsers are no
//! longer made.

/// Is this the User-Agent of one?
pub(super) fn mistakes_same_site(browser: &[u8]) -> bool {
    let text = String::from_utf8_lossy(browser);
    is_of_ios_12(&text) || is_safari_of_macos_10_14(&text) || is_old_chrome(&text) || is_old_uc(&text)
}

/// All browsers there: they are Safari within.
fn is_of_ios_12(text: &str) -> bool {
    text.contains("CPU iPhone OS 12_") || text.contains("iPad; CPU OS 12_")
}

fn is_safari_of_macos_10_14(text: &str) -> bool {
    let safari = text.contains("Version/") && text.contains(" Safari/") && !text.contains("Chrom");
    // In applications it is the engine without the name.
    let embedded = text.ends_with("(KHTML, like Gecko)");
    text.contains("Macintosh;") && text.contains("Mac OS X 10_14") && (safari || embedded)
}

/// From 51 to 66.
fn is_old_chrome(text: &str) -> bool {
    ["Chrome/", "Chromium/"]
        .iter()
        .any(|name| version(text, name).is_some_and(|[major, ..]| (51..=66).contains(&major)))
}

/// Before 12.13.2.
fn is_old_uc(text: &str) -> bool {
    version(text, "UCBrowser/").is_some_and(|found| found < [12, 13, 2])
}

/// The first three numbers of the version after a name.
fn version(text: &str, name: &str) -> Option<[u32; 3]> {
    let (_, after) = text.split_once(name)?;
    let end = after.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(after.len());
    let mut numbers = after.get(..end)?.split('.').map(|number| number.parse().ok());
    let first = numbers.next()??;
    let mut next = || numbers.next().flatten().unwrap_or(0);
    Some([first, next(), next()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_of_that_time_are_known() {
        let cases = [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Safari/604.1",
                true,
            ),
            ("Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/79.0 Safari/605.1", true),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 13_1 like Mac OS X) AppleWebKit/605.1.15 Version/13.0 Safari/604.1",
                false,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
                true,
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko)", true),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36",
                false,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
                false,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.84 Safari/537.36",
                true,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/66.0.3359.117 Safari/537.36",
                true,
            ),
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/67.0 Safari/537.36", false),
            (
                "Mozilla/5.0 (Linux; U; Android 8.0) AppleWebKit/537.36 UCBrowser/12.13.0.1207 Mobile Safari/537.36",
                true,
            ),
            (
                "Mozilla/5.0 (Linux; U; Android 8.0) AppleWebKit/537.36 UCBrowser/12.13.2.1208 Mobile Safari/537.36",
                false,
            ),
            ("curl/8.1", false),
            ("Chrome/", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(mistakes_same_site(text.as_bytes()), expected, "{text}");
        }
        assert!(!mistakes_same_site(b"\xff\xfe"));
    }
}
