//! Words: numbers, lists, durations and sizes as people read them.
//!
//! Invariant: a text made here is one line and holds nothing from outside but what it was given.

use std::fmt::Display;

/// `1 container`, `2 containers`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// `noun`, or its plural.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    if number == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and_list<T: Display>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.to_string(),
        [head @ .., last] => {
            let head: Vec<_> = head.iter().map(ToString::to_string).collect();
            format!("{} and {last}", head.join(", "))
        }
    }
}

/// As [`and_list`], with at most `limit` items and the number of the others.
pub(crate) fn and_list_up_to<T: Display>(items: &[T], limit: usize) -> String {
    if items.len() <= limit {
        return and_list(items);
    }
    let mut shown: Vec<_> = items[..limit].iter().map(ToString::to_string).collect();
    shown.push(format!("{} more", items.len() - limit));
    and_list(&shown)
}

/// In backquotes: something to type.
pub(crate) fn tick(text: &str) -> String {
    format!("`{text}`")
}

/// `0.4s`, `12.3s`, `2m 05s`, `1h 02m`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds}.{}s", ms % 1000 / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600.. => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `2026-11-21 14:03:22 UTC`, of seconds since 1970.
pub(crate) fn utc(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that the leap day is their last (Hinnant's civil_from_days).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `412 B`, `1.2 kB`, `34 MB`: decimal units, as registries count.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut tenths = u128::from(number) * 10;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if unit == 0 || tenths >= 100 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// `12s`, `3m`, `5h`, `9d`: how long ago, roughly.
pub(crate) fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..120 => format!("{s}s"),
        s @ 120..7200 => format!("{}m", s / 60),
        s @ 7200..172_800 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (items, expected) in [
            (&[][..], ""),
            (&["a"], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c"], "a, b and c"),
        ] {
            assert_eq!(and_list(items), expected);
        }
        assert_eq!(and_list_up_to(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(and_list_up_to(&["a", "b"], 2), "a and b");
    }

    #[test]
    fn numbers() {
        assert_eq!(count(1, "container"), "1 container");
        assert_eq!(count(0, "container"), "0 containers");
        for (ms, expected) in [
            (0, "0.0s"),
            (449, "0.4s"),
            (59_999, "59.9s"),
            (65_000, "1m 05s"),
            (3_725_000, "1h 02m"),
        ] {
            assert_eq!(duration(ms), expected);
        }
        for (number, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1200, "1.2 kB"),
            (34_567_890, "34 MB"),
            (9_999_999, "9.9 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
        for (seconds, expected) in
            [(-3, "0s"), (61, "61s"), (150, "2m"), (7300, "2h"), (200_000, "2d")]
        {
            assert_eq!(age(seconds), expected);
        }
    }
}
