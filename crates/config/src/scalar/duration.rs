//! Durations: `1m30s`, `500ms`, `1.5h`; a bare number is seconds.
//!
//! Invariant: the whole text is understood or refused; nothing after a number is ever ignored.

use std::time::Duration;

use super::ScalarError;

const UNITS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86400.0),
];
const HELP: &str = "write \"10s\", \"1m30s\", \"500ms\" or \"1.5h\"";
/// A hundred years: more is a mistake, and it fits every unit in which engines count.
const LONGEST_S: f64 = 3.2e9;

pub fn duration(text: &str) -> Result<Duration, ScalarError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(ScalarError::new("a duration is missing").help(HELP));
    }
    let mut total = 0.0;
    let mut rest = trimmed;
    let mut first = true;
    while !rest.is_empty() {
        let (number, after) =
            leading_number(rest).ok_or_else(|| bad(text, rest, "expected a number"))?;
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let unit = after[..length].trim();
        let factor = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, factor)) => *factor,
            None if unit.is_empty() && first && after.is_empty() => 1.0,
            None if unit.is_empty() => return Err(bad(text, rest, "expected a unit")),
            None => return Err(bad(text, &after[..length], "unknown unit")),
        };
        total += number * factor;
        rest = &after[length..];
        first = false;
    }
    if total > LONGEST_S {
        return Err(ScalarError::new(format!(
            "the duration \"{trimmed}\" is over a hundred years"
        )));
    }
    Ok(Duration::from_secs_f64(total))
}

pub fn duration_ns(text: &str) -> Result<u64, ScalarError> {
    duration(text).map(|value| u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
}

pub fn duration_ms(text: &str) -> Result<u64, ScalarError> {
    duration(text).map(|value| u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
}

/// A time of a health check: engines take 0, which is their default, and nothing else below a millisecond.
pub fn health_duration_ns(text: &str) -> Result<u64, ScalarError> {
    let value = duration_ns(text)?;
    if (1..1_000_000).contains(&value) {
        let message = format!("\"{}\" is less than a millisecond", crate::yaml::shorten(text));
        return Err(ScalarError::new(message)
            .help("an engine takes 1ms and more, and 0 for its own default"));
    }
    Ok(value)
}

/// As [`health_duration_ns`], where a bare number is nanoseconds, as docker-map handed it to the engine.
pub fn bare_health_duration_ns(text: &str) -> Result<u64, ScalarError> {
    let trimmed = text.trim();
    let is_number = trimmed.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match trimmed.parse::<f64>().ok().filter(|_| is_number) {
        Some(number) => health_duration_ns(&format!("{number}ns")).map_err(|error| {
            error.help("a bare number is nanoseconds in a map of docker-map: write \"10s\"")
        }),
        None => health_duration_ns(text),
    }
}

/// Whole seconds, rounded up, because engines count no finer here.
pub fn duration_s(text: &str) -> Result<u32, ScalarError> {
    let value = duration(text)?;
    let seconds = value.as_secs() + u64::from(value.subsec_nanos() > 0);
    u32::try_from(seconds).map_err(|_| ScalarError::new("the duration is too long"))
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text[..length].parse().ok()?;
    Some((number, &text[length..]))
}

fn bad(whole: &str, part: &str, message: &str) -> ScalarError {
    let shown = crate::yaml::shorten(part);
    ScalarError::new(format!("{message} at \"{shown}\" in the duration \"{}\"", whole.trim()))
        .help(HELP)
        .range(super::range_of(whole, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (text, expected) in [
            ("10", Some(10_000_000_000)),
            ("0", Some(0)),
            ("1m30s", Some(90_000_000_000)),
            ("500ms", Some(500_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("2h", Some(7_200_000_000_000)),
            ("1000 ms", Some(1_000_000_000)),
            ("10us", Some(10_000)),
            ("10µs", Some(10_000)),
            ("1d", Some(86_400_000_000_000)),
            ("", None),
            ("s", None),
            ("1x", None),
            ("1s5", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("1e9s", None),
            ("99999999999", None),
        ] {
            assert_eq!(duration_ns(text).ok(), expected, "{text}");
        }
        for (text, expected) in [
            ("90000000000", Some(90_000_000_000)),
            (" 5e9 ", Some(5_000_000_000)),
            ("0", Some(0)),
            ("1m30s", Some(90_000_000_000)),
            ("90", None),
            ("inf", None),
            ("-1", None),
            ("1e300", None),
        ] {
            assert_eq!(bare_health_duration_ns(text).ok(), expected, "{text}");
        }
        assert_eq!(duration_s("1.2s"), Ok(2));
        assert_eq!(duration_ms("1m"), Ok(60_000));
        let error = duration("1m30x").unwrap_err();
        assert_eq!(error.range, Some(4..5));
        assert_eq!(error.message, "unknown unit at \"x\" in the duration \"1m30x\"");
    }
}
