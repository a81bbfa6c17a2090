//! `.dockerignore`: which paths of a directory stay out of the build context.
//!
//! Invariant: rules are asked top-down, each path with its parent's results; a path's own verdict means nothing without them.
//! (The last matching rule wins, but a `!` rule is only looked at while the path is excluded, and a parent's match counts as
//! one's own. So `a/b` then `!a` keeps `a/b` out: `!a` was passed over when `a` was not excluded.)

use crate::pattern::{Pattern, clean};

/// The rules of one `.dockerignore`, in order.
#[derive(Debug, Clone, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: Pattern,
    /// `!`: matching paths are let in again.
    exception: bool,
}

/// Which rules matched a directory; its children start from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches(Vec<bool>);

/// A line of the ignore file is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}: {pattern:?}")]
pub struct IgnoreError {
    /// From 1.
    pub line: usize,
    /// The pattern as written.
    pub pattern: String,
    pub problem: IgnoreProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreProblem {
    #[error("syntax error in pattern")]
    Syntax,
    #[error("an exception needs a pattern after the \"!\"")]
    EmptyException,
    #[error("the line is longer than 65,535 bytes")]
    LineTooLong,
}

/// Go's line scanner gives up on longer lines, and so does every builder.
const LINE_LIMIT: usize = 64 * 1024;

impl IgnoreRules {
    /// Read the text of a `.dockerignore`.
    pub fn parse(text: &[u8]) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let error = |problem| IgnoreError {
                line: index + 1,
                pattern: String::from_utf8_lossy(line).chars().take(200).collect(),
                problem,
            };
            if line.len() >= LINE_LIMIT {
                return Err(error(IgnoreProblem::LineTooLong));
            }
            rules.extend(Rule::parse(line).map_err(error)?);
        }
        Ok(Self { rules })
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether `path` (relative, `/` between names) is excluded, and the results to hand to its children.
    /// `parent` is the parent directory's result; the default for what lies at the top.
    pub fn check(&self, path: &[u8], parent: &Matches) -> (bool, Matches) {
        let mut excluded = false;
        let mut results = Matches(vec![false; self.rules.len()]);
        for (index, rule) in self.rules.iter().enumerate() {
            let inherited = parent.0.get(index).copied().unwrap_or(false);
            let matched = inherited || (rule.exception == excluded && rule.pattern.is_match(path));
            results.0[index] = matched;
            if matched {
                excluded = !rule.exception;
            }
        }
        (excluded, results)
    }

    /// Whether anything below an excluded directory could be let in again. If not, it need not be walked.
    pub fn may_readmit_beneath(&self, directory: &[u8]) -> bool {
        self.rules.iter().any(|rule| rule.exception && rule.pattern.may_match_beneath(directory))
    }

    /// The verdict on one path, its parents asked first.
    pub fn is_excluded(&self, path: &[u8]) -> bool {
        let mut matches = Matches::default();
        let ends = path.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(at, _)| at);
        for end in ends {
            matches = self.check(&path[..end], &matches).1;
        }
        self.check(path, &matches).0
    }
}

impl Rule {
    fn parse(line: &[u8]) -> Result<Option<Self>, IgnoreProblem> {
        let trimmed = trim(line);
        if line.first() == Some(&b'#') || trimmed.is_empty() {
            return Ok(None);
        }
        let (exception, pattern) = match trimmed.strip_prefix(b"!") {
            Some(pattern) => (true, trim(pattern)),
            None => (false, trimmed),
        };
        if pattern.is_empty() {
            return Err(IgnoreProblem::EmptyException);
        }
        let cleaned = clean(pattern);
        let relative = match cleaned.strip_prefix(b"/") {
            Some(rest) if !rest.is_empty() => rest,
            _ => &cleaned,
        };
        // Whoever reads the lines hands them on as text, `!` in place, and the matcher reads that once more: so `/!a`
        // is an exception too, and `!/` an empty one.
        let mark: &[u8] = if exception { b"!" } else { b"" };
        let read_again = clean(trim(&[mark, relative].concat()));
        let (exception, relative) = match read_again.strip_prefix(b"!") {
            Some(b"") => return Err(IgnoreProblem::EmptyException),
            Some(relative) => (true, relative),
            None => (false, &*read_again),
        };
        let pattern = Pattern::new(relative).map_err(|_| IgnoreProblem::Syntax)?;
        Ok(Some(Self { pattern, exception }))
    }
}

fn trim(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bad_line_is_named() {
        let cases: &[(&[u8], usize, IgnoreProblem)] = &[
            (b"a\n[]a]\n", 2, IgnoreProblem::Syntax),
            (b"a\n\n!\n", 3, IgnoreProblem::EmptyException),
            (b"!/\n", 1, IgnoreProblem::EmptyException),
            (b"/!\n", 1, IgnoreProblem::EmptyException),
            (b"# [\n  ! \n", 2, IgnoreProblem::EmptyException),
            (b"a\\", 1, IgnoreProblem::Syntax),
        ];
        for (text, line, problem) in cases {
            let error = IgnoreRules::parse(text).expect_err("malformed");
            assert_eq!((error.line, error.problem), (*line, *problem), "{text:?}");
        }
        let long = vec![b'a'; LINE_LIMIT];
        let error = IgnoreRules::parse(&long).expect_err("too long");
        assert_eq!(error.problem, IgnoreProblem::LineTooLong);
        assert!(error.to_string().len() < 300, "the line is cut in the message");
    }

    #[test]
    fn directories_are_pruned_only_when_nothing_beneath_can_return() {
        let cases = [
            ("a\n", "a", false),
            ("a\n!a/keep\n", "a", true),
            ("a\n!b/keep\n", "a", false),
            ("a\n!**/keep\n", "a", true),
            ("a\n!a\n", "a", false),
            ("a/b\n!a/*/keep\n", "a/b", true),
            ("a/b\n!c/*/keep\n", "a/b", false),
            ("*\n!node/**\n", "node", true),
            ("*\n!node/**\n", "nodes", false),
        ];
        for (text, directory, wanted) in cases {
            let rules = IgnoreRules::parse(text.as_bytes()).expect(text);
            assert_eq!(rules.may_readmit_beneath(directory.as_bytes()), wanted, "{text:?}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_match_as_bytes() {
        let rules = IgnoreRules::parse(b"\xff.txt\n*.\xfe\n").expect("bytes");
        assert!(rules.is_excluded(b"\xff.txt"));
        assert!(!rules.is_excluded(b"\xfe.txt"));
        assert!(rules.is_excluded(b"a.\xfd"), "in an expression every broken byte is U+FFFD");
    }

    proptest! {
        #[test]
        fn what_is_pruned_had_nothing_to_keep(
            lines in prop::collection::vec("!?(a|b|\\*|\\*\\*|\\?|/){1,5}", 1..6),
            directory in "[ab](/[ab]){0,2}",
            below in "[ab]{1,2}(/[ab]){0,2}",
        ) {
            let rules = match IgnoreRules::parse(lines.join("\n").as_bytes()) {
                Ok(rules) => rules,
                Err(error) => {
                    prop_assert_eq!(error.problem, IgnoreProblem::EmptyException);
                    return Ok(());
                }
            };
            let directory = directory.as_bytes();
            if rules.is_excluded(directory) && !rules.may_readmit_beneath(directory) {
                let path = [directory, b"/", below.as_bytes()].concat();
                prop_assert!(rules.is_excluded(&path));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(rules) = IgnoreRules::parse(&text) {
                rules.is_excluded(b"a/b");
            }
        }
    }
}
