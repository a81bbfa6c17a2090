//! Files that keep for later runs what is slow to find out.
//!
//! Invariant: a file is replaced in one step, only its owner can read it, and losing it costs time only.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::SystemTime;

/// Puts it in the place of what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&partial)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&partial, path));
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
