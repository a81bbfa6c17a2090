//! A file that is there when all of it is.
//!
//! Invariant: where the name that was asked for is that of a file, or of nothing, there is what was there before, or the
//! whole of what was written. A device or a pipe is written to as it is; a link stays, and leads to what was written.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::render::escape;
use crate::trouble::Trouble;

/// Links that lead to one another, at most, as in Linux.
const MOST_LINKS: usize = 40;

/// A file that is written beside its place. Dropped, it leaves nothing.
pub(crate) struct WholeFile {
    file: File,
    /// `None`: it is no file that could be replaced.
    part: Option<PathBuf>,
    place: PathBuf,
}

impl WholeFile {
    pub(crate) fn create(asked: &Path) -> Result<Self, Trouble> {
        Self::create_with(asked, 0o666)
    }

    /// Nobody else may read it, where it is made anew.
    pub(crate) fn create_private(asked: &Path) -> Result<Self, Trouble> {
        Self::create_with(asked, 0o600)
    }

    fn create_with(asked: &Path, mode: u32) -> Result<Self, Trouble> {
        let unwritten = |error| unwritten(asked, &error);
        if asked.metadata().is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(asked).map_err(unwritten)?;
            return Ok(Self { file, part: None, place: asked.to_owned() });
        }
        let place = led_to(asked);
        let mut part = place.as_os_str().to_owned();
        part.push(format!(".part-{}", std::process::id()));
        let part = PathBuf::from(part);
        // Whoever could not read what was there can't read what comes in its place.
        let known = place.metadata().ok().map(|known| known.permissions().mode() & 0o777);
        let mut options = File::options();
        options.write(true).create_new(true);
        let file = options.mode(known.unwrap_or(mode)).open(&part).map_err(unwritten)?;
        let whole = Self { file, part: Some(part), place };
        if let Some(mode) = known {
            // The umask may have taken more than it should.
            whole.file.set_permissions(Permissions::from_mode(mode)).map_err(unwritten)?;
        }
        Ok(whole)
    }

    /// Puts it in its place.
    pub(crate) fn keep(mut self) -> Result<(), Trouble> {
        let Some(part) = &self.part else {
            return self.file.flush().map_err(|error| unwritten(&self.place, &error));
        };
        let flushed = self.file.flush().and_then(|()| self.file.sync_all());
        let kept = flushed.and_then(|()| std::fs::rename(part, &self.place));
        kept.map_err(|error| unwritten(&self.place, &error))
    }
}

/// Where links lead to, whether that is there or not.
fn led_to(asked: &Path) -> PathBuf {
    let mut place = asked.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(found) = place.canonicalize() {
            return found;
        }
        let Ok(link) = place.read_link() else { break };
        place = place.parent().map_or_else(|| link.clone(), |parent| parent.join(&link));
    }
    place
}

/// What to say of a file that can't be written.
pub(crate) fn unwritten(place: &Path, error: &io::Error) -> Trouble {
    let place = place.to_string_lossy();
    Trouble::failed(format!("could not write {}: {error}", escape::line(&place)))
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Where it was kept there is nothing of this name any more.
        if let Some(part) = &self.part {
            let _ = std::fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_all_of_it_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let (place, link) = (directory.path().join("f"), directory.path().join("link"));
        std::fs::write(&place, "old").unwrap();
        std::os::unix::fs::symlink("f", &link).unwrap();
        let mut dropped = WholeFile::create(&place).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "old");
        let mut kept = WholeFile::create(&link).unwrap();
        kept.write_all(b"new").unwrap();
        kept.keep().unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_link_to_nothing_stays_and_who_may_read_stays() {
        let directory = tempfile::tempdir().unwrap();
        let (place, link) = (directory.path().join("f"), directory.path().join("link"));
        std::os::unix::fs::symlink("f", &link).unwrap();
        let write = || {
            let mut file = WholeFile::create(&link).unwrap();
            file.write_all(b"x").unwrap();
            file.keep().unwrap();
        };
        write();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(place.symlink_metadata().unwrap().is_file());
        for mode in [0o600, 0o666] {
            std::fs::set_permissions(&place, Permissions::from_mode(mode)).unwrap();
            write();
            assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        let mut null = WholeFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"x").unwrap();
        null.keep().unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
        assert!(WholeFile::create(Path::new("/nowhere/x")).is_err());
    }
}
