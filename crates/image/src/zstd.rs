//! Compression with zstd, piece by piece.
//!
//! Invariant: each piece is a frame of its own, so that no error of the sink meets the encoder, and nothing is written when it is
//! dropped: a stream without its end does not look whole.

use std::io::{self, Write};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// What is compressed at once, and so the memory that it takes.
const PIECE_LEN: usize = 1024 * 1024;

pub(crate) struct ZstdEncoder<W> {
    sink: W,
    piece: Vec<u8>,
}

impl<W: Write> ZstdEncoder<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, piece: Vec::new() }
    }

    /// Without it the last piece is missing.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_piece()?;
        self.sink.flush()
    }

    fn write_piece(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let frame = compress_to_vec(self.piece.as_slice(), CompressionLevel::Fastest);
        self.piece.clear();
        self.sink.write_all(&frame)
    }
}

impl<W: Write> Write for ZstdEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE_LEN - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_LEN {
            self.write_piece()?;
        }
        Ok(taken)
    }

    /// What is not a whole piece waits for the end.
    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
