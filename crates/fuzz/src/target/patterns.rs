//! The patterns by which an engine narrows what it is sent.
//!
//! Invariant: they mean what the same lines of a `.dockerignore` mean.

use windlass_engine::docker::fuzz::{query_unescaped, transfer_matches};
use windlass_image::ignore::IgnoreRules;

use crate::input::Input;

pub fn patterns(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let path = input.text();
    let text = input.rest_text();
    let lines: Vec<&str> = text.lines().collect();
    let matched = transfer_matches(&lines, &path);
    assert_eq!(matched, transfer_matches(&lines, &path));
    assert_eq!(query_unescaped(&query_escaped(&text)), text);
    let common = |byte: u8| byte.is_ascii_alphanumeric() || b"*?!/.\n".contains(&byte);
    let is_path = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !is_path
        || !path.bytes().all(|byte| byte.is_ascii_graphic())
        || !text.bytes().all(common)
        || text.contains("..")
    {
        return;
    }
    if let (Some(matched), Ok(rules)) = (matched, IgnoreRules::parse(text.as_bytes())) {
        assert_eq!(matched, rules.is_excluded(path.as_bytes()), "{lines:?} on {path:?}");
    }
}

/// As Go's `url.QueryEscape`.
fn query_escaped(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    escaped.collect()
}
