//! Moments by an engine's clock.
//!
//! Invariant: such a moment is only ever compared with another one of the same engine.

/// Nanoseconds since the epoch of an RFC 3339 text in UTC, as engines write it.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(whole, ':')?;
    // An engine's text is not trusted to be a date: what is none must not be counted with.
    let is_date = (0..=9999).contains(&year) && (1..=12).contains(&month);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute);
    if !is_date || !is_time || !(1..=31).contains(&day) || !(0..=60).contains(&second) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    // Engines write year 1 for "never", which is no moment.
    (year >= 1970).then(|| seconds.checked_mul(1_000_000_000)?.checked_add(fraction))?
}

/// Seconds since the epoch with a fraction, as engines take moments.
pub(crate) fn text(ns: i64) -> String {
    format!("{}.{:09}", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000))
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day
/// is their last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (written, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T12:00:00.5Z", Some(1_709_208_000_500_000_000)),
            ("2026-11-21T12:28:53.123456789Z", Some(1_795_264_133_123_456_789)),
            ("0001-01-01T00:00:00Z", None),
            ("", None),
            ("yesterday", None),
            ("2024-01-01T00:00Z", None),
            ("9223372036854775807-01-01T00:00:00Z", None),
            ("2024-01-9223372036854775807T00:00:00Z", None),
            ("2024-01-01T24:00:00Z", None),
            ("2024-01-01T00:00:00.-5Z", None),
        ] {
            assert_eq!(parse(written), expected, "{written}");
        }
        assert_eq!(text(1_709_208_000_500_000_000), "1709208000.500000000");
    }
}
