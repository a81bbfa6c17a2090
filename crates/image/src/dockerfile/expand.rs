//! Variables in a `FROM` line.
//!
//! Invariant: only what the builder replaces is replaced: `$NAME`, `${NAME}` and the `-`, `+` and `?` forms, outside of single quotes.

use std::collections::BTreeMap;

use super::DockerfileProblem;

/// How deep a default may stand in another's default. People write one or two.
const DEPTH_LIMIT: usize = 32;
/// The longest text: each `ARG` may name the one before it twice, so that a few lines would fill the memory.
const LENGTH_LIMIT: usize = 4 * 1024;

/// Replace variables, and take quotes and escapes away.
pub(super) fn expand(
    text: &str,
    variables: &BTreeMap<String, String>,
    escape: char,
) -> Result<String, DockerfileProblem> {
    let characters: Vec<char> = text.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, depth: 0, variables, escape };
    reader.text(None)
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    depth: usize,
    variables: &'a BTreeMap<String, String>,
    escape: char,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn text(&mut self, end: Option<char>) -> Result<String, DockerfileProblem> {
        let mut expanded = String::new();
        let mut quoted = false;
        while let Some(character) = self.peek() {
            if end == Some(character) && !quoted {
                self.at += 1;
                return Ok(expanded);
            }
            self.at += 1;
            match character {
                '$' => expanded += &self.variable()?,
                '"' => quoted = !quoted,
                '\'' if !quoted => self.single_quoted(&mut expanded)?,
                _ if character == self.escape => {
                    expanded.extend(self.peek());
                    self.at += 1;
                }
                other => expanded.push(other),
            }
            if expanded.len() > LENGTH_LIMIT {
                return Err(DockerfileProblem::TooLong(LENGTH_LIMIT));
            }
        }
        if end.is_some() { Err(DockerfileProblem::MalformedVariable) } else { Ok(expanded) }
    }

    /// What stands between an operator and the brace that closes its variable.
    fn nested(&mut self) -> Result<String, DockerfileProblem> {
        if self.depth == DEPTH_LIMIT {
            return Err(DockerfileProblem::TooDeep(DEPTH_LIMIT));
        }
        self.depth += 1;
        let text = self.text(Some('}'))?;
        self.depth -= 1;
        Ok(text)
    }

    fn single_quoted(&mut self, expanded: &mut String) -> Result<(), DockerfileProblem> {
        while let Some(character) = self.peek() {
            self.at += 1;
            if character == '\'' {
                return Ok(());
            }
            expanded.push(character);
        }
        Err(DockerfileProblem::MalformedVariable)
    }

    fn variable(&mut self) -> Result<String, DockerfileProblem> {
        if self.peek() != Some('{') {
            let name = self.name();
            // A lone dollar sign is one.
            let value = self.variables.get(&name).cloned().unwrap_or_default();
            return Ok(if name.is_empty() { "$".to_owned() } else { value });
        }
        self.at += 1;
        let name = self.name();
        if name.is_empty() {
            return Err(DockerfileProblem::MalformedVariable);
        }
        let value = self.variables.get(&name).cloned();
        let mut operator = self.peek();
        self.at += 1;
        let empty_counts = operator != Some(':');
        if !empty_counts {
            operator = self.peek();
            self.at += 1;
        }
        let value = value.filter(|value| empty_counts || !value.is_empty());
        match operator {
            Some('}') if empty_counts => Ok(value.unwrap_or_default()),
            Some('-') => {
                let default = self.nested()?;
                Ok(value.unwrap_or(default))
            }
            Some('+') => {
                let instead = self.nested()?;
                Ok(if value.is_some() { instead } else { String::new() })
            }
            Some('?') => {
                let message = self.nested()?;
                value.ok_or(DockerfileProblem::RequiredVariable { name, message })
            }
            _ => Err(DockerfileProblem::MalformedVariable),
        }
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.characters[start..self.at].iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let variables = [("A", "1"), ("E", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let cases = [
            ("x:$A", "x:1"),
            ("x:${A}b", "x:1b"),
            ("$Ab", ""),
            ("${E:-d}${E-d}", "d"),
            ("${U:-d$A}", "d1"),
            ("${A:+y}${U:+y}${E+z}", "yz"),
            ("\\$A '$A' \"$A\"", "$A $A 1"),
            ("a$", "a$"),
            ("${A:?no}", "1"),
        ];
        for (text, wanted) in cases {
            assert_eq!(expand(text, &variables, '\\').expect(text), wanted, "{text}");
        }
        for text in ["${", "${A", "${A:", "${A:}", "${}", "${A!}", "'a", "${U:-x"] {
            assert_eq!(
                expand(text, &variables, '\\'),
                Err(DockerfileProblem::MalformedVariable),
                "{text}"
            );
        }
        let nested = |depth: usize| format!("{}x{}", "${U:-".repeat(depth), "}".repeat(depth));
        assert_eq!(expand(&nested(DEPTH_LIMIT), &variables, '\\').expect("not too deep"), "x");
        for depth in [DEPTH_LIMIT + 1, 200_000] {
            let problem = expand(&nested(depth), &variables, '\\');
            assert_eq!(problem, Err(DockerfileProblem::TooDeep(DEPTH_LIMIT)));
        }
        let required = expand("${U:?set it}", &variables, '\\').expect_err("required");
        assert_eq!(required.to_string(), "U: set it");
    }
}
