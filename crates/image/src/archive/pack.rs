//! A file or directory of this machine to a tar.
//!
//! Invariant: an entry has as many bytes as its head says, or the tar is not completed.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use tar::{Builder, EntryType, Header};

use super::left_out::{LeftOut, remember};

/// Writes `source` to `sink` as `name`, with everything below it; what it is not a file, a directory or a link is left out. Everything
/// belongs to root there, as with `docker cp`.
pub fn pack(source: &Path, name: &OsStr, sink: impl Write) -> io::Result<Vec<LeftOut>> {
    let mut packing =
        Packing { builder: Builder::new(Gate { sink, broken: false }), left_out: Vec::new() };
    // The one that is named may be a link; those below it are copied as links.
    let metadata = std::fs::metadata(source)?;
    match packing.entry(source, Path::new(name), &metadata) {
        Ok(()) => packing.builder.into_inner()?.sink.flush().map(|()| packing.left_out),
        Err(error) => {
            // Without the blocks of the end nobody takes it for whole.
            packing.builder.get_mut().broken = true;
            Err(error)
        }
    }
}

struct Packing<W: Write> {
    builder: Builder<Gate<W>>,
    left_out: Vec<LeftOut>,
}

impl<W: Write> Packing<W> {
    fn entry(&mut self, source: &Path, name: &Path, metadata: &Metadata) -> io::Result<()> {
        let kind = metadata.file_type();
        let mut header = Header::new_gnu();
        header.set_mode(metadata.permissions().mode() & 0o7777);
        header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
        header.set_size(0);
        if kind.is_dir() {
            header.set_entry_type(EntryType::Directory);
            self.builder.append_data(&mut header, name, io::empty())?;
            let mut names = Vec::new();
            for entry in std::fs::read_dir(source)? {
                names.push(entry?.file_name());
            }
            names.sort();
            for below in names {
                let path = source.join(&below);
                let metadata = std::fs::symlink_metadata(&path)?;
                self.entry(&path, &name.join(&below), &metadata)?;
            }
        } else if kind.is_file() {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let file = File::from(rustix::fs::open(source, flags, Mode::empty())?);
            self.file(file, name, header)?;
        } else if kind.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            self.builder.append_link(&mut header, name, std::fs::read_link(source)?)?;
        } else {
            remember(&mut self.left_out, source.to_path_buf(), "neither a file nor a directory");
        }
        Ok(())
    }

    fn file(&mut self, file: File, name: &Path, mut header: Header) -> io::Result<()> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other(format!("{} is no file any more", name.display())));
        }
        header.set_entry_type(EntryType::Regular);
        header.set_size(metadata.len());
        let mut counted = Counted { file, left: metadata.len() };
        self.builder.append_data(&mut header, name, &mut counted)?;
        if counted.left > 0 {
            return Err(io::Error::other(format!(
                "{} became shorter while it was read",
                name.display()
            )));
        }
        Ok(())
    }
}

/// As many bytes of a file as its tar's head says.
struct Counted {
    file: File,
    left: u64,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = io::Read::take(&mut self.file, self.left).read(buffer)?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Passes everything on until something broke: a tar's builder completes it when it is dropped.
struct Gate<W> {
    sink: W,
    broken: bool,
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.sink.write(bytes).inspect_err(|_| self.broken = true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
