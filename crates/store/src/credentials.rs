//! Credentials in URLs.
//!
//! Invariant: none is in a message, whoever's words it has.

/// A text with `…` in place of whom its URLs name before an `@`: a token may stand there as well as a password. Over ssh it is a user.
pub(crate) fn hidden(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("://") {
        let is_end = |c: char| matches!(c, '/' | '?' | '#' | '\'' | '"' | '`') || c.is_whitespace();
        let end = behind.find(is_end).unwrap_or(behind.len());
        let user = behind[..end].rfind('@').map_or("", |at| &behind[..at]);
        let is_secret = user.contains(':') || !before.ends_with("ssh");
        shown.extend([before, "://", if user.is_empty() || !is_secret { user } else { "…" }]);
        rest = &behind[user.len()..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_not_shown() {
        for (text, expected) in [
            ("http://TOKEN@host/a@b", "http://…@host/a@b"),
            ("https://me:p@ss@host:80: refused", "https://…@host:80: refused"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("ssh://git:pw@host/x", "ssh://…@host/x"),
            ("unable to access 'http://T@h/x': it", "unable to access 'http://…@h/x': it"),
            ("http://T@a; https://b/c@d; http://U@e", "http://…@a; https://b/c@d; http://…@e"),
            ("git@host:x, no://, x@y://", "git@host:x, no://, x@y://"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }
}
