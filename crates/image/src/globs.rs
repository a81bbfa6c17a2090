//! The `include` and `exclude` lists of a build context.
//!
//! Invariant: these are shell globs over the whole relative path, as in Harpoon: `*` also crosses `/`, classes negate
//! with `!`, and a backslash is an ordinary character. (They are not `.dockerignore` patterns.)

use crate::expression::Expression;
use crate::pattern::may_meet_beneath;

/// A list of globs; matches what any of them matches.
#[derive(Debug, Clone, Default)]
pub struct Globs(Vec<Expression>);

/// A glob is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed glob {0:?}")]
pub struct GlobError(pub String);

impl Globs {
    pub fn new<S: AsRef<str>>(globs: &[S]) -> Result<Self, GlobError> {
        let compile = |glob: &S| {
            let written = glob.as_ref();
            let relative = written.strip_prefix("./").unwrap_or(written).trim_matches('/');
            Expression::new(&translate(relative)).map_err(|_| GlobError(written.to_owned()))
        };
        globs.iter().map(compile).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_match(&self, path: &[u8]) -> bool {
        self.0.iter().any(|glob| glob.is_match(path))
    }

    /// Whether some path below `directory` could match. May err towards yes.
    pub(crate) fn may_match_beneath(&self, directory: &[u8]) -> bool {
        self.0.iter().any(|glob| may_meet_beneath(glob.prefix(), directory))
    }
}

/// Any one character, the line feed too.
const ANY: &str = "[\\d\\D]";

fn translate(glob: &str) -> String {
    let glob: Vec<char> = glob.chars().collect();
    let mut translated = String::new();
    let mut at = 0;
    while let Some(&character) = glob.get(at) {
        at += 1;
        match character {
            '*' if translated.ends_with(&format!("{ANY}*")) => {}
            '*' => translated.extend([ANY, "*"]),
            '?' => translated.push_str(ANY),
            '[' => match class_end(&glob[at..]) {
                Some(len) => {
                    class(&glob[at..at + len], &mut translated);
                    at += len + 1;
                }
                None => translated.push_str("\\["),
            },
            other => literal(other, &mut translated),
        }
    }
    translated
}

/// The length of a class's inside; a `]` that comes first is part of it.
fn class_end(rest: &[char]) -> Option<usize> {
    let negation = usize::from(rest.first() == Some(&'!'));
    let first = negation + usize::from(rest.get(negation) == Some(&']'));
    rest.get(first..)?.iter().position(|&c| c == ']').map(|at| first + at)
}

fn class(inside: &[char], translated: &mut String) {
    translated.push('[');
    let members = match inside.split_first() {
        Some(('!', members)) => {
            translated.push('^');
            members
        }
        _ => inside,
    };
    for &member in members {
        if member == '-' {
            translated.push('-');
        } else {
            literal(member, translated);
        }
    }
    translated.push(']');
}

fn literal(character: char, translated: &mut String) {
    if character.is_ascii_punctuation() {
        translated.push('\\');
    }
    translated.push(character);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_paths() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("src/*", &["src/a", "src/sub/b.py"], &["src", "xsrc/a"]),
            ("*.py", &["a.py", "a/b.py"], &["a.pyc"]),
            ("?.c", &["a.c", "/.c"], &["ab.c"]),
            ("[!ab]", &["c"], &["a", "b"]),
            ("[]x]", &["]", "x"], &["y"]),
            ("[^a]", &["^", "a"], &["b"]),
            ("[a-c-]", &["b", "-"], &["d"]),
            ("a[", &["a["], &["a"]),
            ("a\\b", &["a\\b"], &["ab"]),
            ("./docs/", &["docs"], &["docs/a"]),
            ("a.b+(c)", &["a.b+(c)"], &["aXb+(c)"]),
            ("**", &["a", "a/b"], &[]),
        ];
        for (glob, matching, others) in cases {
            let globs = Globs::new(&[glob]).expect(glob);
            for path in *matching {
                assert!(globs.is_match(path.as_bytes()), "{glob} must match {path}");
            }
            for path in *others {
                assert!(!globs.is_match(path.as_bytes()), "{glob} must not match {path}");
            }
        }
        assert_eq!(Globs::new(&["[b-a]"]).err(), Some(GlobError("[b-a]".to_owned())));
    }
}
