//! From the text of a Dockerfile to its instructions.
//!
//! Invariant: lines are joined, skipped and counted as the builder does it (directives, comments, continuations, heredocs),
//! so that line numbers from a builder and from here mean the same place.

use super::instruction::{Announced, announced};
use super::{DockerfileError, DockerfileProblem, Heredoc, Instruction};

/// A Dockerfile as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedDockerfile {
    /// `# syntax=`: the image of another frontend.
    pub syntax: Option<String>,
    /// `# escape=`.
    pub escape: char,
    pub instructions: Vec<Instruction>,
}

impl ParsedDockerfile {
    pub fn parse(text: &str) -> Result<Self, DockerfileError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader { lines: text.lines().collect(), next: 0, escape: '\\' };
        let syntax = reader.directives()?;
        let mut instructions = Vec::new();
        while let Some(instruction) = reader.instruction()? {
            instructions.push(instruction);
        }
        Ok(Self { syntax, escape: reader.escape, instructions })
    }

    /// The instruction that a line (from 1) is part of.
    pub fn instruction_at(&self, line: usize) -> Option<&Instruction> {
        self.instructions.iter().find(|found| (found.first_line..=found.last_line).contains(&line))
    }
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    next: usize,
    escape: char,
}

impl<'a> Reader<'a> {
    /// The number of the line taken last, from 1.
    fn number(&self) -> usize {
        self.next
    }

    fn take(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next)?;
        self.next += 1;
        Some(line)
    }

    /// Read `# key=value` lines at the very top. The first other line ends them, and so does an unknown or repeated key.
    fn directives(&mut self) -> Result<Option<String>, DockerfileError> {
        let mut syntax = None;
        let mut escape = None;
        let mut check = false;
        for (index, line) in self.lines.iter().enumerate() {
            let Some((key, value)) = directive(line) else { break };
            match key.as_str() {
                "syntax" if syntax.is_none() => syntax = Some(value.to_owned()),
                "escape" if escape.is_none() => {
                    let line = index + 1;
                    let character = match value {
                        "\\" => '\\',
                        "`" => '`',
                        _ => {
                            let problem = DockerfileProblem::BadEscape;
                            return Err(DockerfileError { line, problem });
                        }
                    };
                    escape = Some(character);
                }
                "check" if !check => check = true,
                _ => break,
            }
        }
        self.escape = escape.unwrap_or('\\');
        Ok(syntax)
    }

    fn instruction(&mut self) -> Result<Option<Instruction>, DockerfileError> {
        let (line, first_line) = loop {
            let Some(line) = self.take() else { return Ok(None) };
            if is_comment(line) {
                continue;
            }
            let first_line = self.number();
            let joined = self.join(line.trim_start());
            if !joined.trim().is_empty() {
                break (joined, first_line);
            }
        };
        let mut instruction = Instruction::from_line(&line, first_line);
        if has_heredocs(&instruction) {
            for heredoc in announced(&line, self.escape) {
                instruction.heredocs.push(self.heredoc(heredoc, first_line)?);
            }
        }
        instruction.last_line = self.number();
        Ok(Some(instruction))
    }

    /// Take the lines that continue this one. Comments and empty lines between them are skipped.
    fn join(&mut self, line: &str) -> String {
        let (start, mut open) = self.without_continuation(line);
        let mut joined = start.to_owned();
        while open && let Some(line) = self.take() {
            if is_comment(line) || line.trim().is_empty() {
                continue;
            }
            let (part, goes_on) = self.without_continuation(line);
            joined.push_str(part);
            open = goes_on;
        }
        joined
    }

    /// A single escape character at the end of the line continues it; two are one that does not.
    fn without_continuation<'l>(&self, line: &'l str) -> (&'l str, bool) {
        let trimmed = line.trim_end_matches([' ', '\t']);
        match trimmed.strip_suffix(self.escape) {
            Some(rest) if !rest.ends_with(self.escape) => (rest, true),
            _ => (line, false),
        }
    }

    fn heredoc(
        &mut self,
        announced: Announced,
        first_line: usize,
    ) -> Result<Heredoc, DockerfileError> {
        let Announced { name, expands, strips_tabs } = announced;
        let mut content = String::new();
        while let Some(line) = self.take() {
            let line = if strips_tabs { line.trim_start_matches('\t') } else { line };
            if line == name {
                return Ok(Heredoc { name, content, expands });
            }
            content.push_str(line);
            content.push('\n');
        }
        let problem = DockerfileProblem::OpenHeredoc(name);
        Err(DockerfileError { line: first_line, problem })
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn has_heredocs(instruction: &Instruction) -> bool {
    let keyword = if instruction.keyword == "ONBUILD" {
        instruction.text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase()
    } else {
        instruction.keyword.clone()
    };
    matches!(keyword.as_str(), "RUN" | "COPY" | "ADD")
}

fn directive(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.strip_prefix('#')?.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric());
    (is_key && !value.is_empty()).then(|| (key.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(text: &str) -> Vec<String> {
        let parsed = ParsedDockerfile::parse(text).expect(text);
        let line =
            |i: &Instruction| format!("{}-{} {} {}", i.first_line, i.last_line, i.keyword, i.text);
        parsed.instructions.iter().map(line).collect()
    }

    #[test]
    fn instructions_are_found_with_their_lines() {
        let cases: &[(&str, &[&str])] = &[
            ("FROM a\n\n# c\nRUN b", &["1-1 FROM a", "4-4 RUN b"]),
            ("from a\r\nrun b\r\n", &["1-1 FROM a", "2-2 RUN b"]),
            ("RUN a \\\n  b \\\n# comment\n\n  c\nCMD d", &["1-5 RUN a   b   c", "6-6 CMD d"]),
            ("RUN a \\  \n b", &["1-2 RUN a  b"]),
            ("RUN a \\\\\nCMD b", &["1-1 RUN a \\\\", "2-2 CMD b"]),
            ("# escape=`\nRUN dir c:\\\nRUN a `\n b", &["2-2 RUN dir c:\\", "3-4 RUN a  b"]),
            ("\n# escape=`\nRUN a `\nCMD b", &["3-3 RUN a `", "4-4 CMD b"]),
            ("RUN <<A cat <<B\n1\nA\n# x\nB\nCMD b", &["1-5 RUN <<A cat <<B", "6-6 CMD b"]),
            ("CMD <<A\nCMD b", &["1-1 CMD <<A", "2-2 CMD b"]),
            ("\u{feff}FROM a", &["1-1 FROM a"]),
            ("RUN a \\", &["1-1 RUN a"]),
            ("  \n\t# x\n   FROM a", &["3-3 FROM a"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(summary(text), *wanted, "{text:?}");
        }
    }

    #[test]
    fn heredocs_have_content() {
        let text = "COPY <<-A <<\"B\" /x/\n\tone\n\ttwo\n\tA\n$x\nB\n";
        let parsed = ParsedDockerfile::parse(text).expect("parse");
        let [first, second] = &parsed.instructions[0].heredocs[..] else { panic!("two") };
        assert_eq!((&*first.content, first.expands), ("one\ntwo\n", true));
        assert_eq!((&*second.content, second.expands), ("$x\n", false));
        let error = ParsedDockerfile::parse("FROM a\nRUN <<E\nx").expect_err("open");
        assert_eq!(
            (error.line, error.to_string()),
            (2, "line 2: the heredoc \"E\" has no end".to_owned())
        );
    }

    #[test]
    fn directives_are_only_at_the_top() {
        let parsed =
            ParsedDockerfile::parse("# syntax = a/b:1\n#escape=`\nFROM x\n").expect("parse");
        assert_eq!((parsed.syntax.as_deref(), parsed.escape), (Some("a/b:1"), '`'));
        let late = ParsedDockerfile::parse("# a comment\n# syntax=a\nFROM x\n").expect("parse");
        assert_eq!(late.syntax, None);
        let error = ParsedDockerfile::parse("# escape=x\nFROM x\n").expect_err("bad");
        assert_eq!(error, DockerfileError { line: 1, problem: DockerfileProblem::BadEscape });
    }

    proptest! {
        #[test]
        fn never_panics_and_lines_grow(text in "(FROM|RUN|COPY|#|<<A|A|\\\\|`|\"|'|[ \t\n]|--x=|\u{fc}){0,30}") {
            if let Ok(parsed) = ParsedDockerfile::parse(&text) {
                let mut last = 0;
                for instruction in &parsed.instructions {
                    prop_assert!(instruction.first_line > last);
                    prop_assert!(instruction.last_line >= instruction.first_line);
                    last = instruction.last_line;
                }
                prop_assert!(last <= text.lines().count());
            }
        }
    }
}
