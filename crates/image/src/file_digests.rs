//! Digests of files that were read before, so that no file is read twice for its digest.
//!
//! Invariant: a digest is kept only of a file that had not been written to for [`SETTLED_NS`] when it was read: a later change then
//! shows in its state, however coarse the file system's dates are.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::context::ContextError;
use crate::digest::hash_contents;
use crate::disk_file::FileState;
use crate::entry::{Content, Entry, EntryKind};
use crate::shelf::Shelf;

/// The coarsest dates are those of FAT: 2 s.
const SETTLED_NS: i64 = 2_000_000_000;
/// From so much on, hashing takes longer than writing down what it gave.
const FRESH_FILES: usize = 256;
const FRESH_BYTES: u64 = 8 << 20;

/// Shared by all that hash build contexts in one run: a clone knows what the others know. It may also be kept between runs.
#[derive(Clone, Debug, Default)]
pub struct FileDigests {
    folder: Option<PathBuf>,
    /// By directory.
    shelves: Arc<Mutex<BTreeMap<PathBuf, Shelf>>>,
}

impl FileDigests {
    /// What is learned is also kept in a folder, which may be removed at any time.
    pub fn kept_in(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..Self::default() }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// One digest an entry, in order; zeros for what is not a file.
    pub(crate) fn contents(
        &self,
        directory: &Path,
        entries: &[Entry],
    ) -> Result<Vec<[u8; 32]>, ContextError> {
        self.contents_at(now_ns(), directory, entries)
    }

    /// `before_ns` is before any of them is read.
    fn contents_at(
        &self,
        before_ns: i64,
        directory: &Path,
        entries: &[Entry],
    ) -> Result<Vec<[u8; 32]>, ContextError> {
        let file = self.folder.as_ref().map(|folder| folder.join(file_name(directory)));
        // Held while files are hashed, which takes all processors anyway: whoever waits need not read them again.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || file.as_deref().map(Shelf::load).unwrap_or_default();
        let mut own = shelves.remove(directory).unwrap_or_else(load);
        let found = look_up(entries, &own, &shelves);
        let unknown: Vec<usize> = (0..entries.len()).filter(|&at| found[at].is_none()).collect();
        let hashed = hash_contents(entries, &unknown);
        let mut digests: Vec<[u8; 32]> = found.into_iter().map(Option::unwrap_or_default).collect();
        if let Ok(hashed) = &hashed {
            for (&at, digest) in unknown.iter().zip(hashed) {
                digests[at] = *digest;
                let settled = |state: &&FileState| is_settled(state, before_ns);
                if let Some(state) = state(&entries[at]).filter(settled) {
                    own.learn(*state, *digest);
                }
            }
        }
        let is_much = own.fresh.0 >= FRESH_FILES || own.fresh.1 >= FRESH_BYTES;
        if let Some(file) = file.filter(|_| is_much) {
            forget_old(&mut own, entries);
            // It saves time, and where it can't be written, none.
            drop(own.save(&file));
        }
        shelves.insert(directory.to_owned(), own);
        hashed.map(|_| digests)
    }
}

/// Nothing for a file that must be read; zeros for what is none.
fn look_up(
    entries: &[Entry],
    own: &Shelf,
    others: &BTreeMap<PathBuf, Shelf>,
) -> Vec<Option<[u8; 32]>> {
    let digest = |entry: &Entry| match &entry.kind {
        EntryKind::Directory | EntryKind::Symlink { .. } => Some([0; 32]),
        EntryKind::File { content: Content::Memory(_), .. } => None,
        EntryKind::File { content: Content::Disk(file), .. } => {
            let mut shelves = std::iter::once(own).chain(others.values());
            shelves.find_map(|shelf| shelf.digests.get(&file.state).copied())
        }
    };
    entries.iter().map(digest).collect()
}

fn state(entry: &Entry) -> Option<&FileState> {
    match &entry.kind {
        EntryKind::File { content: Content::Disk(file), .. } => Some(&file.state),
        EntryKind::File { .. } | EntryKind::Directory | EntryKind::Symlink { .. } => None,
    }
}

fn is_settled(state: &FileState, read_ns: i64) -> bool {
    state.changed_ns().saturating_add(SETTLED_NS) < read_ns
}

/// Other images may take other files of the directory, but files that are gone must not pile up.
fn forget_old(shelf: &mut Shelf, entries: &[Entry]) {
    let used: HashSet<&FileState> = entries.iter().filter_map(state).collect();
    if shelf.digests.len() > 2 * used.len() {
        shelf.digests.retain(|state, _| used.contains(state));
    }
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn file_name(directory: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let hash = Sha256::digest(directory.as_os_str().as_bytes());
    hash.iter().take(16).fold(String::new(), |mut name, byte| {
        write!(name, "{byte:02x}").expect("invariant: writing to a String does not fail");
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{BuildContext, ContextOptions};
    use std::fs::{self, File};

    const LATER_NS: i64 = 60_000_000_000;

    /// What `known` says of the only file of a directory when so much time has passed since it was written, or that it was read.
    fn ask(known: &FileDigests, directory: &Path, later_ns: i64) -> Result<[u8; 32], ContextError> {
        let context = BuildContext::walk(&ContextOptions::new(directory)).expect("walk");
        let path = directory.join("f");
        let aside = directory.with_extension("aside");
        let first = known.contents_at(now_ns() + later_ns, directory, context.entries())?;
        // What must be read isn't there any more.
        fs::rename(&path, &aside).expect("rename");
        let second = known.contents_at(now_ns() + later_ns, directory, context.entries());
        fs::rename(&aside, &path).expect("rename");
        let second = second?;
        assert_eq!(first, second);
        Ok(first[0])
    }

    #[test]
    fn what_is_settled_is_read_once() {
        let root = tempfile::tempdir().expect("directory");
        let directory = root.path().join("d");
        fs::create_dir(&directory).expect("directory");
        let path = directory.join("f");
        fs::write(&path, "one").expect("write");
        let written = fs::metadata(&path).and_then(|found| found.modified()).expect("date");
        let known = FileDigests::default();
        assert!(matches!(ask(&known, &directory, 0), Err(ContextError::Changed { .. })), "racy");
        let one = ask(&known, &directory, LATER_NS).expect("known");
        assert_eq!(one, <[u8; 32]>::from(Sha256::digest("one")));
        fs::write(&path, "two").expect("write");
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(written))
            .expect("date");
        let two = ask(&known.clone(), &directory, LATER_NS).expect("known");
        assert_eq!(two, <[u8; 32]>::from(Sha256::digest("two")), "same size, same date");
    }

    #[test]
    fn between_runs_it_is_in_the_folder() {
        let root = tempfile::tempdir().expect("directory");
        let (directory, folder) = (root.path().join("d"), root.path().join("kept"));
        fs::create_dir(&directory).expect("directory");
        for (bytes, is_kept) in [(FRESH_BYTES - 1, false), (FRESH_BYTES, true)] {
            let path = directory.join("f");
            File::create(&path).and_then(|file| file.set_len(bytes)).expect("file");
            let context = BuildContext::walk(&ContextOptions::new(&directory)).expect("walk");
            let run = |later_ns| {
                FileDigests::kept_in(&folder).contents_at(
                    now_ns() + later_ns,
                    &directory,
                    context.entries(),
                )
            };
            let first = run(LATER_NS).expect("digest");
            fs::remove_file(&path).expect("remove");
            assert_eq!(run(0).ok(), is_kept.then_some(first), "{bytes} bytes");
        }
        fs::remove_dir_all(&folder).expect("remove");
        let context = BuildContext::walk(&ContextOptions::new(&directory)).expect("walk");
        FileDigests::kept_in("/dev/null/none")
            .contents_at(0, &directory, context.entries())
            .expect("without a folder");
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let root = tempfile::tempdir().expect("directory");
        let path = root.path().join("f");
        let mut shelf = Shelf::default();
        for number in 0..4_u64 {
            fs::write(&path, number.to_string()).expect("write");
            let mut state = FileState::of(&fs::metadata(&path).expect("date"));
            state.inode += number;
            shelf.learn(state, [0; 32]);
        }
        let context = BuildContext::walk(&ContextOptions::new(root.path())).expect("walk");
        forget_old(&mut shelf, context.entries());
        assert!(shelf.digests.len() <= 1);
    }
}
