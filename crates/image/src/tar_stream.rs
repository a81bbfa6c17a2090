//! A build context as a tar stream, written while it is read.
//!
//! Invariant: the same entries give the same bytes, and a stream that could not be completed never looks complete:
//! after an error nothing more reaches the sink, not even the end-of-archive blocks.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::context::{BuildContext, ContextError, FileReader};
use crate::entry::{Entry, EntryKind};

/// How to write the stream.
#[derive(Default)]
pub struct TarOptions<'a> {
    /// Compress lightly (level 1): worth it over a network, not over a local socket.
    pub gzip: bool,
    /// Told the bytes written so far, before compression, after each piece.
    pub progress: Option<&'a mut dyn FnMut(u64)>,
}

/// The stream is incomplete, and whoever received its start must be told so (such as by aborting the request).
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    #[error("cannot read the build context")]
    Read {
        #[from]
        source: ContextError,
    },
    #[error("cannot write the tar stream")]
    Write { source: io::Error },
}

impl BuildContext {
    /// Write everything to `sink`, which gets pieces of any size; returns the bytes before compression.
    pub fn write_tar<W: Write>(&self, sink: W, options: TarOptions<'_>) -> Result<u64, TarError> {
        let mut tar = TarWriter::new(sink, options);
        for entry in self.entries() {
            tar.append(entry)?;
        }
        tar.finish()
    }
}

/// Appends entries; until [`TarWriter::finish`] the stream is incomplete.
pub(crate) struct TarWriter<'a, W: Write> {
    builder: Builder<Output<'a, W>>,
    open: Rc<Cell<bool>>,
}

impl<'a, W: Write> TarWriter<'a, W> {
    pub(crate) fn new(sink: W, options: TarOptions<'a>) -> Self {
        let open = Rc::new(Cell::new(true));
        let gate = Gate { sink, open: Rc::clone(&open) };
        let encoding = if options.gzip {
            Encoding::Gzip(Box::new(GzEncoder::new(gate, Compression::new(1))))
        } else {
            Encoding::Plain(gate)
        };
        let output = Output { encoding, written: 0, progress: options.progress };
        Self { builder: Builder::new(output), open }
    }

    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), TarError> {
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(u64::from(entry.uid));
        header.set_gid(u64::from(entry.gid));
        header.set_mtime(u64::try_from(entry.mtime_ns / 1_000_000_000).unwrap_or(0));
        header.set_size(entry.size());
        match &entry.kind {
            EntryKind::Directory => {
                header.set_entry_type(EntryType::Directory);
                self.data(entry, &mut header, &mut io::empty())
            }
            EntryKind::Symlink { target } => {
                header.set_entry_type(EntryType::Symlink);
                self.link(entry, &mut header, target)
            }
            EntryKind::File { .. } => {
                header.set_entry_type(EntryType::Regular);
                let opened = FileReader::open(entry);
                if opened.is_err() {
                    self.open.set(false);
                }
                match opened? {
                    Some(mut file) => self.data(entry, &mut header, &mut file),
                    None => Ok(()),
                }
            }
        }
    }

    /// A header of another kind, such as a device or a hard link, with no data.
    pub(crate) fn bare(&mut self, entry: &Entry, header: &mut Header) -> Result<(), TarError> {
        self.data(entry, header, &mut io::empty())
    }

    pub(crate) fn link(
        &mut self,
        entry: &Entry,
        header: &mut Header,
        target: &[u8],
    ) -> Result<(), TarError> {
        use std::os::unix::ffi::OsStrExt as _;
        let target = std::ffi::OsStr::from_bytes(target);
        let written = self.builder.append_link(header, entry.path.as_path(), target);
        self.closing(written)
    }

    fn data(
        &mut self,
        entry: &Entry,
        header: &mut Header,
        data: &mut dyn Read,
    ) -> Result<(), TarError> {
        let mut data = Marked { data, failed: false };
        let written = self.builder.append_data(header, entry.path.as_path(), &mut data);
        match written {
            Err(source) if data.failed => {
                self.open.set(false);
                Err(ContextError::reading(entry, source).into())
            }
            written => self.closing(written),
        }
    }

    fn closing(&self, written: io::Result<()>) -> Result<(), TarError> {
        written.map_err(|source| {
            self.open.set(false);
            TarError::Write { source }
        })
    }

    pub(crate) fn finish(mut self) -> Result<u64, TarError> {
        let ended = self.builder.finish();
        self.closing(ended)?;
        let output = self.builder.get_mut();
        let ended = match &mut output.encoding {
            Encoding::Plain(gate) => gate.flush(),
            Encoding::Gzip(encoder) => {
                encoder.try_finish().and_then(|()| encoder.get_mut().flush())
            }
        };
        let written = output.written;
        self.closing(ended)?;
        Ok(written)
    }
}

/// Tells a failed read from a failed write.
struct Marked<'a> {
    data: &'a mut dyn Read,
    failed: bool,
}

impl Read for Marked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buffer);
        // An interruption is tried again by whoever reads.
        self.failed = read.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        read
    }
}

/// Lets bytes through until it is closed. The encoders below write their ends when they are dropped; that must not get out.
struct Gate<W> {
    sink: W,
    open: Rc<Cell<bool>>,
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.open.get() { self.sink.write(bytes) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.open.get() { self.sink.flush() } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

enum Encoding<W: Write> {
    Plain(Gate<W>),
    Gzip(Box<GzEncoder<Gate<W>>>),
}

struct Output<'a, W: Write> {
    encoding: Encoding<W>,
    written: u64,
    progress: Option<&'a mut dyn FnMut(u64)>,
}

impl<W: Write> Write for Output<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.encoding {
            Encoding::Plain(gate) => gate.write(bytes)?,
            Encoding::Gzip(encoder) => encoder.write(bytes)?,
        };
        self.written += written as u64;
        if let Some(progress) = &mut self.progress {
            progress(self.written);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.encoding {
            Encoding::Plain(gate) => gate.flush(),
            Encoding::Gzip(encoder) => encoder.flush(),
        }
    }
}

/// A sink that hands on pieces of a good size, such as into a bounded channel. What is left goes out on `flush` only:
/// dropping it (after an error) discards.
pub struct Chunks<F> {
    send: F,
    buffer: Vec<u8>,
}

/// Large enough that a channel's cost does not show, small enough that a few in flight are little memory.
const CHUNK_LEN: usize = 256 * 1024;

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Chunks<F> {
    /// `send` may block; its error stops the stream.
    pub fn new(send: F) -> Self {
        Self { send, buffer: Vec::with_capacity(CHUNK_LEN) }
    }
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Write for Chunks<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK_LEN - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK_LEN {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_LEN));
        (self.send)(full)
    }
}
