//! A build context read straight from a directory, without ignore rules.
//! Invariant: nothing outside the directory is opened, and owners are never sent (they would spoil the engine's cache).

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::source::{ContextEntry, ContextSource, go_mode};

/// Every file, directory, symbolic link and named pipe below a directory; sockets and devices are left out.
pub struct DirSource {
    root: PathBuf,
}

impl DirSource {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn list(&self, relative: &str, found: &mut Vec<ContextEntry>) -> io::Result<()> {
        let mut names = Vec::new();
        for item in fs::read_dir(self.root.join(relative))? {
            let name = item?.file_name().into_string().map_err(|name| {
                let path = Path::new(relative).join(name);
                let message = format!("the name of {} is not UTF-8", path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            names.push(name);
        }
        names.sort_unstable();
        for name in names {
            let path = if relative.is_empty() { name } else { format!("{relative}/{name}") };
            let full = self.root.join(&path);
            let metadata = fs::symlink_metadata(&full)?;
            let Some(entry) = entry(path, &full, &metadata)? else { continue };
            let below = entry.is_directory().then(|| entry.path.clone());
            found.push(entry);
            if let Some(directory) = below {
                self.list(&directory, found)?;
            }
        }
        Ok(())
    }
}

impl ContextSource for DirSource {
    fn entries(&self) -> io::Result<Vec<ContextEntry>> {
        let mut found = Vec::new();
        self.list("", &mut found)?;
        Ok(found)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        if path.split('/').any(|component| matches!(component, "" | "." | "..")) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Box::new(windlass_files::open(&self.root.join(path))?))
    }
}

fn entry(path: String, full: &Path, metadata: &Metadata) -> io::Result<Option<ContextEntry>> {
    let kind = metadata.file_type();
    let type_bits = if kind.is_dir() {
        go_mode::DIRECTORY
    } else if kind.is_symlink() {
        go_mode::SYMLINK
    } else if kind.is_fifo() {
        go_mode::NAMED_PIPE
    } else if kind.is_file() {
        0
    } else {
        return Ok(None);
    };
    let link_target = if kind.is_symlink() {
        Some(fs::read_link(full)?.to_string_lossy().into_owned())
    } else {
        None
    };
    Ok(Some(ContextEntry {
        path,
        mode: type_bits | go_mode::permissions(metadata.mode()),
        size: if kind.is_file() { metadata.size() } else { 0 },
        mtime_ns: metadata.mtime().saturating_mul(1_000_000_000) + metadata.mtime_nsec(),
        uid: 0,
        gid: 0,
        link_target,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_outside_are_not_opened() {
        let source = DirSource::new("/etc/ssl");
        for path in ["../passwd", "/etc/passwd", "a/../../passwd", ""] {
            let error = source.open(path).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
    }
}
