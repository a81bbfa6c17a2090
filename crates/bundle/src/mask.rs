//! Mask: takes the values of secrets out of what others say.
//!
//! Invariant: what it returns holds no value that it knows, but for those that are too short to be
//! told from other text.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What stands in place of a value.
const MASKED: &str = "(secret)";
/// Shorter ones are found everywhere.
const SHORTEST: usize = 4;

/// Values as they may show up in a line.
#[derive(Clone, Default)]
pub struct Mask(Arc<[String]>);

impl Mask {
    pub fn new<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        // What others say comes line by line.
        let values = values.into_iter();
        let pieces = values.flat_map(|value| value.lines().map(str::trim).chain([value.trim()]));
        let mut all: Vec<String> =
            pieces.filter(|piece| piece.len() >= SHORTEST).map(str::to_owned).collect();
        // One may be in another.
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all.into())
    }

    /// It knows none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text without them.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for value in self.0.iter().filter(|value| value.as_str() != MASKED) {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), MASKED));
            }
        }
        text
    }

    /// How much of the beginning of a text is masked the same, whatever comes after it: no value goes on from there.
    pub fn settled(&self, text: &[u8]) -> usize {
        let longest = self.0.first().map_or(1, String::len);
        let mut end = 0;
        while end + longest <= text.len() {
            let found = self.0.iter().find(|value| text[end..].starts_with(value.as_bytes()));
            end += found.map_or(1, String::len);
        }
        end
    }

    /// Takes them out of a text.
    pub fn apply(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_shows_nothing_either() {
        let mask = Mask::new(["hunter3", "hunter", "unt", "xxxx\nlong-one"]);
        let text = "hunter3, hunter, hhunter3xxxxxxxxlong-onlong-one, hunte";
        for length in 0..=text.len() {
            let (begin, rest) = text.split_at(mask.settled(&text.as_bytes()[..length]));
            let shown = mask.text(begin).into_owned() + &mask.text(rest);
            assert_eq!(shown, mask.text(text), "{length}");
            assert!(length - begin.len() < "xxxx\nlong-one".len(), "{length}: {begin}");
        }
        assert_eq!(Mask::default().settled(b"abc"), 3);
    }
}
