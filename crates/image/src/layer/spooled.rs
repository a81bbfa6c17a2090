//! Contents that are too large for the memory.
//!
//! Invariant: the file has no name, so nothing of it is left when nobody reads it any more.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// See the module. Clones have the same file.
#[derive(Clone, Debug)]
pub(super) struct Spooled {
    file: Arc<File>,
}

impl Spooled {
    /// Takes all that is read to a folder, which is made if it is not there.
    pub(super) fn take(folder: &Path, from: &mut dyn Read) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".spool-{}-{count}", std::process::id()));
        let mut options = File::options();
        let mut file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        io::copy(from, &mut file)?;
        Ok(Self { file: Arc::new(file) })
    }

    /// From its beginning.
    pub(super) fn open(&self) -> impl Read + use<> {
        Reader { file: self.file.clone(), at: 0 }
    }
}

/// Has a place of its own in the file.
struct Reader {
    file: Arc<File>,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}
