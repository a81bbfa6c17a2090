//! Moments as engines write them.
//!
//! Invariant: the moment that stands for "never" is nothing.

/// RFC 3339, or empty where the engine means that it never was.
pub(super) fn moment(text: Option<String>) -> String {
    text.filter(|text| !text.starts_with("0001-01-01")).unwrap_or_default()
}

/// Seconds since the epoch of an RFC 3339 moment; zero where it is none.
pub(crate) fn epoch_s(text: &str) -> i64 {
    parse(text).unwrap_or_default()
}

fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = rest.get(..8)?;
    let mut time = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    // What is no date must not be counted with: the numbers may be as large as they like.
    let is_date = (0..=9999).contains(&year) && (1..=12).contains(&month);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute);
    if !is_date || !is_time || !(1..=31).contains(&day) || !(0..=60).contains(&second) {
        return None;
    }
    let zone = rest.get(8..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let local = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(local - offset_s(zone)?)
}

/// `Z`, `+02:00` or `-05:30`.
fn offset_s(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..6)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

/// Days since the epoch of a Gregorian date: years are counted from March, so that the leap day is
/// a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_of_year = (month + 9) % 12;
    let day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let table = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-21T12:39:09.123456789Z", 1_795_264_749),
            ("2026-11-21T13:39:09+01:00", 1_795_264_749),
            ("2026-11-21T07:09:09.5-05:30", 1_795_264_749),
            ("1969-12-31T23:59:59Z", -1),
            ("", 0),
            ("yesterday", 0),
            ("2026-11-21Tx", 0),
            ("9223372036854775807-01-01T00:00:00Z", 0),
            ("2026-11-9223372036854775807T00:00:00Z", 0),
            ("2026-13-01T00:00:00Z", 0),
        ];
        for (text, wanted) in table {
            assert_eq!(epoch_s(text), wanted, "{text}");
        }
        assert_eq!(moment(Some("0001-01-01T00:00:00Z".into())), "");
        assert_eq!(moment(Some("2026-11-21T12:39:09Z".into())), "2026-11-21T12:39:09Z");
    }
}
