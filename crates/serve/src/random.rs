//! Words that nobody can guess.
//!
//! Invariant: all of it comes from the system's own source of randomness.

use std::fmt::Write as _;

use rustix::rand::{GetRandomFlags, getrandom};

/// So many random bytes, in hexadecimal digits.
///
/// # Panics
///
/// If the system has no randomness: nothing that has to be secret can be made then.
pub fn random_word(bytes: usize) -> String {
    let mut word = vec![0_u8; bytes];
    let mut filled = 0;
    while filled < bytes {
        match getrandom(&mut word[filled..], GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the system has no randomness: {error}"),
        }
    }
    word.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let words: std::collections::BTreeSet<String> = (0..100).map(|_| random_word(4)).collect();
        assert!(words.len() > 98 && words.iter().all(|word| word.len() == 8));
    }
}
