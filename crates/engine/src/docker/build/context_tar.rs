//! A build context as a tar for the classic builder.
//!
//! Invariant: an entry that cannot be read ends the request with an error; the engine never takes
//! the start of a context for the whole.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::build::{ContextSource, Entry, EntryKind};
use crate::stream::Upload;

/// The name of the Dockerfile in the tar.
pub(super) const DOCKERFILE: &str = ".windlass.dockerfile";
/// The context is filtered already; the engine looks into this file only for whether to take the
/// file itself and the Dockerfile out of the context.
const IGNORE_FILE: &str = ".dockerignore";
const CHUNK: usize = 64 * 1024;
/// How many chunks may wait for the connection.
const WAITING: usize = 4;

/// Starts to write the tar, on a thread that may block. `sent` counts the bytes that the connection took.
pub(super) fn stream(
    context: Arc<dyn ContextSource>,
    dockerfile: String,
    gzip: bool,
    sent: Arc<AtomicU64>,
) -> Upload {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let chunks = Chunks { sender: sender.clone(), buffer: Vec::with_capacity(CHUNK), sent };
        if let Err(error) = write(&*context, &dockerfile, gzip, chunks) {
            // If nobody listens any more, the request has failed for another reason.
            let _ = sender.blocking_send(Err(error));
        }
    });
    ReceiverStream::new(receiver).boxed()
}

fn write(
    context: &dyn ContextSource,
    dockerfile: &str,
    gzip: bool,
    chunks: Chunks,
) -> io::Result<()> {
    if gzip {
        let encoder = GzEncoder::new(chunks, Compression::new(1));
        write_tar(context, dockerfile, encoder)?.finish()?.flush()
    } else {
        write_tar(context, dockerfile, chunks)?.flush()
    }
}

fn write_tar<W: Write>(context: &dyn ContextSource, dockerfile: &str, out: W) -> io::Result<W> {
    let mut tar = Builder::new(out);
    for entry in context.entries()? {
        if entry.path != IGNORE_FILE.as_bytes() && entry.path != DOCKERFILE.as_bytes() {
            append(&mut tar, context, &entry)?;
        }
    }
    let ignore = format!("{IGNORE_FILE}\n{DOCKERFILE}\n");
    for (name, text) in [(IGNORE_FILE, ignore.as_str()), (DOCKERFILE, dockerfile)] {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    tar.into_inner()
}

fn append<W: Write>(
    tar: &mut Builder<W>,
    context: &dyn ContextSource,
    entry: &Entry,
) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::ffi::OsStr::from_bytes(&entry.path);
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(u64::from(entry.uid));
    header.set_gid(u64::from(entry.gid));
    header.set_mtime(u64::try_from(entry.mtime_ns / 1_000_000_000).unwrap_or_default());
    header.set_size(0);
    match &entry.kind {
        EntryKind::Directory => {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, path, io::empty())
        }
        EntryKind::Link { target } => {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, path, std::ffi::OsStr::from_bytes(target))
        }
        EntryKind::File { size } => {
            header.set_size(*size);
            let mut exact = Exact { file: context.open(&entry.path)?, left: *size };
            tar.append_data(&mut header, path, &mut exact)
        }
    }
}

/// A file that may grow or shrink while it is read; the tar has already said how long it is.
struct Exact {
    file: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let count = self.file.read(&mut buffer[..room])?;
        if count == 0 {
            let message = "a file of the build context became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Collects bytes into chunks and waits until the connection takes them.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
    sent: Arc<AtomicU64>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        let count = chunk.len() as u64;
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.sent.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }
}
