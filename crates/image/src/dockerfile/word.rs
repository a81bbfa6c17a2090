//! One value in a Dockerfile, quoted so that the builder reads back what was meant.
//!
//! Invariant: a quoted word is one word again when it is read, whatever is in it, or is refused.

use super::DockerfileProblem;

/// A value in which `$NAME` is replaced by the builder, or one that is taken literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// `$NAME` and `${NAME}` are variables.
    Expanding(String),
    /// A `$` is a dollar sign.
    Literal(String),
}

impl Word {
    pub fn literal(text: impl Into<String>) -> Self {
        Self::Literal(text.into())
    }

    fn text(&self) -> &str {
        match self {
            Self::Expanding(text) | Self::Literal(text) => text,
        }
    }

    /// With double quotes where they are needed, as `ENV`, `LABEL`, `ARG`, `WORKDIR` and `COPY` read it.
    pub(super) fn quoted(&self) -> Result<String, DockerfileProblem> {
        let text = self.text();
        if text.contains(['\n', '\r']) {
            return Err(DockerfileProblem::LineBreak);
        }
        let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=~^".contains(c);
        let variable = matches!(self, Self::Expanding(_));
        // `--` would be read as a flag.
        let fits = !text.is_empty() && !text.starts_with("--");
        if fits && text.chars().all(|c| plain(c) || (variable && "${}".contains(c))) {
            return Ok(text.to_owned());
        }
        let mut quoted = String::from("\"");
        for character in text.chars() {
            if matches!(character, '"' | '\\') || (character == '$' && !variable) {
                quoted.push('\\');
            }
            quoted.push(character);
        }
        quoted.push('"');
        Ok(quoted)
    }

    /// As one string of a JSON list whose words are expanded (`COPY`, `ADD`, `VOLUME`).
    pub(super) fn json(&self) -> Result<String, DockerfileProblem> {
        let text = self.text();
        if text.contains(['\n', '\r']) {
            return Err(DockerfileProblem::LineBreak);
        }
        // The list is JSON first, and then each string is a word in which quotes and backslashes count.
        let mut word = String::new();
        for character in text.chars() {
            let literal_dollar = character == '$' && matches!(self, Self::Literal(_));
            if matches!(character, '"' | '\'' | '\\') || literal_dollar {
                word.push('\\');
            }
            word.push(character);
        }
        Ok(json_string(&word))
    }
}

impl<T: Into<String>> From<T> for Word {
    fn from(text: T) -> Self {
        Self::Expanding(text.into())
    }
}

/// A JSON list of strings, as the exec form of `RUN`, `CMD` and `ENTRYPOINT`: nothing in it is expanded.
pub(crate) fn exec_form<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> String {
    let strings: Vec<String> =
        arguments.into_iter().map(|argument| json_string(argument.as_ref())).collect();
    format!("[{}]", strings.join(", "))
}

fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if control.is_control() => {
                // Every control character is below U+00A0.
                let code = u32::from(control);
                let digit = |shift: u32| char::from_digit((code >> shift) & 15, 16);
                json.push_str("\\u00");
                json.extend(digit(4).into_iter().chain(digit(0)));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_needed() {
        let cases = [
            (Word::from("/usr/bin:$PATH"), "/usr/bin:$PATH"),
            (Word::from("a b"), "\"a b\""),
            (Word::from(""), "\"\""),
            (Word::from("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\""),
            (Word::literal("5$"), "\"5\\$\""),
            (Word::from("#x"), "\"#x\""),
            (Word::from("it's"), "\"it's\""),
        ];
        for (word, quoted) in cases {
            assert_eq!(word.quoted().expect("one line"), quoted);
        }
        assert_eq!(Word::from("a\nb").quoted(), Err(DockerfileProblem::LineBreak));
        assert_eq!(Word::literal("a $b").json().expect("one line"), "\"a \\\\$b\"");
        assert_eq!(exec_form(["a\n\"b\"", "\u{7}"]), "[\"a\\n\\\"b\\\"\", \"\\u0007\"]");
    }
}
