//! The bytes of one run, taken apart.
//!
//! Invariant: every input can be taken apart; one that is too short gives zeros and empty texts.

/// What is left of the bytes.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A number below `end`, from the first byte.
    pub(crate) fn choice(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % end.max(1)
    }

    /// What comes before the next zero byte.
    pub(crate) fn field(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (field, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        field
    }

    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.field()).into_owned()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn rest_text(self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }
}

/// The bytes in pieces whose lengths follow from the bytes: an input says by itself where it is cut.
pub(crate) fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (piece, after) = rest.split_at((1 + usize::from(*first) % 23).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
