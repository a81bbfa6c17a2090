//! Text on its way to a terminal.
//!
//! Invariant: it holds nothing that a terminal obeys, but for colours where they may pass.

use crate::input::pieces;
use crate::render::escape::{self, Colours};

pub fn escape(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    check(&escape::line(&text), &[]);
    check(&escape::block(&text), &['\n', '\t']);
    check(&text.chars().map(escape::picture).collect::<String>(), &['\n', '\t']);
    assert_eq!(escape::line(&escape::line(&text)), escape::line(&text), "once is enough");

    let json = serde_json::to_string(&text).expect("a text is JSON");
    let safe = escape::json(json);
    check(&safe, &[]);
    assert_eq!(serde_json::from_str::<String>(&safe).expect("still JSON"), text);

    let mut colours = Colours::default();
    let mut shown: String = pieces(bytes).into_iter().map(|piece| colours.push(piece)).collect();
    shown += &colours.finish();
    check(&without_colours(&shown), &['\n', '\t']);
    assert!(shown.len() <= 16 + 12 * bytes.len());
}

fn check(text: &str, kept: &[char]) {
    for c in text.chars().filter(|c| !kept.contains(c)) {
        assert!(!c.is_control(), "{text:?}");
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c);
        assert!(!turns, "{text:?}");
    }
}

/// Takes out `ESC [ (digit | ; | :)* m`, and nothing else.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.strip_prefix('[').expect("an escape begins a colour");
        let end = rest.find('m').expect("a colour has an end");
        let middle = &rest[..end];
        assert!(middle.chars().all(|c| c.is_ascii_digit() || ";:".contains(c)), "{text:?}");
        out += &rest[end + 1..];
    }
    out
}
