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
