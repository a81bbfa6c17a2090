//! What an engine sends, read by a thread of its own while it comes.
//!
//! Invariant: a stream that breaks is told to the reader, so that nothing half is taken for whole.

use bytes::Bytes;
use futures_util::StreamExt as _;
use std::io::{self, Read};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};
use windlass_engine::EngineError;
use windlass_engine::stream::EngineStream;

/// So many pieces may be under way.
const PIECES: usize = 4;

/// Why nothing came of it.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The stream broke.
    Engine(EngineError),
    /// What came could not be read, or not be kept.
    Local(io::Error),
}

/// What `read` makes of a stream. It may end before the stream does.
pub(crate) async fn download<T: Send + 'static>(
    mut pieces: EngineStream<Bytes>,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
) -> Result<T, Broken> {
    let (sender, receiver) = channel(PIECES);
    let mut incoming = Incoming { pieces: receiver, piece: Bytes::new() };
    let reading = tokio::task::spawn_blocking(move || read(&mut incoming));
    let mut broken = None;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| broken.insert(error).to_string());
        let is_broken = piece.is_err();
        if sender.send(piece.map_err(io::Error::other)).await.is_err() || is_broken {
            break;
        }
    }
    drop(sender);
    let done = reading.await.expect("invariant: reading does not panic");
    match broken {
        Some(error) => Err(Broken::Engine(error)),
        None => done.map_err(Broken::Local),
    }
}

/// A stream for a thread that may wait; it breaks off as the stream does.
pub(crate) struct Blocking {
    runtime: Handle,
    pieces: EngineStream<Bytes>,
    piece: Bytes,
}

impl Blocking {
    /// For a thread that the runtime has for waiting.
    pub(crate) fn new(pieces: EngineStream<Bytes>) -> Self {
        Self { runtime: Handle::current(), pieces, piece: Bytes::new() }
    }
}

impl Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        Ok(take(&mut self.piece, buffer))
    }
}

/// The pieces as one reader.
struct Incoming {
    pieces: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        Ok(take(&mut self.piece, buffer))
    }
}

fn take(piece: &mut Bytes, buffer: &mut [u8]) -> usize {
    let length = buffer.len().min(piece.len());
    buffer[..length].copy_from_slice(&piece.split_to(length));
    length
}
