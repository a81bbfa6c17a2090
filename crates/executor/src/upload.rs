//! What is written by a thread of its own while an engine takes it.
//!
//! Invariant: a writer that fails is told to the engine, so that nothing half is taken for whole.

use bytes::Bytes;
use futures_util::stream;
use std::io::{Error, Result, Write};
use tokio::sync::mpsc;
use windlass_engine::stream::Upload;

/// So many pieces may be under way.
const PIECES: usize = 4;
const PIECE: usize = 64 * 1024;

/// What `write` writes.
pub(crate) fn upload(write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static) -> Upload {
    let (mut pieces, upload) = pieces();
    tokio::task::spawn_blocking(move || {
        let written = write(&mut pieces);
        // The engine says what came of it.
        drop(pieces.end(written));
    });
    upload
}

/// Where a thread writes what an engine takes meanwhile.
pub(crate) fn pieces() -> (Pieces, Upload) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    (Pieces { sender, buffer: Vec::with_capacity(PIECE) }, Box::pin(pieces))
}

/// Collects small writes into pieces.
pub(crate) struct Pieces {
    sender: mpsc::Sender<Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Pieces {
    /// Ends what is uploaded; `written`: whether it is whole.
    pub(crate) fn end(mut self, written: Result<()>) -> Result<()> {
        let ended = written.and_then(|()| self.flush());
        if let Err(error) = &ended {
            // The other side is gone, or hears by this that it is not whole.
            let error = Error::new(error.kind(), error.to_string());
            drop(self.sender.blocking_send(Err(error)));
        }
        ended
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE)));
        let gone = |_| Error::from(std::io::ErrorKind::BrokenPipe);
        self.sender.blocking_send(Ok(piece)).map_err(gone)
    }
}
