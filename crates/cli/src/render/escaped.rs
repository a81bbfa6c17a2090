//! JSON on its way to a terminal, made safe piece by piece.
//!
//! Invariant: what is written to it comes in whole characters, as `serde_json` gives them; pieces end only there.

use std::io::{Error, ErrorKind, Result, Write};

use super::escape;

/// How much is held before it is handed on.
const PIECE_BYTES: usize = 64 << 10;

pub(crate) struct Escaped<W: Write> {
    out: W,
    held: Vec<u8>,
}

impl<W: Write> Escaped<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, held: Vec::new() }
    }
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        let text = String::from_utf8(std::mem::take(&mut self.held));
        let text = text.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        self.out.write_all(escape::json(text).as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole() {
        let value = serde_json::json!(vec!["\u{202e}ü\"x\u{9b}"; 9_000]);
        let mut out = Vec::new();
        let mut escaped = Escaped::new(&mut out);
        serde_json::to_writer(&mut escaped, &value).unwrap();
        escaped.flush().unwrap();
        assert!(out.len() > 2 * PIECE_BYTES);
        assert_eq!(String::from_utf8(out).unwrap(), escape::json(value.to_string()));
    }
}
