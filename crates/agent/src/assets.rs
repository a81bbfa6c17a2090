//! Files that bundles bring, kept on a host by their digests.
//!
//! Invariant: a file is there whole and is what its name says, or it is not there.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use windlass_bundle::Content;

/// What nobody asked for in so long goes away.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// See the module.
pub(crate) struct Assets {
    /// Beside it are agents.
    above: PathBuf,
}

impl Assets {
    pub(crate) fn new(above: PathBuf) -> Self {
        Self { above }
    }

    /// Where a file of a bundle is here, and its digest.
    pub(crate) fn place(&self, path: &Path) -> io::Result<(PathBuf, String)> {
        let digest = path.to_str().and_then(|path| path.strip_prefix("assets/"));
        let digest = digest.filter(|digest| {
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let digest = digest.ok_or_else(|| {
            io::Error::other(format!("{} is not named by a digest", path.display()))
        })?;
        Ok((self.above.join(path), digest.to_owned()))
    }

    /// Whether it is there and still what its name says.
    pub(crate) fn has(place: &Path, digest: &str) -> bool {
        if !Content::File(place.to_owned()).digest().is_ok_and(|found| found == digest) {
            return false;
        }
        // It is asked for: that it goes away early if this fails does no harm.
        let _ = File::open(place).and_then(|file| file.set_modified(SystemTime::now()));
        true
    }

    /// Takes so many bytes as one.
    pub(crate) fn store(&self, digest: &str, size: u64, from: &mut dyn Read) -> io::Result<()> {
        let (place, _) = self.place(&Path::new("assets").join(digest))?;
        let directory = self.above.join("assets");
        let failed = |error: io::Error| {
            io::Error::new(error.kind(), format!("could not keep {}: {error}", place.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let beside = directory.join(format!(".{}", std::process::id()));
        let written = write(&beside, size, from).and_then(|found| {
            if found == digest {
                fs::rename(&beside, &place)
            } else {
                Err(io::Error::other("it changed on the way"))
            }
        });
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.map_err(failed)
    }

    /// Removes what nobody asked for in a long time, other agents too. What can't be removed is in nobody's way.
    pub(crate) fn sweep(&self) {
        let is_old = |path: &Path| {
            let changed = fs::symlink_metadata(path).and_then(|one| one.modified()).ok();
            changed.and_then(|then| then.elapsed().ok()).is_some_and(|age| age > KEPT)
        };
        for (directory, prefix) in [(self.above.join("assets"), ""), (self.above.clone(), "agent-")]
        {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            for entry in entries {
                let path = entry.path();
                let named = entry.file_name().to_string_lossy().starts_with(prefix);
                if named && is_old(&path) {
                    let _ = fs::remove_file(path);
                }
            }
        }
    }
}

/// The digest of what was written.
fn write(place: &Path, size: u64, from: &mut dyn Read) -> io::Result<String> {
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(place)?;
    let (mut hash, mut left) = (Sha256::new(), size);
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = from.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(&buffer[..count]);
        file.write_all(&buffer[..count])?;
        left -= count as u64;
    }
    file.sync_all()?;
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
