//! The digests of one directory's files, and the file that keeps them between runs.
//!
//! Invariant: a file that is torn, damaged or of another version is as none; it is replaced in one step, and losing it costs time only.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::disk_file::FileState;
use crate::kept_file;

const MAGIC: &[u8; 16] = b"windlass files 1";
const RECORD_LEN: usize = 5 * 8 + HASH_LEN;
const HASH_LEN: usize = 32;
/// 36 MB; a directory of more files is hashed every time.
const RECORDS_MAX: usize = 1 << 19;
/// Directories that are remembered; those that were written longest ago go.
const SHELVES_MAX: usize = 64;

/// SHA-256 values by the states of files.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) digests: HashMap<FileState, [u8; HASH_LEN]>,
    /// What is not in the file yet: how many, and bytes of their content.
    pub(crate) fresh: (usize, u64),
}

impl Shelf {
    /// What is in the file; nothing if it can't be used.
    pub(crate) fn load(path: &Path) -> Self {
        let limit = (MAGIC.len() + RECORDS_MAX * RECORD_LEN + kept_file::SEAL_LEN) as u64;
        let digests = kept_file::read(path, limit).and_then(|bytes| parse(&bytes));
        Self { digests: digests.unwrap_or_default(), fresh: (0, 0) }
    }

    pub(crate) fn learn(&mut self, state: FileState, digest: [u8; HASH_LEN]) {
        if self.digests.insert(state, digest).is_none() {
            self.fresh = (self.fresh.0 + 1, self.fresh.1.saturating_add(state.size));
        }
    }

    /// Puts it in the place of the file.
    pub(crate) fn save(&mut self, path: &Path) -> io::Result<()> {
        self.fresh = (0, 0);
        if self.digests.len() > RECORDS_MAX {
            return Ok(());
        }
        kept_file::replace(path, &self.bytes())?;
        kept_file::remove_oldest(path.parent().unwrap_or(Path::new(".")), SHELVES_MAX)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + self.digests.len() * RECORD_LEN);
        bytes.extend_from_slice(MAGIC);
        for (state, digest) in &self.digests {
            let FileState { device, inode, size, mtime_ns, ctime_ns } = state;
            for number in [device, inode, size] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            for number in [mtime_ns, ctime_ns] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(digest);
        }
        bytes
    }
}

fn parse(bytes: &[u8]) -> Option<HashMap<FileState, [u8; HASH_LEN]>> {
    let records = bytes.strip_prefix(MAGIC)?;
    if records.len() % RECORD_LEN != 0 {
        return None;
    }
    records.chunks_exact(RECORD_LEN).map(record).collect()
}

fn record(bytes: &[u8]) -> Option<(FileState, [u8; HASH_LEN])> {
    let (numbers, digest) = bytes.split_last_chunk::<HASH_LEN>()?;
    let number = |at: usize| Some(u64::from_le_bytes(*numbers.get(at * 8..)?.first_chunk()?));
    let state = FileState {
        device: number(0)?,
        inode: number(1)?,
        size: number(2)?,
        mtime_ns: number(3)?.cast_signed(),
        ctime_ns: number(4)?.cast_signed(),
    };
    Some((state, *digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn shelf(numbers: std::ops::Range<u8>) -> Shelf {
        let mut shelf = Shelf::default();
        for number in numbers {
            let n = u64::from(number);
            let state = FileState {
                device: n,
                inode: u64::MAX - n,
                size: n << 40,
                mtime_ns: -i64::from(number),
                ctime_ns: i64::MAX - i64::from(number),
            };
            shelf.learn(state, [number; HASH_LEN]);
        }
        shelf
    }

    #[test]
    fn what_is_kept_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/one");
        for numbers in [0..0, 0..1, 3..200] {
            let mut kept = shelf(numbers);
            kept.save(&path).unwrap();
            assert_eq!(Shelf::load(&path).digests, kept.digests);
        }
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn what_is_damaged_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        shelf(0..3).save(&path).unwrap();
        let good = fs::read(&path).unwrap();
        let last = good.len() - 1;
        let mut cases =
            vec![Vec::new(), good[..last].to_vec(), good[..good.len() - RECORD_LEN].to_vec()];
        for at in [0, MAGIC.len() - 1, MAGIC.len() + 50, last] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            cases.push(bad);
        }
        for bad in cases {
            fs::write(&path, &bad).unwrap();
            assert!(Shelf::load(&path).digests.is_empty(), "{} bytes", bad.len());
        }
        fs::write(&path, good).unwrap();
        assert_eq!(Shelf::load(&path).digests.len(), 3);
    }

    #[test]
    fn there_are_only_so_many() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..SHELVES_MAX + 5 {
            shelf(0..1).save(&folder.path().join(number.to_string())).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), SHELVES_MAX);
    }
}
