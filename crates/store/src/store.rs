//! A directory of files that are named by their digests.
//!
//! Invariant: a file gets its name when all of it is written and on the disk; one that is not what its name says any more, whoever
//! changed it, is as none.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;
use sha2::{Digest as _, Sha256};
use windlass_bundle::{Content, hexadecimal};

/// Between being made and being locked nothing takes so long.
const LONG_AGO: Duration = Duration::from_mins(1);

/// Something with other contents than was said.
#[derive(Clone, Debug, thiserror::Error)]
#[error("its SHA-256 is {found}, not {expected}")]
pub(crate) struct OtherContents {
    pub(crate) found: String,
    expected: String,
}

/// See the module. All of it may be removed at any time; it is made anew.
#[derive(Clone, Debug)]
pub struct Store {
    top: PathBuf,
}

impl Store {
    /// One in a directory, which is made if need be.
    ///
    /// # Errors
    ///
    /// If it can't be made.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let store = Self { top: directory.into() };
        for one in ["files", "trees", "git", "temporary"] {
            // What was had with somebody's credentials is for nobody else.
            let mut directory = fs::DirBuilder::new();
            directory.recursive(true).mode(0o700).create(store.top.join(one))?;
        }
        store.forget_interrupted();
        Ok(store)
    }

    /// Removes what was being written by one who was interrupted: who is at it holds a lock.
    fn forget_interrupted(&self) {
        let all = fs::read_dir(self.temporary_directory()).into_iter().flatten().flatten();
        let age = |entry: &fs::DirEntry| entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        for entry in all.filter(|entry| age(entry).is_some_and(|age| age > LONG_AGO)) {
            let lock = File::open(entry.path()).map(|file| {
                let is_over = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
                is_over.map(|()| file)
            });
            if let Ok(Ok(_lock)) = lock {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Where a file with a digest is, or would be.
    pub(crate) fn file(&self, digest: &str) -> PathBuf {
        self.top.join("files").join(digest)
    }

    /// A file that is there and is what its name says.
    pub(crate) fn kept(&self, digest: &str) -> Option<PathBuf> {
        let path = self.file(digest);
        is_whole(&path).then_some(path)
    }

    /// Where the list of what is in something is, or would be. `key`: a plain word.
    fn tree(&self, key: &str) -> PathBuf {
        self.top.join("trees").join(format!("{key}.json"))
    }

    /// A directory for the repository of a name, which nobody else changes while the lock is held.
    pub(crate) fn repository(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let directory = self.top.join("git").join(&digest(name.as_bytes())[..32]);
        let lock = File::create(directory.with_extension("lock"))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        Ok((directory, lock))
    }

    /// Keeps what is read, up to a limit; `expected`: the digest that it must have.
    pub(crate) fn keep(
        &self,
        mut from: impl Read,
        limit: u64,
        expected: Option<&str>,
    ) -> io::Result<PathBuf> {
        let mut file = self.temporary()?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 128 * 1024];
        let mut written = 0;
        loop {
            let length = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            written += length as u64;
            if written > limit {
                return Err(io::Error::other("it is larger than is allowed"));
            }
            hash.update(&piece[..length]);
            file.write_all(&piece[..length])?;
        }
        let digest = hexadecimal(&hash.finalize());
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            let other = OtherContents { found: digest, expected: expected.to_owned() };
            return Err(io::Error::new(io::ErrorKind::InvalidData, other));
        }
        let path = self.file(&digest);
        if !is_whole(&path) {
            persist(file, &path)?;
        }
        Ok(path)
    }

    /// Keeps the list of what is in something. Its name says nothing of what is in it, so its first line does.
    pub(crate) fn keep_tree(&self, key: &str, text: &[u8]) -> io::Result<()> {
        let mut file = self.temporary()?;
        writeln!(file, "{}", digest(text))?;
        file.write_all(text)?;
        persist(file, &self.tree(key))
    }

    /// Such a list, if it is as it was kept.
    pub(crate) fn kept_tree(&self, key: &str) -> Option<Vec<u8>> {
        let mut text = fs::read(self.tree(key)).ok()?;
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let rest = text.split_off(end + 1);
        (text[..end] == *digest(&rest).as_bytes()).then_some(rest)
    }

    /// A directory in which nothing is looked for.
    pub(crate) fn temporary_directory(&self) -> PathBuf {
        self.top.join("temporary")
    }

    fn temporary(&self) -> io::Result<tempfile::NamedTempFile> {
        let file = tempfile::NamedTempFile::new_in(self.temporary_directory())?;
        rustix::fs::flock(file.as_file(), FlockOperation::LockExclusive)?;
        Ok(file)
    }
}

/// Whether a file of the store is what its name says.
pub(crate) fn is_whole(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let found = path.is_file().then(|| Content::File(path.to_owned()).digest().ok()).flatten();
    found.is_some_and(|digest| name == Some(&digest))
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// SHA-256, as hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
