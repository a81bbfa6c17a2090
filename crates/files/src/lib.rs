//! Reading files that others wrote, within bounds.
//!
//! Invariant: nothing here waits for anybody, and nothing grows beyond a stated limit: what is opened is a regular
//! file, and at most its limit is read. The one exception is [`read_descriptor`], whose other end the caller chose.

use std::fs::{File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// The most that a file which people write by hand may have: a project, a Dockerfile, an ignore file, variables.
pub const TEXT_MAX_BYTES: u64 = 16 << 20;
/// The most that a secret, a key or a certificate may have.
pub const SECRET_MAX_BYTES: u64 = 1 << 20;

/// Opens a regular file, or says what it is instead. A symbolic link is followed.
pub fn open(path: &Path) -> io::Result<File> {
    // Opening some devices does something, so they are not even opened.
    check(std::fs::metadata(path)?.file_type())?;
    // What has taken the file's place since: without NONBLOCK a FIFO would wait for its writer, and so would those
    // files of the kernel that are regular by name only.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// All of a regular file that has at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let expected = file.metadata()?.len();
    if expected > limit {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    read_all(file, limit, &mut bytes)?;
    Ok(bytes)
}

/// As [`read`], for UTF-8 text.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Whether a path names something that the caller of the program has opened: `/dev/stdin`, or what a shell makes of
/// `<(command)`.
pub fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"].iter().any(|fds| path.parent() == Some(Path::new(fds)))
}

/// All of what a descriptor's path gives, whatever it is, up to `limit` bytes.
pub fn read_descriptor(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_all(File::open(path)?, limit, &mut bytes)?;
    Ok(bytes)
}

/// Everything from `source`, which may have at most `limit` bytes.
pub fn read_all(source: impl Read, limit: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let read = source.take(limit.saturating_add(1)).read_to_end(into)?;
    if read as u64 > limit { Err(too_large(limit)) } else { Ok(()) }
}

fn check(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let what = if kind.is_fifo() {
        "it is a FIFO, not a file"
    } else if kind.is_socket() {
        "it is a socket, not a file"
    } else {
        "it is a device, not a file"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn too_large(limit: u64) -> io::Error {
    let message = format!("it is larger than the limit of {}", bytes(limit));
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}

fn bytes(number: u64) -> String {
    if number >= 1 << 20 { format!("{} MiB", number >> 20) } else { format!("{number} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), vec![b'x'; 1 << 20]).expect("written");
        std::os::unix::fs::symlink("file", path("link")).expect("linked");
        std::os::unix::fs::symlink("loop", path("loop")).expect("linked");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), mode).expect("made");
        let _listener = UnixListener::bind(path("socket")).expect("bound");
        for name in ["file", "link"] {
            assert_eq!(read(&path(name), 1 << 20).expect("read").len(), 1 << 20, "{name}");
        }
        for (path, limit, expected) in [
            (path("file"), (1 << 20) - 1, "larger than the limit"),
            (path("fifo"), 9, "a FIFO"),
            (path("socket"), 9, "a socket"),
            (path("loop"), 9, "symbolic links"),
            (path("none"), 9, "No such file"),
            (path(""), 9, "is a directory"),
            ("/dev/zero".into(), 9, "a device"),
            ("/dev/null".into(), 9, "a device"),
        ] {
            let error = read(&path, limit).expect_err("refused").to_string();
            assert!(error.contains(expected), "{}: {error}", path.display());
        }
    }

    #[test]
    fn a_file_that_hides_its_size_is_bounded_too() {
        // The kernel says 0 bytes.
        assert!(!read(Path::new("/proc/self/status"), 1 << 20).expect("read").is_empty());
        let error = read(Path::new("/proc/self/status"), 10).expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let error = read_descriptor(Path::new("/dev/zero"), 10).expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn descriptors_are_known_by_their_path() {
        for (path, expected) in [
            ("/dev/stdin", true),
            ("/dev/fd/63", true),
            ("/proc/self/fd/3", true),
            ("/dev/zero", false),
            ("dev/stdin", false),
        ] {
            assert_eq!(is_descriptor(Path::new(path)), expected, "{path}");
        }
    }
}
