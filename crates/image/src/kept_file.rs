//! Files that keep for later runs what is slow to find out.
//!
//! Invariant: a file is replaced in one step, only its owner can read it, and losing it costs time only. One that was changed by
//! anybody else is as none: its last bytes are the digest of those before.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// Length of the digest at the end of a file.
pub(crate) const SEAL_LEN: usize = 32;

/// What was put there, if it is as it was; a file of more than `limit` bytes is as none.
pub(crate) fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = windlass_files::read(path, limit).ok()?;
    let (sealed, seal) = bytes.split_last_chunk::<SEAL_LEN>()?;
    if Sha256::digest(sealed).as_slice() != seal {
        return None;
    }
    bytes.truncate(sealed.len());
    Some(bytes)
}

/// Puts it in the place of what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
    let seal = Sha256::digest(bytes);
    let written = file.write_all(bytes).and_then(|()| file.write_all(&seal));
    let written = written.and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to tell.
        drop(fs::remove_file(&partial));
    }
    written
}

/// Removes some of a folder.
pub(crate) fn remove_all(folder: &Path, is_meant: impl Fn(&Path) -> bool) -> io::Result<()> {
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        if is_meant(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Leaves so many of a folder, those that were written last.
pub(crate) fn remove_oldest(folder: &Path, most: usize) -> io::Result<()> {
    let mut found: Vec<(SystemTime, _)> = fs::read_dir(folder)?
        .filter_map(|item| {
            let item = item.ok()?;
            Some((item.metadata().ok()?.modified().ok()?, item.path()))
        })
        .collect();
    found.sort();
    for (_, path) in found.iter().take(found.len().saturating_sub(most)) {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Vec<u8>);

    #[test]
    fn what_somebody_changed_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let changes: [(&str, Change, bool); 6] = [
            ("nothing", |_| (), true),
            ("a byte", |bytes| bytes[2] ^= 1, false),
            ("the seal", |bytes| bytes[12] ^= 1, false),
            ("shorter", |bytes| bytes.truncate(20), false),
            ("empty", Vec::clear, false),
            ("longer", |bytes| bytes.push(0), false),
        ];
        for (what, change, is_kept) in changes {
            replace(&path, b"/etc/passwd").unwrap();
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            fs::write(&path, bytes).unwrap();
            let expected = is_kept.then(|| b"/etc/passwd".to_vec());
            assert_eq!(read(&path, 100), expected, "{what}");
        }
    }
}
