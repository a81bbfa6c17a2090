//! What `image` prepares, as `engine` sends it.
//!
//! Invariant: files are read while they are sent; none is held in memory whole.

use bytes::Bytes;
use futures_util::stream;
use std::io::{Error, Read, Result, Write};
use tokio::sync::mpsc;
use windlass_engine::build::{ContextSource, Entry, EntryKind};
use windlass_engine::stream::Upload;
use windlass_image::entry::{ContextPath, EntryKind as Kind};
use windlass_image::rootfs::Rootfs;
use windlass_image::source::PreparedBuild;
use windlass_image::tar_stream::TarOptions;

/// So many pieces may be under way.
const PIECES: usize = 4;
const PIECE: usize = 64 * 1024;

/// A prepared build context.
pub(super) struct PreparedContext {
    build: PreparedBuild,
    shared_key: String,
}

impl PreparedContext {
    pub(super) fn new(build: PreparedBuild, shared_key: String) -> Self {
        Self { build, shared_key }
    }

    pub(super) fn dockerfile(&self) -> &str {
        &self.build.dockerfile_text
    }
}

impl ContextSource for PreparedContext {
    fn entries(&self) -> Result<Vec<Entry>> {
        let entries = self.build.context.entries().iter().map(|entry| Entry {
            path: entry.path.as_bytes().to_vec(),
            kind: match &entry.kind {
                Kind::Directory => EntryKind::Directory,
                Kind::File { size, content: _ } => EntryKind::File { size: *size },
                Kind::Symlink { target } => EntryKind::Link { target: target.clone() },
            },
            mode: entry.mode,
            mtime_ns: entry.mtime_ns,
            uid: entry.uid,
            gid: entry.gid,
        });
        Ok(entries.collect())
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn Read + Send>> {
        let path = ContextPath::new(path).map_err(Error::other)?;
        match self.build.context.open(&path).map_err(Error::other)? {
            Some(reader) => Ok(Box::new(reader)),
            None => Err(Error::other(format!("{path} is not a file"))),
        }
    }

    fn write_tar(&self, out: &mut dyn Write) -> Result<()> {
        self.build.write_tar(out, TarOptions::default()).map(|_| ()).map_err(Error::other)
    }

    fn shared_key(&self) -> String {
        self.shared_key.clone()
    }
}

/// A root file system as a tar, written by a thread of its own.
pub(super) fn rootfs_upload(rootfs: Rootfs) -> Upload {
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { sender, buffer: Vec::with_capacity(PIECE) };
        let written = rootfs.write(&mut pieces, TarOptions::default());
        let written = written.map_err(Error::other).and_then(|_| pieces.flush());
        if let Err(error) = written {
            // The other side is gone, or hears by this that the tar is not whole.
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
