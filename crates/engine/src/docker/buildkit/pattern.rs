//! Patterns by which the engine narrows a transfer: `*`, `?`, `[…]`, `**`, `!`, as in `.dockerignore`.
//! Invariant: matching costs at most pattern length times path length, whatever the pattern.

use std::io;

/// One pattern, anchored at the root of the build context.
pub(super) struct Pattern {
    /// `!pattern`: a match takes back what an earlier pattern matched.
    negated: bool,
    kind: Kind,
}

enum Kind {
    Exact(String),
    /// `**rest` without other wildcards: any path that ends so.
    Suffix(String),
    Glob(Vec<Token>),
}

enum Token {
    Char(char),
    /// `?`: one character of a name.
    One,
    /// `*`: any characters of one name.
    Name,
    /// `**/` inside a pattern: any number of whole directories, also none.
    Directories,
    /// `**` at the end: whatever is left.
    Rest,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        let text = text.trim();
        let (negated, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let path = clean_path(text);
        let tokens = tokens(&path).ok_or_else(|| {
            let message = format!("the engine sent the malformed pattern {path:?}");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        let literal = |tokens: &[Token]| {
            tokens.iter().map(|t| if let Token::Char(c) = t { Some(*c) } else { None }).collect()
        };
        let kind = if let Some(exact) = literal(&tokens) {
            Kind::Exact(exact)
        } else if let (Some(Token::Directories), Some(rest)) =
            (tokens.first(), literal(tokens.get(1..).unwrap_or_default()))
        {
            // `**.log` and `**/x` differ only in the slash, which the tokens do not keep.
            let slash = if path.starts_with("**/") { "/" } else { "" };
            Kind::Suffix(format!("{slash}{rest}"))
        } else {
            Kind::Glob(tokens)
        };
        Ok(Self { negated, kind })
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.kind {
            Kind::Exact(exact) => path == exact,
            Kind::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path)
            }
            Kind::Glob(tokens) => glob_matches(tokens, path),
        }
    }
}

/// Several patterns of which the last match wins.
pub(super) struct PatternSet(Vec<Pattern>);

impl PatternSet {
    pub(super) fn parse<S: AsRef<str>>(texts: &[S]) -> io::Result<Self> {
        let texts = texts.iter().map(AsRef::as_ref).filter(|text: &&str| !text.trim().is_empty());
        Ok(Self(texts.map(Pattern::parse).collect::<io::Result<_>>()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the path is matched, and the result per pattern, which its children need as `parent`:
    /// a pattern that matched a directory matches all that is in it. The root's results are all false.
    pub(super) fn matches(&self, path: &str, parent: &[bool]) -> (bool, Vec<bool>) {
        let mut matched = false;
        let mut results = vec![false; self.0.len()];
        for (index, pattern) in self.0.iter().enumerate() {
            let inherited = parent.get(index).copied().unwrap_or(false);
            // A pattern that could not change the answer is not tried, and its children do not inherit a match:
            // `a/b` then `!a` leaves `a/b` matched. This mirrors moby's own matcher.
            if !inherited && pattern.negated != matched {
                continue;
            }
            results[index] = inherited || pattern.matches(path);
            if results[index] {
                matched = !pattern.negated;
            }
        }
        (matched, results)
    }
}

/// Resolves `.`, `..` and double slashes, and makes the path relative to the root, which itself is `.`.
pub(super) fn clean_path(path: &str) -> String {
    let mut components: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()),
            name => components.push(name),
        }
    }
    if components.is_empty() { ".".to_owned() } else { components.join("/") }
}

/// None when a class is not closed or an escape has nothing to escape.
fn tokens(path: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut chars = path.chars().peekable();
    while let Some(char) = chars.next() {
        found.push(match char {
            '*' if chars.next_if_eq(&'*').is_some() => {
                let slash = chars.next_if_eq(&'/').is_some();
                if chars.peek().is_some() || slash { Token::Directories } else { Token::Rest }
            }
            '*' => Token::Name,
            '?' => Token::One,
            '\\' => Token::Char(chars.next()?),
            '[' => class(&mut chars)?,
            other => Token::Char(other),
        });
    }
    Some(found)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match chars.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { negated, ranges }),
            '\\' => chars.next()?,
            other => other,
        };
        let mut high = low;
        if chars.peek() == Some(&'-') && chars.clone().nth(1) != Some(']') {
            chars.next();
            high = match chars.next()? {
                '\\' => chars.next()?,
                other => other,
            };
        }
        ranges.push((low, high));
    }
}

/// Follows every reading of the pattern at once: `reached[i]` says that the tokens so far can end before `text[i]`.
fn glob_matches(tokens: &[Token], path: &str) -> bool {
    let text: Vec<char> = path.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        let mut alive = false;
        let mut begun = false;
        for at in 0..=text.len() {
            begun |= reached[at];
            let previous = at.checked_sub(1).map(|before| (text[before], before));
            next[at] = match (token, previous) {
                (Token::Char(char), Some((c, before))) => reached[before] && c == *char,
                (Token::One, Some((c, before))) => reached[before] && c != '/',
                (Token::Class { negated, ranges }, Some((c, before))) => {
                    let inside = ranges.iter().any(|&(low, high)| low <= c && c <= high);
                    reached[before] && inside != *negated
                }
                (Token::Name, Some((c, before))) => reached[at] || (next[before] && c != '/'),
                (Token::Directories, Some((c, _))) => reached[at] || (begun && c == '/'),
                (Token::Rest, Some(_)) => begun,
                (Token::Name | Token::Directories | Token::Rest, None) => reached[at],
                (Token::Char(_) | Token::One | Token::Class { .. }, None) => false,
            };
            alive |= next[at];
        }
        if !alive {
            return false;
        }
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let cases: [(&str, &[&str], &[&str]); 16] = [
            ("*.log", &["a.log", ".log"], &["d/a.log", "a.logs"]),
            ("**/*.log", &["a.log", "d/a.log", "d/e/a.log"], &["a.txt"]),
            ("**.log", &["a.log", "d/a.log"], &["a.logs"]),
            ("**/x", &["x", "a/x", "a/b/x"], &["ax", "x/a"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "ab/c"]),
            ("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["az", "a/bz"]),
            ("**", &["a", "a/b"], &[]),
            ("?.txt", &["a.txt", "é.txt"], &["ab.txt", "/.txt"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[^a]x", &["bx"], &["ax"]),
            ("[!1]x", &["!x", "1x"], &["2x"]),
            ("br[[]1]", &["br[1]"], &["br1]"]),
            ("./src/../tmp/", &["tmp"], &["src", "tmp/a"]),
            ("/abs", &["abs"], &["x/abs"]),
            ("a\\*b", &["a*b"], &["axb"]),
            ("a*b*c", &["abc", "axbybc"], &["ab/c", "abcd"]),
        ];
        for (text, yes, no) in cases {
            let pattern = Pattern::parse(text).unwrap();
            for path in yes {
                assert!(pattern.matches(path), "{text} must match {path}");
            }
            for path in no {
                assert!(!pattern.matches(path), "{text} must not match {path}");
            }
        }
    }

    #[test]
    fn malformed_patterns_are_errors() {
        for text in ["[a", "a\\", "[]", "x[a-"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = Pattern::parse(&"*a".repeat(40)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(200))));
    }

    #[test]
    fn the_last_match_wins() {
        /// Paths down one branch of the tree, and whether each is matched.
        type Branch = &'static [(&'static str, bool)];
        let cases: [(&[&str], Branch); 4] = [
            (&["*", "!keep"], &[("a", true), ("a/x", true)]),
            (&["*", "!keep"], &[("keep", false), ("keep/x", false)]),
            (&["a", "!a/k", "a/k/x"], &[("a", true), ("a/k", false), ("a/k/x", true)]),
            (&["a/b", "!a"], &[("a", false), ("a/b", true)]),
        ];
        for (texts, paths) in cases {
            let set = PatternSet::parse(texts).unwrap();
            let mut results = Vec::new();
            for (path, expected) in paths {
                let (matched, own) = set.matches(path, &results);
                assert_eq!(matched, *expected, "{texts:?} on {path}");
                results = own;
            }
        }
    }
}
