//! The keys that leave a program to itself: `ctrl-p,ctrl-q`, found in what is typed.
//!
//! Invariant: nothing that is typed is lost: what only began like the keys is passed on.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::trouble::{Result, Trouble};

/// As docker has them.
const USUAL: [u8; 2] = [0x10, 0x11];

/// Keys typed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetachKeys(Vec<u8>);

impl Default for DetachKeys {
    fn default() -> Self {
        Self(USUAL.to_vec())
    }
}

impl DetachKeys {
    /// Those that were asked for, else those of docker's configuration, else docker's own.
    ///
    /// # Errors
    ///
    /// If the configuration names some that are none.
    pub(crate) fn of(here: &Environment, given: Option<&Self>) -> Result<Self> {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        let named = here.variables.get("DOCKER_CONFIG").filter(|path| !path.is_empty());
        let folder = named.map(PathBuf::from).or_else(|| Some(here.home.as_ref()?.join(".docker")));
        let Some(path) = folder.map(|folder| folder.join("config.json")) else {
            return Ok(Self::default());
        };
        // What else is wrong with the file is said by who needs it.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        match config["detachKeys"].as_str().filter(|keys| !keys.is_empty()) {
            None => Ok(Self::default()),
            Some(keys) => Self::parse(keys).map_err(|why| {
                let message = format!("`detachKeys` of {}: {why}", path.display());
                Trouble::files(message, "mend it there, or say `--detach-keys ctrl-p,ctrl-q`")
            }),
        }
    }

    /// Keys between commas: a character, or `ctrl-` and a letter or one of `@ [ \ ] ^ _`.
    ///
    /// # Errors
    ///
    /// What is wrong with them, as a fragment.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        if text.is_empty() {
            return Err("no key is named: write some, such as ctrl-p,ctrl-q".to_owned());
        }
        text.split(',').map(key).collect::<std::result::Result<_, _>>().map(Self)
    }

    /// For an engine, which looks for them, too.
    pub(crate) fn for_engine(&self) -> String {
        self.0.iter().map(|byte| name(*byte)).collect::<Vec<_>>().join(",")
    }

    /// The key that is typed last.
    pub(crate) fn last(&self) -> u8 {
        self.0.last().copied().unwrap_or_default()
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|byte| name(*byte)).collect();
        names.join(" ").replace("ctrl-", "Ctrl-")
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch { keys: self.0.clone(), seen: 0 }
    }
}

fn key(text: &str) -> std::result::Result<u8, String> {
    let wrong = || {
        let help = "write a character, or ctrl- and one of a-z @ [ \\ ] ^ _";
        format!("`{text}` is no key: {help}")
    };
    if let [byte @ 0x20..=0x7e] = text.as_bytes() {
        return Ok(*byte);
    }
    let after = text.get(..5).filter(|head| head.eq_ignore_ascii_case("ctrl-")).and(text.get(5..));
    match after.map(str::as_bytes) {
        Some([byte]) if byte.is_ascii_alphabetic() || b"@[\\]^_".contains(byte) => {
            Ok(byte.to_ascii_uppercase() & 0x1f)
        }
        Some(_) | None => Err(wrong()),
    }
}

fn name(byte: u8) -> String {
    match byte {
        0x01..=0x1a => format!("ctrl-{}", char::from(byte | 0x60)),
        0x00 | 0x1b..=0x1f => format!("ctrl-{}", char::from(byte | 0x40)),
        _ => char::from(byte).to_string(),
    }
}

/// Looks for the keys in what is typed, piece by piece.
#[derive(Debug)]
pub(crate) struct Watch {
    keys: Vec<u8>,
    /// So many of them were typed last, and are held back.
    seen: usize,
}

impl Watch {
    /// What of a piece is passed on now, and whether the keys are complete; what comes after them is not looked at.
    pub(crate) fn pass(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len());
        for byte in typed {
            // What is held back may hold the beginning of another try: `a a b` in `a a a b`.
            while self.seen > 0 && self.keys[self.seen] != *byte {
                let next = self.shorter();
                passed.extend_from_slice(&self.keys[..self.seen - next]);
                self.seen = next;
            }
            if self.keys[self.seen] == *byte {
                self.seen += 1;
                if self.seen == self.keys.len() {
                    self.seen = 0;
                    return (passed, true);
                }
            } else {
                passed.push(*byte);
            }
        }
        (passed, false)
    }

    /// What is held back when there is no more to come.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.keys[..std::mem::take(&mut self.seen)].to_vec()
    }

    /// How many keys of what is held back begin the keys, if not all do.
    fn shorter(&self) -> usize {
        let held = &self.keys[..self.seen];
        (0..self.seen).rev().find(|length| held.ends_with(&self.keys[..*length])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_docker_has_them() {
        for (text, expected) in [
            ("ctrl-p,ctrl-q", Ok(&[0x10, 0x11][..])),
            ("Ctrl-A,a", Ok(&[1, b'a'])),
            ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", Ok(&[0, 27, 28, 29, 30, 31])),
            ("q", Ok(b"q")),
            ("", Err("no key")),
            ("ctrl-p,", Err("`` is no key")),
            ("ctrl-", Err("`ctrl-` is no key")),
            ("ctrl-1", Err("`ctrl-1` is no key")),
            ("strg-p", Err("`strg-p` is no key")),
            ("é", Err("`é` is no key")),
        ] {
            let keys = DetachKeys::parse(text);
            match (keys, expected) {
                (Ok(keys), Ok(expected)) => {
                    assert_eq!(keys.0, expected, "{text}");
                    assert_eq!(DetachKeys::parse(&keys.for_engine()), Ok(keys), "{text}");
                }
                (Err(said), Err(expected)) => assert!(said.starts_with(expected), "{text}: {said}"),
                (keys, _) => panic!("{text}: {keys:?}"),
            }
        }
        assert_eq!(DetachKeys::default().shown(), "Ctrl-p Ctrl-q");
    }

    #[test]
    fn what_only_began_like_the_keys_is_passed_on() {
        for (keys, pieces, passed, is_over) in [
            ("ctrl-p,ctrl-q", &["a\x10", "\x11b"][..], "a", true),
            ("ctrl-p,ctrl-q", &["\x10", "x\x10\x10\x11"], "\x10x\x10", true),
            ("ctrl-p,ctrl-q", &["\x10"], "\x10", false),
            ("a,a,b", &["aaab"], "a", true),
            ("a,b,a,c", &["ababac"], "ab", true),
            ("q", &["xyq"], "xy", true),
        ] {
            let mut watch = DetachKeys::parse(keys).unwrap().watch();
            let (mut all, mut over) = (Vec::new(), false);
            for piece in pieces {
                let (more, ended) = watch.pass(piece.as_bytes());
                all.extend(more);
                over |= ended;
            }
            all.extend(watch.rest());
            assert_eq!(
                (String::from_utf8(all).unwrap().as_str(), over),
                (passed, is_over),
                "{keys}"
            );
        }
    }
}
