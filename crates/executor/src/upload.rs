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
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { sender, buffer: Vec::with_capacity(PIECE) };
        if let Err(error) = write(&mut pieces).and_then(|()| pieces.flush()) {
            // The other side is gone, or hears by this that it is not whole.
            drop(pieces.sender.blocking_send(Err(error)));
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    Box::pin(pieces)
}

/// Collects small writes into pieces.
struct Pieces {
    sender: mpsc::Sender<Result<Bytes>>,
    buffer: Vec<u8>,
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
