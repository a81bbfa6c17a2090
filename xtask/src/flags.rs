//! The options of a chore.
//!
//! Invariant: `finish` refuses what no chore asked for, so that a mistyped option is never ignored.

use crate::Result;

#[derive(Debug)]
pub(crate) struct Flags {
    words: Vec<String>,
}

impl Flags {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Self {
        let words = words
            .flat_map(|word| match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => vec![name.into(), value.into()],
                _ => vec![word],
            })
            .collect();
        Self { words }
    }

    /// Whether `--name` was given.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// Every value of `--name VALUE`, in order.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        while let Some(at) = self.words.iter().position(|word| word == name) {
            if at + 1 == self.words.len() {
                return Err(format!("{name} needs a value").into());
            }
            values.push(self.words.remove(at + 1));
            self.words.remove(at);
        }
        Ok(values)
    }

    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        Ok(self.values(name)?.pop())
    }

    /// The next word that is not an option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|word| !word.starts_with('-'))?;
        Some(self.words.remove(at))
    }

    pub(crate) fn finish(self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("unexpected {word:?}; see cargo xtask help").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_used_or_refused() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>().into_iter();
        let mut flags = Flags::parse(words("--check --sizes=1,2 --only a --only b dir"));
        assert!(flags.switch("--check") && !flags.switch("--check"));
        assert_eq!(flags.value("--sizes").unwrap().unwrap(), "1,2");
        assert_eq!(flags.values("--only").unwrap(), ["a", "b"]);
        assert_eq!(flags.word().unwrap(), "dir");
        flags.finish().unwrap();
        assert!(Flags::parse(words("--chekc")).finish().is_err());
        assert!(Flags::parse(words("--sizes")).value("--sizes").is_err());
    }
}
