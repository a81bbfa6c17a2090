//! What a builder needs: the request, and the build context behind a trait.
//!
//! Invariant: a context is read as it is sent; nothing here holds a file in memory.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;
use windlass_model::image::{BuildOptions, PullPolicy};
use windlass_model::secret::Sensitive;

/// What kind of thing an entry of a build context is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File { size: u64 },
    Directory,
    Link { target: Vec<u8> },
}

/// An entry of a build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the context's root, `/` between parts, no leading or trailing one.
    pub path: Vec<u8>,
    pub kind: EntryKind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// Nanoseconds since the epoch.
    pub mtime_ns: i64,
    pub uid: u32,
    pub gid: u32,
}

/// A build context that can be sent, whole as a tar or file by file.
pub trait ContextSource: Send + Sync {
    /// Every entry, sorted so that a directory comes before what is in it, and siblings are in the
    /// order of their bytes.
    fn entries(&self) -> std::io::Result<Vec<Entry>>;
    /// The contents of a file of `entries`.
    fn open(&self, path: &[u8]) -> std::io::Result<Box<dyn Read + Send>>;
    /// Writes the whole context as a tar, Dockerfile included.
    fn write_tar(&self, out: &mut dyn Write) -> std::io::Result<()>;
    /// The same for the same directory from run to run: a builder keeps what it received under it.
    fn shared_key(&self) -> String;
}

/// A build.
#[derive(Clone)]
pub struct BuildRequest {
    /// References that the image gets, the primary one first.
    pub references: Vec<String>,
    /// The text of the Dockerfile.
    pub dockerfile: String,
    pub context: Arc<dyn ContextSource>,
    pub options: BuildOptions,
    /// The file's labels and our own.
    pub labels: BTreeMap<String, String>,
    /// By id, for RUN --mount=type=secret.
    pub secrets: BTreeMap<String, Sensitive>,
    pub pull: PullPolicy,
    pub no_cache: bool,
}
