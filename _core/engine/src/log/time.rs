//! Moments as nginx writes them into logs, in UTC.

use std::io::Write;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment of the Gregorian calendar.
struct Moment {
    year: u64,
    month: usize,
    day: u64,
    second: u64,
}

impl Moment {
    fn of(unix_s: u64) -> Self {
        // The year begins in March, so that the odd day is its last.
        let days = unix_s / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: era * 400 + year + u64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: of_year - (153 * march + 2) / 5 + 1,
            second: unix_s % 86_400,
        }
    }
}

/// `28/Nov/2026:16:27:58 +0000`.
pub(super) fn local(unix_s: u64, out: &mut Vec<u8>) {
    let Moment { year, month, day, second } = Moment::of(unix_s);
    let name = MONTHS.get(month - 1).copied().unwrap_or_default();
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(out, "{day:02}/{name}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000");
}

/// `2026-11-28T16:27:58+00:00`.
pub(super) fn iso8601(unix_s: u64, out: &mut Vec<u8>) {
    let Moment { year, month, day, second } = Moment::of(unix_s);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00");
}

/// Seconds with three digits, cut off.
pub(super) fn seconds(us: u64, out: &mut Vec<u8>) {
    let _ = write!(out, "{}.{:03}", us / 1_000_000, us / 1_000 % 1_000);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(u64, &mut Vec<u8>), value: u64) -> String {
        let mut out = Vec::new();
        write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn moments_are_written_as_nginx_writes_them() {
        assert_eq!(text(local, 0), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(text(local, 951_782_399), "28/Feb/2000:23:59:59 +0000");
        assert_eq!(text(local, 951_782_400), "29/Feb/2000:00:00:00 +0000");
        assert_eq!(text(iso8601, 1_795_883_278), "2026-11-28T16:27:58+00:00");
        assert_eq!(text(seconds, 1_234_999), "1.234");
        assert_eq!(text(seconds, 999), "0.000");
    }
}
