//! What Python makes of values: `str`, `repr` and the format specifications of text and numbers.

use crate::yaml::{Node, Resolved, Value};

/// `str(value)` of a scalar.
pub(super) fn text(node: &Node) -> String {
    match node.as_scalar().map(crate::yaml::Scalar::resolve) {
        Some(Resolved::Null) => "None".to_owned(),
        Some(Resolved::Bool(true)) => "True".to_owned(),
        Some(Resolved::Bool(false)) => "False".to_owned(),
        Some(Resolved::Integer(value)) => value.to_string(),
        Some(Resolved::Float(_) | Resolved::LeadingZero(_) | Resolved::String(_)) => {
            node.as_scalar().map_or_else(String::new, |scalar| scalar.text.to_string())
        }
        None => repr(node),
    }
}

/// Whether Python has a number there.
pub(super) fn is_number(node: &Node) -> bool {
    let scalar = node.as_scalar().map(crate::yaml::Scalar::resolve);
    matches!(scalar, Some(Resolved::Integer(_) | Resolved::Float(_)))
}

/// `repr(value)`.
pub(super) fn repr(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => {
            if let Resolved::String(text) = scalar.resolve() {
                quoted(text)
            } else {
                text(node)
            }
        }
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(|item| repr(item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(map) => {
            let entries = map.entries().iter();
            let entries: Vec<_> = entries
                .map(|entry| format!("{}: {}", quoted(&entry.key.text), repr(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// `repr(text)`.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter == quote => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

/// Widest result; a format specification is no way to fill the memory.
const MAX_WIDTH: usize = 4096;

/// `format(value, spec)`: `[[fill]align][sign][0][width][.precision][type]`. `None`: no specification that is known.
pub(super) fn format(value: &str, is_number: bool, spec: &str) -> Option<String> {
    let mut rest: Vec<char> = spec.chars().collect();
    let (mut fill, mut align) = (' ', None);
    if rest.get(1).is_some_and(|letter| "<>^=".contains(*letter)) {
        (fill, align) = (rest[0], Some(rest[1]));
        rest.drain(..2);
    } else if rest.first().is_some_and(|letter| "<>^=".contains(*letter)) {
        align = Some(rest.remove(0));
    }
    let sign = rest.first().copied().filter(|letter| "+- ".contains(*letter) && is_number);
    if sign.is_some() {
        rest.remove(0);
    }
    if rest.first() == Some(&'0') && align.is_none() {
        (fill, align) = ('0', Some('='));
        rest.remove(0);
    }
    let width = digits(&mut rest)?;
    let mut precision = None;
    if rest.first() == Some(&'.') {
        rest.remove(0);
        precision = Some(digits(&mut rest)?);
    }
    let kind = if rest.is_empty() { None } else { Some(rest.remove(0)) };
    if !rest.is_empty() || width > MAX_WIDTH || precision.is_some_and(|digits| digits > MAX_WIDTH) {
        return None;
    }
    let mut shown = shown(value, is_number, precision, kind)?;
    if let Some(sign) = sign.filter(|sign| *sign != '-' && !shown.starts_with('-')) {
        shown.insert(0, sign);
    }
    Some(padded(&shown, fill, align.unwrap_or(if is_number { '>' } else { '<' }), width))
}

fn digits(rest: &mut Vec<char>) -> Option<usize> {
    let count = rest.iter().take_while(|letter| letter.is_ascii_digit()).count();
    let text: String = rest.drain(..count).collect();
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

fn shown(
    value: &str,
    is_number: bool,
    precision: Option<usize>,
    kind: Option<char>,
) -> Option<String> {
    if !is_number {
        let text = match precision {
            Some(most) => value.chars().take(most).collect(),
            None => value.to_owned(),
        };
        return matches!(kind, None | Some('s')).then_some(text);
    }
    let signed =
        |number: i64, digits: String| if number < 0 { format!("-{digits}") } else { digits };
    let whole = value.parse::<i64>().ok().filter(|_| precision.is_none());
    match (kind, whole) {
        (None, _) if precision.is_none() => Some(value.to_owned()),
        (Some('d' | 'n'), Some(number)) => Some(number.to_string()),
        (Some('x'), Some(number)) => Some(signed(number, format!("{:x}", number.unsigned_abs()))),
        (Some('X'), Some(number)) => Some(signed(number, format!("{:X}", number.unsigned_abs()))),
        (Some('o'), Some(number)) => Some(signed(number, format!("{:o}", number.unsigned_abs()))),
        (Some('b'), Some(number)) => Some(signed(number, format!("{:b}", number.unsigned_abs()))),
        (Some('f' | 'F'), _) => {
            Some(format!("{:.*}", precision.unwrap_or(6), value.parse::<f64>().ok()?))
        }
        _ => None,
    }
}

fn padded(text: &str, fill: char, align: char, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let some = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    match align {
        '<' => format!("{text}{}", some(missing)),
        '^' => format!("{}{text}{}", some(missing / 2), some(missing - missing / 2)),
        '=' if text.starts_with(['+', '-']) => {
            format!("{}{}{}", &text[..1], some(missing), &text[1..])
        }
        _ => format!("{}{text}", some(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications() {
        for (value, is_number, spec, expected) in [
            ("5", true, ">4", Some("   5")),
            ("5", true, "04d", Some("0005")),
            ("-5", true, "04", Some("-005")),
            ("5", true, "+", Some("+5")),
            ("255", true, "x", Some("ff")),
            ("1.5", true, ".2f", Some("1.50")),
            ("5", true, "4", Some("   5")),
            ("ab", false, "4", Some("ab  ")),
            ("ab", false, "*^6", Some("**ab**")),
            ("abc", false, ".2", Some("ab")),
            ("ab", false, "d", None),
            ("ab", false, "99999", None),
            ("5", true, "zz", None),
        ] {
            assert_eq!(format(value, is_number, spec).as_deref(), expected, "{value} {spec}");
        }
    }

    #[test]
    fn quotes() {
        for (text, expected) in [
            ("deep", "'deep'"),
            ("it's", "\"it's\""),
            ("a'\"b", "'a\\'\"b'"),
            ("a\n\\", "'a\\n\\\\'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
