//! What a plain scalar means: the core schema of YAML 1.2, and the spellings of YAML 1.1 that people still write.
//!
//! Invariant: nothing is guessed here; `yes` and `0755` keep their text, and the reader that knows which type is
//! expected decides what to say about them.

/// A scalar's value. Numbers keep their text, because a version such as `1.10` must survive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// Digits with a leading zero: octal in YAML 1.1, decimal in 1.2, so a trap.
    LeadingZero(&'a str),
    Float(f64),
    String(&'a str),
}

impl Resolved<'_> {
    /// As a message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("the boolean {value}"),
            Self::Integer(value) => format!("the number {value}"),
            Self::LeadingZero(text) => format!("the number {text}"),
            Self::Float(value) => format!("the number {value}"),
            Self::String("") => "an empty string".to_owned(),
            Self::String(text) => format!("the string \"{}\"", shorten(text)),
        }
    }
}

/// At most 40 characters of the first line.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let mut short: String = line.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Bools of YAML 1.1 that are strings in 1.2.
pub(crate) fn legacy_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => Some(true),
        "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

pub(super) fn resolve_plain(text: &str) -> Resolved<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        _ => {}
    }
    let first = text.as_bytes().first().copied().unwrap_or(b' ');
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Resolved::String(text);
    }
    integer(text).or_else(|| float(text)).unwrap_or(Resolved::String(text))
}

fn integer(text: &str) -> Option<Resolved<'_>> {
    let radix = |prefix, radix| {
        text.strip_prefix(prefix)
            .filter(|digits| !digits.starts_with(['+', '-']))
            .and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    if let Some(value) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Some(Resolved::Integer(value));
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Some(Resolved::LeadingZero(text));
    }
    text.parse().ok().map(Resolved::Integer)
}

fn float(text: &str) -> Option<Resolved<'_>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Resolved::Float(sign * f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if unsigned == text => return Some(Resolved::Float(f64::NAN)),
        _ => {}
    }
    let numeric = unsigned.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let begins = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !numeric || !begins || !unsigned.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(Resolved::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_the_core_schema() {
        for (text, expected) in [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("True", Resolved::Bool(true)),
            ("yes", Resolved::String("yes")),
            ("22:22", Resolved::String("22:22")),
            ("0", Resolved::Integer(0)),
            ("-12", Resolved::Integer(-12)),
            ("+7", Resolved::Integer(7)),
            ("0o755", Resolved::Integer(0o755)),
            ("0x1F", Resolved::Integer(31)),
            ("0o-7", Resolved::String("0o-7")),
            ("0755", Resolved::LeadingZero("0755")),
            ("1.5", Resolved::Float(1.5)),
            (".5", Resolved::Float(0.5)),
            ("1e3", Resolved::Float(1000.0)),
            ("-.inf", Resolved::Float(f64::NEG_INFINITY)),
            ("1.2.3", Resolved::String("1.2.3")),
            ("-", Resolved::String("-")),
            (".", Resolved::String(".")),
            ("127.0.0.1", Resolved::String("127.0.0.1")),
            ("10s", Resolved::String("10s")),
            ("1_000", Resolved::String("1_000")),
        ] {
            assert_eq!(resolve_plain(text), expected, "{text}");
        }
        assert!(matches!(resolve_plain("9999999999999999999"), Resolved::Float(_)));
    }
}
