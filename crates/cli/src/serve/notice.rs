//! Notices: the files that say where a server is, and what it wants to be shown.
//!
//! Invariant: a file is there when all of it is, the token's can be read by its owner alone, and both go with the server.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::trouble::{Result, Trouble};
use crate::whole_file::unwritten;

/// A file that goes when this is dropped, if it still says the same.
pub(crate) struct Notice {
    place: PathBuf,
    text: String,
}

impl Notice {
    /// Writes it. `mode`: who may read it, as `chmod` takes it.
    pub(crate) fn write(place: &Path, text: &str, mode: u32) -> Result<Self> {
        let text = format!("{text}\n");
        if place.metadata().is_ok_and(|found| !found.is_file()) {
            let shown = place.to_string_lossy();
            let way = "name a file, or one that is not there yet";
            return Err(Trouble::usage(format!("{shown} is no file"), way));
        }
        let mut part = place.as_os_str().to_owned();
        part.push(format!(".part-{}", std::process::id()));
        let part = PathBuf::from(part);
        let written = put(&part, &text, mode).and_then(|()| std::fs::rename(&part, place));
        if let Err(error) = written {
            // It may not be there at all.
            let _ = std::fs::remove_file(&part);
            return Err(unwritten(place, &error));
        }
        Ok(Self { place: place.to_owned(), text })
    }
}

fn put(part: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(mode).open(part)?;
    // The umask may have taken more than it should.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl Drop for Notice {
    fn drop(&mut self) {
        // Another server may have written its own since.
        if std::fs::read_to_string(&self.place).is_ok_and(|text| text == self.text) {
            let _ = std::fs::remove_file(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_whole_is_private_and_goes() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("token");
        std::fs::write(&place, "of an earlier server").unwrap();
        std::fs::set_permissions(&place, Permissions::from_mode(0o666)).unwrap();
        let notice = Notice::write(&place, "secret", 0o600).unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "secret\n");
        assert_eq!(place.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let later = Notice::write(&place, "other", 0o600).unwrap();
        drop(notice);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "other\n");
        drop(later);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(Notice::write(directory.path(), "x", 0o600).is_err());
    }
}
