//! A line to words, as a POSIX shell would split it, and back.
//!
//! Invariant: `split_words(quote(x))` is `[x]` for every `x`; nothing is expanded: `$` is a character.

use super::ScalarError;

pub fn split_words(text: &str) -> Result<Vec<String>, ScalarError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                let into = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '\'')) => break,
                        Some((_, c)) => into.push(c),
                        None => return Err(unclosed(text, at)),
                    }
                }
            }
            '"' => double_quoted(text, at, &mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, c)) => word.get_or_insert_default().push(c),
                None => {
                    return Err(ScalarError::new("a backslash ends the command")
                        .help("remove it, or write `\\\\`")
                        .range(at..text.len()));
                }
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn double_quoted(
    text: &str,
    start: usize,
    chars: &mut std::str::CharIndices<'_>,
    into: &mut String,
) -> Result<(), ScalarError> {
    loop {
        match chars.next() {
            Some((_, '"')) => return Ok(()),
            Some((_, '\\')) => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, c @ ('"' | '\\' | '$' | '`'))) => into.push(c),
                Some((_, c)) => into.extend(['\\', c]),
                None => return Err(unclosed(text, start)),
            },
            Some((_, c)) => into.push(c),
            None => return Err(unclosed(text, start)),
        }
    }
}

fn unclosed(text: &str, at: usize) -> ScalarError {
    ScalarError::new("a quote in the command is never closed")
        .help("close it, or write the command as a list: [program, argument]")
        .range(at..text.len())
}

/// A word that a POSIX shell reads as exactly this text.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        for (text, expected) in [
            ("a b  c", Some(&["a", "b", "c"][..])),
            ("", Some(&[])),
            ("a 'b c' \"d e\"", Some(&["a", "b c", "d e"])),
            (r#"a "b \" $x \n" c\ d"#, Some(&["a", r#"b " $x \n"#, "c d"])),
            ("''", Some(&[""])),
            ("a'b'\"c\"", Some(&["abc"])),
            ("a 'b", None),
            ("a \"b", None),
            ("a \\", None),
        ] {
            let wanted = expected.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(split_words(text).ok(), wanted, "{text}");
        }
        assert_eq!(split_words("sh 'x").unwrap_err().range, Some(3..5));
    }

    #[test]
    fn quoting_survives_splitting() {
        for text in ["a", "", "a b", "it's", "$HOME `x` \"y\" \\z", "\n", "é"] {
            assert_eq!(split_words(&quote(text)).unwrap(), [text], "{text:?}");
        }
    }
}
