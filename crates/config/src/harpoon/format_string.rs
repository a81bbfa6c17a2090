//! Format strings: Python's `str.format` syntax, cut into text and fields.
//!
//! Invariant: what Python refuses is refused, at the byte where it is wrong.

use std::ops::Range;

/// One part of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Field {
        name: String,
        /// `r`, `s` or `a`.
        conversion: Option<char>,
        spec: String,
        /// With its braces, in bytes of the text.
        range: Range<usize>,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct FormatError {
    pub(super) message: &'static str,
    pub(super) range: Range<usize>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Part>, FormatError> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        plain.push_str(&text[at..at + found]);
        at += found;
        let rest = &text[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push_str(&rest[..1]);
            at += 2;
            continue;
        }
        if rest.starts_with('}') {
            return Err(FormatError { message: "a `}` without its `{`", range: at..at + 1 });
        }
        let Some(length) =
            rest[1..].find(['{', '}']).filter(|end| rest.as_bytes()[end + 1] == b'}')
        else {
            return Err(FormatError { message: "a `{` without its `}`", range: at..at + 1 });
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        let range = at..at + length + 2;
        parts.push(field(&rest[1..=length], range)?);
        at += length + 2;
    }
    plain.push_str(&text[at..]);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

/// What is between the braces: `name!conversion:spec`.
fn field(inner: &str, range: Range<usize>) -> Result<Part, FormatError> {
    let end = inner.find(['!', ':']).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let (conversion, rest) = match rest.strip_prefix('!') {
        Some(after) => {
            let mut letters = after.chars();
            let letter = letters.next().filter(|letter| "rsa".contains(*letter));
            let rest = letters.as_str();
            if letter.is_none() || !(rest.is_empty() || rest.starts_with(':')) {
                return Err(FormatError { message: "after `!` stands `r`, `s` or `a`", range });
            }
            (letter, rest)
        }
        None => (None, rest),
    };
    let spec = rest.strip_prefix(':').unwrap_or("").to_owned();
    Ok(Part::Field { name: name.to_owned(), conversion, spec, range })
}

/// The parts of a text between separators that stand in no braces.
pub(super) fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            letter if letter == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn named(name: &str, conversion: Option<char>, spec: &str, range: Range<usize>) -> Part {
        Part::Field { name: name.to_owned(), conversion, spec: spec.to_owned(), range }
    }

    #[test]
    fn parts() {
        for (given, expected) in [
            ("", vec![]),
            ("plain", vec![text("plain")]),
            ("{{x}}", vec![text("{x}")]),
            (
                "{a.b}-é{c}",
                vec![named("a.b", None, "", 0..5), text("-é"), named("c", None, "", 8..11)],
            ),
            ("{H:env}", vec![named("H", None, "env", 0..7)]),
            ("{a!r:>4}", vec![named("a", Some('r'), ">4", 0..8)]),
            ("{$@}", vec![named("$@", None, "", 0..4)]),
            ("{{{a}}}", vec![text("{"), named("a", None, "", 2..5), text("}")]),
            ("{}", vec![named("", None, "", 0..2)]),
        ] {
            assert_eq!(parse(given), Ok(expected), "{given}");
        }
    }

    #[test]
    fn mistakes() {
        for (given, expected) in [
            ("{", 0..1),
            ("a{b", 1..2),
            ("a}", 1..2),
            ("{a!x}", 0..5),
            ("{a:{w}}", 0..1),
            ("{a!}", 0..4),
        ] {
            assert_eq!(parse(given).map_err(|error| error.range), Err(expected), "{given}");
        }
    }

    #[test]
    fn separators_in_braces_separate_nothing() {
        assert_eq!(split_outside("{A:from_env}:/b:ro", ':'), ["{A:from_env}", "/b", "ro"]);
        assert_eq!(split_outside("", ':'), [""]);
    }
}
