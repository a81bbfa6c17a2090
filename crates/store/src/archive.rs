//! Archives: what they are is read from their first bytes, not from names.
//!
//! Invariant: an archive is a stream that never ends for all that is known here: bytes and entries are counted.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use windlass_bundle::TreeEntry;

use crate::entries::{Entries, refused};
use crate::store::Store;
use crate::zip;

/// The most memory that a frame of zstd may ask for.
const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// What is in an archive of the store. `key`: under which it is found again.
pub(crate) fn extract(
    store: &Store,
    archive: &Path,
    key: &str,
    strip: u32,
) -> io::Result<Vec<TreeEntry>> {
    if let Some(known) = Entries::known(store, key) {
        return Ok(known);
    }
    let mut file = File::open(archive)?;
    let mut magic = [0; 6];
    let length = read_some(&mut file, &mut magic)?;
    file.rewind()?;
    let mut entries = Entries::new(store, strip);
    match &magic[..length] {
        [0x1f, 0x8b, ..] => untar(&mut entries, MultiGzDecoder::new(BufReader::new(file)))?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            untar(&mut entries, Frames::new(BufReader::new(file))?)?;
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0] => unpacked_by("xz", file, &mut entries)?,
        [b'B', b'Z', b'h', ..] => unpacked_by("bzip2", file, &mut entries)?,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => zip::extract(file, &mut entries)?,
        _ => untar(&mut entries, BufReader::new(file))?,
    }
    entries.finish(key)
}

fn read_some(from: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match from.read(&mut into[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn untar(entries: &mut Entries<'_>, from: impl Read) -> io::Result<()> {
    let mut count = 0;
    for entry in tar::Archive::new(from).entries()? {
        let mut entry = entry?;
        count += 1;
        let name = entry.path_bytes().into_owned();
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        let kind = entry.header().entry_type();
        if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            let executable = entry.header().mode()? & 0o100 != 0;
            entries.file(&name, executable, &mut entry)?;
        } else if kind.is_dir() {
            entries.directory(&name)?;
        } else if kind.is_symlink() {
            entries.link(&name, &target)?;
        } else if kind.is_hard_link() {
            entries.same(&name, &target)?;
        } else if !kind.is_pax_global_extensions() {
            return Err(refused(&name, "it is a device, a FIFO or unknown"));
        }
    }
    if count == 0 {
        return Err(io::Error::other("it is no archive, or an empty one"));
    }
    Ok(())
}

type Frame = StreamingDecoder<BufReader<File>, FrameDecoder>;

/// All frames of zstd, one after the other.
struct Frames(Option<Frame>);

impl Frames {
    fn new(source: BufReader<File>) -> io::Result<Self> {
        let frame = StreamingDecoder::new_with_max_window_size(source, MAX_WINDOW_BYTES);
        Ok(Self(Some(frame.map_err(io::Error::other)?)))
    }
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.0 {
            let length = frame.read(into)?;
            if length > 0 || into.is_empty() {
                return Ok(length);
            }
            let Some(frame) = self.0.take() else { break };
            let mut source = frame.into_inner();
            if !source.fill_buf()?.is_empty() {
                *self = Self::new(source)?;
            }
        }
        Ok(0)
    }
}

/// As a program of the system gives it: what packs so tightly that few have it built in.
fn unpacked_by(program: &str, file: File, entries: &mut Entries<'_>) -> io::Result<()> {
    let mut command = Command::new(program);
    command.arg("-dc").stdin(file).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("`{program}`, which unpacks it, can't be run: {error}"),
        )
    })?;
    let mut child = Ended(child);
    let Some(stdout) = child.0.stdout.take() else { return Ok(()) };
    untar(entries, BufReader::new(stdout))?;
    // What is behind the end of the archive is only padding.
    let status = child.0.wait()?;
    if !status.success() && status.code().is_some() {
        return Err(io::Error::other(format!("`{program}` could not unpack it: {status}")));
    }
    Ok(())
}

/// A program that does not outlive what it was started for.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
