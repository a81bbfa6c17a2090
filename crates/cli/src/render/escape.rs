//! Escape: text that others wrote, made safe for a terminal.
//!
//! Invariant: what leaves here can neither move the cursor, change the window, nor turn the
//! direction of writing; only `Colours` lets colour changes pass.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text for one line: every control character and every turn of the writing direction is shown as
/// an escape.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text, |c| !is_unsafe(c))
}

/// Text of several lines: as [`line`], but line feeds and tabs stay.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    escape(text, |c| !is_unsafe(c) || matches!(c, '\n' | '\t'))
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if keep(c) { out.push(c) } else { push_escaped(&mut out, c) }
    }
    Cow::Owned(out)
}

/// C0 and C1 controls, DEL, the characters that turn the direction of writing, and those that cannot be seen at all.
/// Joiners stay: scripts and pictures are written with them.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What stands for a character in text whose columns count: itself, or one that can be seen and does nothing.
pub(crate) fn picture(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    }
}

/// JSON whose strings have nothing in them that a terminal would obey.
pub(crate) fn json(text: String) -> String {
    if !text.chars().any(is_unsafe) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if !is_unsafe(c) || matches!(c, '\n' | '\t' | '\r') {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

/// Makes the output of a container safe for a terminal, and lets its colours pass.
///
/// Pieces may end anywhere; what is not yet decided is held until the next piece.
#[derive(Debug, Default)]
pub(crate) struct Colours {
    /// An escape sequence, or a character, that has begun.
    held: Vec<u8>,
    /// Whether a colour is on.
    coloured: bool,
}

/// Longer than any colour change; a longer "sequence" is shown as text.
const LONGEST_SEQUENCE: usize = 64;

impl Colours {
    /// The safe text of a piece of output.
    pub(crate) fn push(&mut self, piece: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let (text, rest) = complete_text(&bytes);
        let mut out = String::with_capacity(text.len());
        let mut remaining = text.as_ref();
        while let Some(c) = remaining.chars().next() {
            if c != '\u{1b}' {
                let end = remaining.find('\u{1b}').unwrap_or(remaining.len());
                push_plain(&mut out, &remaining[..end]);
                remaining = &remaining[end..];
                continue;
            }
            match colour_change(remaining) {
                Sequence::Colour(length) => {
                    let sequence = &remaining[..length];
                    self.coloured = !matches!(sequence, "\u{1b}[m" | "\u{1b}[0m" | "\u{1b}[00m");
                    out.push_str(sequence);
                    remaining = &remaining[length..];
                }
                Sequence::Unfinished => {
                    self.held = remaining.as_bytes().to_vec();
                    break;
                }
                Sequence::Other => {
                    push_escaped(&mut out, c);
                    remaining = &remaining[c.len_utf8()..];
                }
            }
        }
        self.held.extend_from_slice(rest);
        out
    }

    /// What was held back, and the end of colours: for the end of a line or of the output.
    pub(crate) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        let mut out = line(&String::from_utf8_lossy(&held)).into_owned();
        if std::mem::take(&mut self.coloured) {
            out.push_str("\u{1b}[0m");
        }
        out
    }
}

/// Text without escape sequences. A carriage return before a line feed is part of a line's end on
/// a terminal; any other would let a line be overwritten.
fn push_plain(out: &mut String, text: &str) {
    let text = text.replace("\r\n", "\n");
    out.push_str(&block(&text));
}

enum Sequence {
    /// A colour change of so many bytes.
    Colour(usize),
    /// Could become a colour change.
    Unfinished,
    Other,
}

/// What a text that begins with ESC begins with: `ESC [ (digit | ; | :)* m` is a colour change.
fn colour_change(text: &str) -> Sequence {
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match (index, byte) {
            (1, b'[') => {}
            (2.., b'0'..=b'9' | b';' | b':') if index < LONGEST_SEQUENCE => {}
            (2.., b'm') => return Sequence::Colour(index + 1),
            _ => return Sequence::Other,
        }
    }
    Sequence::Unfinished
}

/// The text of the bytes, and a last character that is not whole yet.
fn complete_text(bytes: &[u8]) -> (Cow<'_, str>, &[u8]) {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Ok(_) | Err(_) => {
            // Bytes that are no text at all come before; only the very end may be unfinished.
            let tail = (1..=3).filter_map(|n| bytes.len().checked_sub(n)).find(|start| {
                std::str::from_utf8(&bytes[*start..])
                    .is_err_and(|e| e.error_len().is_none() && e.valid_up_to() == 0)
            });
            tail.unwrap_or(bytes.len())
        }
    };
    (String::from_utf8_lossy(&bytes[..whole]), &bytes[whole..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown() {
        for (text, one_line, several) in [
            ("plain é", "plain é", "plain é"),
            ("a\nb\tc", "a\\nb\\tc", "a\nb\tc"),
            ("\u{1b}[2Jx", "\\u{1b}[2Jx", "\\u{1b}[2Jx"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("x\r", "x\\r", "x\\r"),
            (
                "a\u{200b}b\u{feff}\u{e0041}",
                "a\\u{200b}b\\u{feff}\\u{e0041}",
                "a\\u{200b}b\\u{feff}\\u{e0041}",
            ),
            ("a\u{200d}b", "a\u{200d}b", "a\u{200d}b"),
        ] {
            assert_eq!(line(text), one_line);
            assert_eq!(block(text), several);
        }
    }

    #[test]
    fn json_says_the_same_and_does_nothing() {
        let text = "{\"a\u{9b}\": \"\u{202e}\u{e0041}é\"}\n";
        let safe = json(text.to_owned());
        assert_eq!(safe, "{\"a\\u009b\": \"\\u202e\\udb40\\udc41é\"}\n");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&safe), read(text));
    }

    #[test]
    fn colours_pass_and_nothing_else_does() {
        for (pieces, expected) in [
            (&["\u{1b}[31mred\u{1b}[0m\n"][..], "\u{1b}[31mred\u{1b}[0m\n"),
            (&["\u{1b}", "[3", "1mred"], "\u{1b}[31mred\u{1b}[0m"),
            (&["\u{1b}[2J", "\u{1b}]0;title\u{7}"], "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            (&["\u{1b}["], "\\u{1b}["),
            (&["a\r\nb\rc"], "a\nb\\rc"),
        ] {
            let mut colours = Colours::default();
            let mut out: String =
                pieces.iter().map(|piece| colours.push(piece.as_bytes())).collect();
            out.push_str(&colours.finish());
            assert_eq!(out, expected, "{pieces:?}");
        }
    }

    #[test]
    fn characters_may_be_cut_and_bytes_may_be_no_text() {
        let mut colours = Colours::default();
        let mut out = colours.push(b"caf\xc3");
        out.push_str(&colours.push(b"\xa9 \xff!"));
        out.push_str(&colours.finish());
        assert_eq!(out, "café \u{fffd}!");
    }

    #[test]
    fn an_endless_sequence_is_not_held() {
        let mut colours = Colours::default();
        let long = format!("\u{1b}[{}", "1".repeat(500));
        assert_eq!(colours.push(long.as_bytes()), format!("\\u{{1b}}[{}", "1".repeat(500)));
    }
}
