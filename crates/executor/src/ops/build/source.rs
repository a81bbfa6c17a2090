//! What `image` prepares, as `engine` sends it.
//!
//! Invariant: files are read while they are sent; none is held in memory whole.

use crate::upload::upload;
use std::io::{Error, Read, Result, Write};
use windlass_engine::build::{ContextSource, Entry, EntryKind};
use windlass_engine::stream::Upload;
use windlass_image::entry::{ContextPath, EntryKind as Kind};
use windlass_image::rootfs::Rootfs;
use windlass_image::source::PreparedBuild;
use windlass_image::tar_stream::TarOptions;

/// A prepared build context.
pub(crate) struct PreparedContext {
    build: PreparedBuild,
    shared_key: String,
}

impl PreparedContext {
    pub(crate) fn new(build: PreparedBuild, shared_key: String) -> Self {
        Self { build, shared_key }
    }

    pub(crate) fn dockerfile(&self) -> &str {
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

/// A root file system as a tar.
pub(super) fn rootfs_upload(rootfs: Rootfs) -> Upload {
    upload(move |out| rootfs.write(out, TarOptions::default()).map(|_| ()).map_err(Error::other))
}
