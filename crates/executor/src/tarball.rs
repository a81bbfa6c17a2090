//! Small tars, made in memory.
//!
//! Invariant: an entry holds exactly what it is given: no user, group, time or file of this machine.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::io::{Read, Write};
use windlass_engine::stream::Upload;

/// What an entry is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A tar under way.
pub(crate) struct Tarball<W: Write = Vec<u8>>(tar::Builder<W>);

impl Tarball {
    pub(crate) fn new() -> Self {
        Self::to(Vec::new())
    }

    pub(crate) fn finish(self) -> std::io::Result<Bytes> {
        self.0.into_inner().map(Bytes::from)
    }
}

impl<W: Write> Tarball<W> {
    pub(crate) fn to(out: W) -> Self {
        Self(tar::Builder::new(out))
    }

    /// `path` is relative to where the tar will be unpacked.
    pub(crate) fn directory(&mut self, path: &str, attributes: Attributes) -> std::io::Result<()> {
        let mut header = header(attributes);
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        self.0.append_data(&mut header, path, std::io::empty())
    }

    pub(crate) fn file(
        &mut self,
        path: &str,
        contents: &[u8],
        attributes: Attributes,
    ) -> std::io::Result<()> {
        self.read(path, contents, contents.len() as u64, attributes)
    }

    /// A file of so many bytes.
    pub(crate) fn read(
        &mut self,
        path: &str,
        contents: impl Read,
        size: u64,
        attributes: Attributes,
    ) -> std::io::Result<()> {
        let mut header = header(attributes);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        let mut counted = Counted { from: contents.take(size), left: size };
        self.0.append_data(&mut header, path, &mut counted)?;
        if counted.left == 0 {
            return Ok(());
        }
        Err(std::io::Error::other(format!("{path} became shorter while it was read")))
    }

    pub(crate) fn link(
        &mut self,
        path: &str,
        to: &str,
        attributes: Attributes,
    ) -> std::io::Result<()> {
        let mut header = header(attributes);
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        self.0.append_link(&mut header, path, to)
    }

    /// What it was written to.
    pub(crate) fn end(self) -> std::io::Result<W> {
        self.0.into_inner()
    }
}

/// Knows how much of it was not read.
struct Counted<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.left -= length as u64;
        Ok(length)
    }
}

fn header(attributes: Attributes) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(attributes.mode);
    header.set_uid(u64::from(attributes.uid));
    header.set_gid(u64::from(attributes.gid));
    header.set_mtime(0);
    header
}

/// As an engine takes it.
pub(crate) fn upload(tar: Bytes) -> Upload {
    stream::iter([Ok(tar)]).boxed()
}
