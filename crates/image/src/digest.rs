//! The digest of a build context: two contexts with the same digest build the same image from the same Dockerfile.
//!
//! Invariant: the digest covers all that an image can get from the context (paths, kinds, modes, owners, link targets, contents)
//! and nothing that it cannot: no dates (unless they come from git), no order of the disk, no place of the directory.

use std::fmt;
use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use crate::context::{BuildContext, ContextError, FileReader};
use crate::entry::{Content, Entry, EntryKind};
use crate::file_digests::FileDigests;

/// A SHA-256 value; `Display` gives `sha256:…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits alone.
    pub fn to_hex(&self) -> String {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("invariant: below 16");
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Hashes a row of fields, so that no two different rows give the same bytes.
pub(crate) struct FieldHasher(Sha256);

impl FieldHasher {
    /// `purpose` keeps digests of different things apart, and says which version of the rules made them.
    pub(crate) fn new(purpose: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.field(purpose);
        hasher
    }

    pub(crate) fn field(&mut self, field: impl AsRef<[u8]>) {
        let field = field.as_ref();
        self.number(field.len() as u64);
        self.0.update(field);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    pub(crate) fn finish(self) -> ContentDigest {
        ContentDigest(self.0.finalize().into())
    }
}

impl BuildContext {
    /// Read every file once. Memory stays bounded; all processors take part when there are many files.
    pub fn digest(&self) -> Result<ContentDigest, ContextError> {
        let all: Vec<usize> = (0..self.entries().len()).collect();
        Ok(self.digest_of(&hash_contents(self.entries(), &all)?))
    }

    /// As [`Self::digest`]; files of which the digest is known are not read. `directory` is the one that was walked.
    pub fn digest_with(
        &self,
        known: &FileDigests,
        directory: &Path,
    ) -> Result<ContentDigest, ContextError> {
        Ok(self.digest_of(&known.contents(directory, self.entries())?))
    }

    fn digest_of(&self, contents: &[[u8; 32]]) -> ContentDigest {
        let mut hasher = FieldHasher::new("windlass build context 1");
        for (entry, content) in self.entries().iter().zip(contents) {
            let Entry { path, kind, mode, uid, gid, mtime_ns } = entry;
            hasher.field(path.as_bytes());
            match kind {
                EntryKind::Directory => hasher.field("directory"),
                EntryKind::File { size, .. } => {
                    hasher.field("file");
                    hasher.number(*size);
                    hasher.field(content);
                }
                // The mode of a link means nothing.
                EntryKind::Symlink { target } => {
                    hasher.field("link");
                    hasher.field(target);
                }
            }
            if !matches!(kind, EntryKind::Symlink { .. }) {
                hasher.number(u64::from(*mode));
            }
            hasher.number(u64::from(*uid));
            hasher.number(u64::from(*gid));
            if self.is_dated() {
                hasher.field(mtime_ns.to_le_bytes());
            }
        }
        hasher.finish()
    }
}

/// Below this many files a second thread costs more than it brings.
const FILES_PER_THREAD: usize = 64;
const BUFFER_LEN: usize = 128 * 1024;

/// One digest for each of the `wanted` entries, in that order; zeros for what is not a file.
pub(crate) fn hash_contents(
    entries: &[Entry],
    wanted: &[usize],
) -> Result<Vec<[u8; 32]>, ContextError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(wanted.len() / FILES_PER_THREAD + 1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffer = vec![0; BUFFER_LEN];
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&at) = wanted.get(index) else { return Ok(done) };
            match hash_file(&entries[at], &mut buffer) {
                Ok(digest) => done.push((index, digest)),
                Err(error) => {
                    // The other threads find nothing more to do.
                    next.store(wanted.len(), Ordering::Relaxed);
                    return Err((index, error));
                }
            }
        }
    };
    let results = if threads == 1 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            running
                .into_iter()
                .map(|thread| thread.join().expect("invariant: hashing does not panic"))
                .collect()
        })
    };
    let mut digests = vec![[0; 32]; wanted.len()];
    let mut first_error: Option<(usize, ContextError)> = None;
    for result in results {
        match result {
            Ok(done) => {
                for (index, digest) in done {
                    digests[index] = digest;
                }
            }
            Err((index, error)) => {
                if first_error.as_ref().is_none_or(|&(first, _)| index < first) {
                    first_error = Some((index, error));
                }
            }
        }
    }
    first_error.map_or(Ok(digests), |(_, error)| Err(error))
}

fn hash_file(entry: &Entry, buffer: &mut [u8]) -> Result<[u8; 32], ContextError> {
    if let EntryKind::File { content: Content::Memory(bytes), .. } = &entry.kind {
        return Ok(Sha256::digest(bytes).into());
    }
    let Some(mut file) = FileReader::open_to_hash(entry)? else { return Ok([0; 32]) };
    hash_reader(&mut file, buffer).map_err(|source| ContextError::reading(entry, source))
}

/// The SHA-256 of all that `reader` gives.
pub(crate) fn hash_reader(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    loop {
        match reader.read(buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
