//! A Rust source file, taken apart as far as the rules need.
//!
//! Invariant: `code` and `comments` have the text's own lines and columns; what belongs to the other,
//! and everything inside of string literals, is blank in each.

#[derive(Debug)]
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) comments: String,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: &str) -> Self {
        let (code, comments) = split(text);
        Self { path: path.into(), text: text.into(), code, comments }
    }

    /// How many lines there are before the test module at the foot of the file.
    pub(crate) fn lines_without_tests(&self) -> usize {
        let lines: Vec<_> = self.code.lines().map(str::trim_end).collect();
        lines
            .windows(2)
            .position(|two| {
                two[0] == "#[cfg(test)]"
                    && (two[1].starts_with("mod ") || two[1].starts_with("pub(crate) mod "))
            })
            .unwrap_or(lines.len())
    }

    /// Whether the whole file is a test, or another program that only its crate's authors run.
    pub(crate) fn is_test(&self) -> bool {
        let stem = self.stem();
        self.path.split('/').any(|part| ["tests", "examples", "benches"].contains(&part))
            || stem == "tests"
            || stem.ends_with("_tests")
    }

    pub(crate) fn stem(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".rs").unwrap_or(file)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// The length of the literal or comment that begins here, and which it is.
fn part(rest: &str, after_word: bool) -> (usize, Part) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Part::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Part::Comment);
    }
    if !after_word {
        let marked = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
        if let Some(raw) = marked.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let start = rest.len() - raw.len() + hashes + 1;
                let length =
                    rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len());
                return (length, Part::Literal);
            }
        }
    }
    match rest.as_bytes()[0] {
        b'"' => (quoted(rest, b'"'), Part::Literal),
        // A lifetime has no closing quote right after its first character.
        b'\'' => {
            let mut inner = rest[1..].chars();
            let first = inner.next();
            let is_literal = first == Some('\\') || (first.is_some() && inner.next() == Some('\''));
            if is_literal { (quoted(rest, b'\''), Part::Literal) } else { (1, Part::Code) }
        }
        _ => (rest.chars().next().map_or(1, char::len_utf8), Part::Code),
    }
}

fn quoted(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let (step, change) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += change;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let blank = |text: &str| -> String {
        text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
    };
    let (mut rest, mut after_word) = (text, false);
    while !rest.is_empty() {
        let (length, kind) = part(rest, after_word);
        let (piece, tail) = rest.split_at(length.min(rest.len()));
        match kind {
            Part::Code => {
                code.push_str(piece);
                comments.push_str(&blank(piece));
            }
            Part::Comment => {
                code.push_str(&blank(piece));
                comments.push_str(piece);
            }
            Part::Literal => {
                code.push_str(&blank(piece));
                comments.push_str(&blank(piece));
            }
        }
        after_word =
            kind == Part::Code && piece.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        rest = tail;
    }
    (code, comments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_literals_are_told_apart() {
        for (text, code, comments) in [
            ("a // b", "a     ", "  // b"),
            ("a /* b /* c */ d */ e", "a                   e", "  /* b /* c */ d */  "),
            (r#"f("// no", x)"#, "f(       , x)", "             "),
            (r##"r#"a " // b"# c"##, "              c", "               "),
            (r"'\'' 'a x", "     'a x", "         "),
            ("'\"' b'x' d", "    b    d", "          "),
            (r#"br"x" y"#, "      y", "       "),
            ("for r in x", "for r in x", "          "),
        ] {
            assert_eq!(split(text), (code.into(), comments.into()), "{text}");
        }
    }

    #[test]
    fn the_test_module_at_the_foot_does_not_count() {
        let text = "//! x\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(Source::new("a.rs", text).lines_without_tests(), 3);
        assert_eq!(Source::new("a.rs", "//! x\n#[cfg(test)]\nfn a() {}").lines_without_tests(), 3);
        assert!(Source::new("crates/a/tests/it/main.rs", "").is_test());
        assert!(!Source::new("crates/testkit/src/lib.rs", "").is_test());
    }
}
