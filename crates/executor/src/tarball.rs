//! Small tars, made in memory.
//!
//! Invariant: an entry holds exactly what it is given: no user, group, time or file of this machine.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use windlass_engine::stream::Upload;

/// What an entry is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A tar under way.
pub(crate) struct Tarball(tar::Builder<Vec<u8>>);

impl Tarball {
    pub(crate) fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
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
        let mut header = header(attributes);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(contents.len() as u64);
        self.0.append_data(&mut header, path, contents)
    }

    pub(crate) fn finish(self) -> std::io::Result<Bytes> {
        self.0.into_inner().map(Bytes::from)
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
