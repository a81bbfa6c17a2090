//! Style: colours by what they mean, and texts cut to a width.
//!
//! Invariant: without colour a painted text is the text itself.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a piece of text is, not how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Create,
    Change,
    Recreate,
    Remove,
    Consent,
    Unchanged,
    Error,
    Warning,
    Hint,
    Strong,
    Faint,
}

/// How a stream is written to: with or without colours, and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub colour: bool,
    /// Columns; `None` where nothing needs to be cut.
    pub width: Option<usize>,
}

#[cfg(test)]
impl Style {
    pub(crate) const PLAIN: Self = Self { colour: false, width: None };
}

impl Style {
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", code(role))
        } else {
            text.to_owned()
        }
    }

    /// The text, cut so that it and `taken` columns fit.
    pub(crate) fn fit(self, text: &str, taken: usize) -> String {
        match self.width {
            Some(width) => cut(text, width.saturating_sub(taken).max(8)),
            None => text.to_owned(),
        }
    }
}

fn code(role: Role) -> &'static str {
    match role {
        Role::Create => "32",
        Role::Change => "33",
        Role::Recreate => "35",
        Role::Remove => "31",
        Role::Consent | Role::Error => "1;31",
        Role::Warning => "1;33",
        Role::Hint => "36",
        Role::Strong => "1",
        Role::Unchanged | Role::Faint => "2",
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns` columns; `…` where something is left out.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// The text, filled with spaces to `columns` columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_counts_columns() {
        for (text, columns, expected) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
        ] {
            assert_eq!(cut(text, columns), expected);
            assert!(width(&cut(text, columns)) <= columns);
        }
        assert_eq!(pad("日", 4), "日  ");
    }

    #[test]
    fn paint() {
        assert_eq!(Style::PLAIN.paint(Role::Error, "x"), "x");
        let coloured = Style { colour: true, width: None };
        assert_eq!(coloured.paint(Role::Create, "x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(coloured.paint(Role::Create, ""), "");
    }
}
