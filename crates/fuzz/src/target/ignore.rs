//! `.dockerignore` and the globs of a build context.
//!
//! Invariant: a rule means the same however its path is written, and what is pruned had nothing to keep.

use windlass_image::globs::Globs;
use windlass_image::ignore::IgnoreRules;

use crate::input::Input;

/// Asked about beside the path of the input.
const PATHS: [&[u8]; 4] = [b"a", b"a/b", b"src/main.rs", b"\xff"];

pub fn ignore(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let path = input.field();
    // Time is at most that of the path times that of the rules, which is long when both are.
    let path = &path[..path.len().min(128)];
    let text = input.rest();
    let _ = Globs::new(&[String::from_utf8_lossy(text)]);
    let rules = IgnoreRules::parse(text);
    let again = IgnoreRules::parse(&rewritten(text));
    let (rules, again) = match (rules, again) {
        (Ok(rules), Ok(again)) => (rules, again),
        (Err(one), Err(other)) => {
            assert_eq!((one.line, one.problem), (other.line, other.problem));
            return;
        }
        // The longest line is one that can't be written any longer.
        (one, other) => panic!("{one:?} but {other:?}"),
    };
    for path in PATHS.into_iter().chain([path]) {
        let verdict = rules.is_excluded(path);
        assert_eq!(verdict, again.is_excluded(path), "{:?}", String::from_utf8_lossy(path));
        let is_clean =
            path.split(|byte| *byte == b'/').all(|part| ![&b""[..], b".", b".."].contains(&part));
        if verdict && is_clean && !rules.may_readmit_beneath(path) {
            assert!(rules.is_excluded(&[path, b"/x"].concat()), "pruned, but kept beneath");
        }
    }
}

/// Every rule with `./` before its path and a carriage return after it.
fn rewritten(text: &[u8]) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*?[.".contains(&byte);
    let lines = text.split(|byte| *byte == b'\n').map(|line| match line.first() {
        Some(first) if plain(*first) && line.len() < 4096 => [b"./", line, b"\r"].concat(),
        _ => line.to_vec(),
    });
    lines.collect::<Vec<_>>().join(&b'\n')
}
