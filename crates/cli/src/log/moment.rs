//! Moments: `10m`, `2026-01-31T12:00:00Z` or seconds, as engines want them.
//!
//! Invariant: a moment is seconds since 1970, with a fraction of at most nine digits.

/// Reads a moment; one that counts back starts at `now_s`. `None` where it is none.
pub(crate) fn read(text: &str, now_s: i64) -> Option<String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    if let Some(seconds) = span_s(text) {
        return Some((now_s - seconds).max(0).to_string());
    }
    date(text)
}

/// `1h30m10s` in seconds.
pub(crate) fn span_s(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(total)
}

/// RFC 3339, or a date alone; without an offset it is UTC.
fn date(text: &str) -> Option<String> {
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (time, offset_s) = offset(time)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let in_range = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = seconds - offset_s;
    if fraction.is_empty() {
        Some(seconds.to_string())
    } else {
        Some(format!("{seconds}.{fraction}"))
    }
}

/// The time without its offset, and the offset in seconds.
fn offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return Some((time, 0));
    };
    let (hours, minutes) = time[at + 1..].split_once(':')?;
    // An offset has two digits each: more would be more than can be counted.
    let part = |text: &str| text.parse::<u8>().ok().filter(|part| *part < 60).map(i64::from);
    let seconds = part(hours)? * 3600 + part(minutes)? * 60;
    Some((&time[..at], if time[at..].starts_with('-') { -seconds } else { seconds }))
}

/// Days from 1970-01-01 in the Gregorian calendar: years are counted from March, so that a leap
/// day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (text, expected) in [
            ("90", Some("90")),
            ("10m", Some("400")),
            ("1h", Some("0")),
            ("1m30s", Some("910")),
            ("1970-01-01T00:00:00Z", Some("0")),
            ("2000-02-29", Some("951782400")),
            ("2026-11-21T12:30:00Z", Some("1795264200")),
            ("2026-11-21T14:30:00.25+02:00", Some("1795264200.25")),
            ("2026-13-01", None),
            ("9223372036854775807-01-01", None),
            ("2026-01-01T00:00:00+9223372036854775807:00", None),
            ("soon", None),
            ("5x", None),
            ("", None),
        ] {
            assert_eq!(read(text, 1000).as_deref(), expected, "{text}");
        }
    }
}
