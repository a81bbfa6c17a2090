//! One instruction of a Dockerfile, as it was read.
//!
//! Invariant: `first_line ..= last_line` are all of its lines: continued ones, comments between them, heredocs with their ends.

/// An instruction, its continued lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// In capitals.
    pub keyword: String,
    /// `--name=value` and `--name` before the rest.
    pub flags: Vec<Flag>,
    /// What follows the flags.
    pub text: String,
    pub heredocs: Vec<Heredoc>,
    /// From 1.
    pub first_line: usize,
    pub last_line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub name: String,
    pub value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    pub name: String,
    pub content: String,
    /// The name is not quoted, so variables in the content are replaced.
    pub expands: bool,
}

impl Instruction {
    /// The value of a flag, the last if it is repeated.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|flag| flag.name == name)?.value.as_deref()
    }

    /// Split a joined line.
    pub(super) fn from_line(line: &str, first_line: usize) -> Self {
        let line = line.trim();
        let (keyword, mut rest) =
            line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
        let mut flags = Vec::new();
        loop {
            rest = rest.trim_start();
            let Some(flag) = rest.strip_prefix("--") else { break };
            let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
            let (flag, after) = flag.split_at(end);
            rest = after;
            // `--` alone ends the flags.
            if flag.is_empty() {
                break;
            }
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            flags.push(Flag { name: name.to_owned(), value });
        }
        Self {
            keyword: keyword.to_ascii_uppercase(),
            flags,
            text: rest.trim_start().to_owned(),
            heredocs: Vec::new(),
            first_line,
            last_line: first_line,
        }
    }
}

/// A heredoc that a line announces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) name: String,
    pub(super) expands: bool,
    /// `<<-`: leading tabs go.
    pub(super) strips_tabs: bool,
}

/// The heredocs that a `RUN`, `COPY` or `ADD` line announces: words `<<NAME`, `<<-NAME`, `<<"NAME"`, `3<<NAME`.
pub(super) fn announced(line: &str, escape: char) -> Vec<Announced> {
    shell_words(line, escape).iter().filter_map(|word| announcement(word)).collect()
}

fn announcement(word: &str) -> Option<Announced> {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = word.strip_prefix("<<")?;
    let (rest, strips_tabs) = match rest.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    Some(Announced { expands: name == rest, name, strips_tabs })
}

/// Split at white space outside of quotes; the quotes stay.
fn shell_words(line: &str, escape: char) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let word = words.last_mut().expect("invariant: never empty");
        if quote.is_none() && character.is_whitespace() {
            words.push(String::new());
            continue;
        }
        word.push(character);
        if character == escape && quote != Some('\'') {
            word.extend(characters.next());
        } else if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '"' | '\'') {
            quote = Some(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heredocs_are_seen_only_as_words() {
        type Found = (&'static str, bool, bool);
        let cases: &[(&str, &[Found])] = &[
            ("RUN <<EOF", &[("EOF", true, false)]),
            ("RUN cat <<-'A' 3<<\"B\"", &[("A", false, true), ("B", false, false)]),
            ("RUN echo \"<<EOF\" a<<EOF <<<x << y", &[]),
            ("COPY <<a <<b /", &[("a", true, false), ("b", true, false)]),
        ];
        for (line, wanted) in cases {
            let found = announced(line, '\\');
            let found: Vec<_> =
                found.iter().map(|doc| (&*doc.name, doc.expands, doc.strips_tabs)).collect();
            assert_eq!(found, *wanted, "{line}");
        }
    }

    #[test]
    fn flags_come_first() {
        let read = Instruction::from_line("copy --from=a --link  --chown=1:1 x --y /", 4);
        assert_eq!((&*read.keyword, &*read.text), ("COPY", "x --y /"));
        assert_eq!(read.flag("from"), Some("a"));
        assert_eq!(read.flag("chown"), Some("1:1"));
        assert_eq!((read.flag("link"), read.flags.len()), (None, 3));
        let bare = Instruction::from_line("ONBUILD", 1);
        assert_eq!((&*bare.keyword, &*bare.text), ("ONBUILD", ""));
    }
}
