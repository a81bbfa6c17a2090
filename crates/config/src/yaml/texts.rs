//! The texts of scalars and keys, each held once: most of them are said again and again.
//!
//! Invariant: what is handed out is what was given, whoever else has it.

use std::collections::HashSet;
use std::sync::Arc;

/// Longer ones are hardly ever said twice.
const LONGEST: usize = 32;

#[derive(Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST {
            return text.into();
        }
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_held_once() {
        let mut texts = Texts::default();
        let (one, other) = (texts.get("image"), texts.get("image"));
        assert!(Arc::ptr_eq(&one, &other));
        let long = "x".repeat(LONGEST + 1);
        assert_eq!((&*texts.get("images"), &*texts.get(&long)), ("images", long.as_str()));
    }
}
