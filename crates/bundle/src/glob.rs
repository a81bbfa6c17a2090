//! Patterns of paths, as `exclude` has them.
//!
//! Invariant: one without a slash is about names at any depth, one with a slash about paths from the top.

use crate::ResourceError;
use regex_lite::Regex;

/// See the module.
pub(crate) struct Glob(Regex);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Result<Self, ResourceError> {
        let trimmed = pattern.trim_end_matches('/');
        let anchored = trimmed.trim_start_matches('/');
        let mut text = String::from(if trimmed.contains('/') { "^" } else { "^(?:.*/)?" });
        let mut rest = anchored;
        while let Some(one) = rest.chars().next() {
            let (length, part) = match one {
                '*' if rest.starts_with("**/") => (3, "(?:.*/)?".to_owned()),
                '*' if rest.starts_with("**") => (2, ".*".to_owned()),
                '*' => (1, "[^/]*".to_owned()),
                '?' => (1, "[^/]".to_owned()),
                one => (one.len_utf8(), regex_lite::escape(&one.to_string())),
            };
            text.push_str(&part);
            rest = &rest[length..];
        }
        let wrong = || ResourceError::new(format!("`{pattern}` is no pattern")).field("exclude");
        if anchored.is_empty() {
            return Err(wrong());
        }
        Regex::new(&format!("{text}$")).map(Self).map_err(|_| wrong())
    }

    /// Whether it is about a path, which has no slash at its beginning.
    pub(crate) fn is_match(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_about_names_or_about_paths() {
        for (pattern, path, expected) in [
            ("*.pyc", "a.pyc", true),
            ("*.pyc", "a/b.pyc", true),
            ("*.pyc", "a.pyco", false),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/*", "x/a/b", false),
            ("/a", "a", true),
            ("/a", "b/a", false),
            ("a/", "b/a", true),
            ("**/b", "a/x/b", true),
            ("a/**", "a/x/b", true),
            ("?", "é", true),
            ("?", "ab", false),
            ("a.b", "aXb", false),
            ("[a]", "[a]", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().is_match(path), expected, "{pattern} {path}");
        }
        assert!(Glob::new("/").is_err());
    }
}
