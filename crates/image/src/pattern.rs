//! One `.dockerignore` pattern: cleaned, checked, and matched against one path.
//!
//! Invariant: a pattern that was accepted answers for every path, and as moby's `patternmatcher` does.
//! The rules (Go's `filepath.Match` for the syntax, a translation to a regular expression for the meaning, three
//! shapes that need none) are that library's, odd corners included: builds must see the same files everywhere.

use crate::expression::{BadExpression, Expression, characters};

/// A pattern without its `!`.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Vec<u8>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// No special characters: the path itself.
    Exact,
    /// Ends in `**`: all that begins with what is before it.
    Prefix,
    /// Begins with `**`: all that ends with what is after it.
    Suffix,
    Expression(Expression),
}

/// The pattern is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct PatternError;

impl Pattern {
    /// `text` must be the shortest path that means the same (no `./`, `//` or `..` inside).
    pub fn new(text: &[u8]) -> Result<Self, PatternError> {
        check_syntax(text)?;
        let shape = shape(text).map_err(|BadExpression| PatternError)?;
        Ok(Self { text: text.to_vec(), shape })
    }

    /// Whether the pattern matches this very path (parents are the caller's business).
    pub fn is_match(&self, path: &[u8]) -> bool {
        match &self.shape {
            Shape::Exact => path == self.text,
            Shape::Prefix => path.starts_with(&self.text[..self.text.len() - 2]),
            Shape::Suffix => {
                let suffix = &self.text[2..];
                path.ends_with(suffix) || suffix.strip_prefix(b"/").is_some_and(|rest| path == rest)
            }
            Shape::Expression(expression) => expression.is_match(path),
        }
    }

    /// Whether some path below `directory` could match. May err towards yes.
    pub fn may_match_beneath(&self, directory: &[u8]) -> bool {
        match &self.shape {
            Shape::Exact => is_beneath(&self.text, directory),
            Shape::Prefix => may_meet_beneath(&self.text[..self.text.len() - 2], directory),
            Shape::Suffix => true,
            Shape::Expression(expression) => may_meet_beneath(expression.prefix(), directory),
        }
    }
}

/// Whether `path` is `directory/…`.
pub(crate) fn is_beneath(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty()
        || path.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Whether a text that begins with `literal` could name something below `directory`.
pub(crate) fn may_meet_beneath(literal: &[u8], directory: &[u8]) -> bool {
    directory.starts_with(literal)
        || is_beneath(literal, directory)
        || literal.strip_suffix(b"/").is_some_and(|literal| literal == directory)
}

/// Go's `filepath.Clean`: the shortest path that means the same, by text alone.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|&last| last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            part => kept.push(part),
        }
    }
    let mut cleaned = if rooted { vec![b'/'] } else { Vec::new() };
    cleaned.extend(kept.join(&b'/'));
    if cleaned.is_empty() { vec![b'.'] } else { cleaned }
}

/// Go's `filepath.Match` as a judge of syntax: classes must close and have no empty range ends, `\` must escape something.
fn check_syntax(pattern: &[u8]) -> Result<(), PatternError> {
    let mut rest = pattern;
    while !rest.is_empty() {
        let stars = rest.iter().take_while(|&&byte| byte == b'*').count();
        rest = &rest[stars..];
        let (chunk, next) = rest.split_at(chunk_len(rest));
        check_chunk(chunk)?;
        rest = next;
    }
    Ok(())
}

/// The length of what comes before the next `*` that is outside a class.
fn chunk_len(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' if at + 1 < pattern.len() => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    at
}

fn check_chunk(chunk: &[u8]) -> Result<(), PatternError> {
    let mut rest = chunk;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'[' => check_class(after)?,
            b'\\' => after.split_first().ok_or(PatternError)?.1,
            _ => after,
        };
    }
    Ok(())
}

/// Check from after a `[`; the rest after its `]`.
fn check_class(class: &[u8]) -> Result<&[u8], PatternError> {
    let mut rest = class.strip_prefix(b"^").unwrap_or(class);
    let mut ranges = 0;
    loop {
        if ranges > 0
            && let Some(after) = rest.strip_prefix(b"]")
        {
            return Ok(after);
        }
        rest = check_range_end(rest)?;
        if let Some(high) = rest.strip_prefix(b"-") {
            rest = check_range_end(high)?;
        }
        ranges += 1;
    }
}

fn check_range_end(class: &[u8]) -> Result<&[u8], PatternError> {
    if matches!(class.first(), None | Some(b'-' | b']')) {
        return Err(PatternError);
    }
    let class = class.strip_prefix(b"\\").unwrap_or(class);
    let chunk = class.utf8_chunks().next().ok_or(PatternError)?;
    let len = chunk.valid().chars().next().ok_or(PatternError)?.len_utf8();
    if len == class.len() { Err(PatternError) } else { Ok(&class[len..]) }
}

/// Find the simplest shape that means what moby's translation of the pattern means.
fn shape(text: &[u8]) -> Result<Shape, BadExpression> {
    let pattern: Vec<char> = characters(text).collect();
    let mut translated = String::new();
    let mut shape = Shape::Exact;
    let mut needs_expression = false;
    let mut at = 0;
    while let Some(&character) = pattern.get(at) {
        let first = at == 0;
        at += 1;
        match character {
            '*' if pattern.get(at) == Some(&'*') => {
                at += 1;
                at += usize::from(pattern.get(at) == Some(&'/'));
                if at < pattern.len() {
                    translated.push_str("(.*/)?");
                    needs_expression = true;
                } else if matches!(shape, Shape::Exact) && !needs_expression {
                    shape = Shape::Prefix;
                } else {
                    translated.push_str(".*");
                    needs_expression = true;
                }
                if first {
                    shape = Shape::Suffix;
                    needs_expression = false;
                }
            }
            '*' => {
                translated.push_str("[^/]*");
                needs_expression = true;
            }
            '?' => {
                translated.push_str("[^/]");
                needs_expression = true;
            }
            '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => {
                translated.extend(['\\', character]);
            }
            '\\' => {
                translated.push('\\');
                translated.extend(pattern.get(at));
                at += 1;
                needs_expression = true;
            }
            '[' | ']' => {
                translated.push(character);
                needs_expression = true;
            }
            other => translated.push(other),
        }
    }
    Ok(if needs_expression { Shape::Expression(Expression::new(&translated)?) } else { shape })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cleans_like_go() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("./src/../tmp", "tmp"),
            ("a//b/./c/", "a/b/c"),
            ("/..//a", "/a"),
            ("../../a", "../../a"),
            ("a/../..", ".."),
            ("/", "/"),
        ] {
            assert_eq!(clean(path.as_bytes()), cleaned.as_bytes(), "{path}");
        }
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for pattern in
            ["[", "[]", "[]a]", "[^]", "[a", "[a-]", "[-a]", "a\\", "a*[", "[a\\", "\\q", "[a-*]"]
        {
            assert_eq!(Pattern::new(pattern.as_bytes()).err(), Some(PatternError), "{pattern}");
        }
    }

    #[test]
    fn each_shape_matches() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("a/b", &["a/b"], &["a/b/c", "x/a/b"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "ab"]),
            ("a**", &["a", "ab", "a/b"], &["b"]),
            ("**", &["a", "a/b"], &[]),
            ("**/x", &["x", "a/x", "a/b/x"], &["ax"]),
            ("**x", &["x", "ax", "a/bx"], &["xa"]),
            ("**/*.c", &["x.c", "a/x.c"], &["x.d"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "b"]),
            ("br[[]1].txt", &["br[1].txt"], &["br1.txt"]),
            ("\\*", &["*"], &["a"]),
            ("a.b", &["a.b"], &["axb"]),
            ("a+?", &["a+b"], &["aab"]),
        ];
        for (text, matching, others) in cases {
            let pattern = Pattern::new(text.as_bytes()).expect(text);
            for path in *matching {
                assert!(pattern.is_match(path.as_bytes()), "{text} must match {path}");
            }
            for path in *others {
                assert!(!pattern.is_match(path.as_bytes()), "{text} must not match {path}");
            }
        }
    }

    /// The meaning in the plainest words: try everything. Exponential; for short texts only.
    fn slow_match(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*', b'/'] | [b'*', b'*'] => !path.contains(&b'\n'),
            [b'*', b'*', rest @ ..] => {
                let rest = rest.strip_prefix(b"/").unwrap_or(rest);
                slow_match(rest, path)
                    || (0..path.len())
                        .any(|at| path[at] == b'/' && slow_match(rest, &path[at + 1..]))
            }
            [b'*', rest @ ..] => {
                let name = path.iter().take_while(|&&byte| byte != b'/').count();
                (0..=name).any(|skipped| slow_match(rest, &path[skipped..]))
            }
            [b'?', rest @ ..] => path
                .split_first()
                .is_some_and(|(&byte, after)| byte != b'/' && slow_match(rest, after)),
            [b'[', b'^', excluded, b']', rest @ ..] => path
                .split_first()
                .is_some_and(|(byte, after)| byte != excluded && slow_match(rest, after)),
            [b'[', first, second, b']', rest @ ..] => {
                path.split_first().is_some_and(|(byte, after)| {
                    (byte == first || byte == second) && slow_match(rest, after)
                })
            }
            [literal, rest @ ..] => path
                .split_first()
                .is_some_and(|(byte, after)| byte == literal && slow_match(rest, after)),
        }
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", ".", "/", "*", "**", "**/", "?", "[ab]", "[^a]"])
    }

    proptest! {
        #[test]
        fn agrees_with_the_slow_oracle(
            pieces in prop::collection::vec(piece(), 1..7),
            path in "[ab.]{1,3}(/[ab.]{1,3}){0,3}",
        ) {
            let text = clean(pieces.concat().as_bytes());
            // A leading `**` makes two shapes looser than the words above: `**x` is any path that ends in x.
            prop_assume!(!text.starts_with(b"**") || text.starts_with(b"**/"));
            prop_assume!(!text.windows(3).any(|three| three == b"***"));
            let pattern = Pattern::new(&text).expect("well formed");
            prop_assert_eq!(pattern.is_match(path.as_bytes()), slow_match(&text, path.as_bytes()));
        }

        #[test]
        fn a_match_beneath_is_always_announced(
            pieces in prop::collection::vec(piece(), 1..7),
            directory in "[ab.]{1,2}(/[ab.]{1,2}){0,2}",
            name in "[ab.]{1,2}",
        ) {
            let pattern = Pattern::new(&clean(pieces.concat().as_bytes())).expect("well formed");
            let path = format!("{directory}/{name}");
            if pattern.is_match(path.as_bytes()) {
                prop_assert!(pattern.may_match_beneath(directory.as_bytes()));
            }
        }

        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..20), path in prop::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.is_match(&path);
                pattern.may_match_beneath(&path);
            }
        }
    }
}
