//! A Dockerfile and its build context, put together in code.
//!
//! Invariant: all that the Dockerfile adds is in the build context, and the same input gives the same bytes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use windlass_bundle::ResourceError;

use crate::context::{BuildContext, ContextError, ContextOptions};
use crate::disk_file::DiskFile;
use crate::dockerfile::{Addition, AdditionSource, Dockerfile, DockerfileError, ParsedDockerfile};
use crate::entry::{BadPath, Content, ContextPath, Entry, EntryKind, VirtualFile};
use crate::tar_stream::{Chunks, TarError, TarOptions, TarWriter};
use crate::zstd::ZstdEncoder;

/// How a build context is packed. Engines take gzip, whatever their age; zstd is for Engine 23 and newer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

/// A Dockerfile and its build context cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum ImageBuildError {
    #[error("malformed Dockerfile")]
    Dockerfile {
        #[from]
        source: DockerfileError,
    },
    #[error("cannot add to the build context")]
    Context {
        #[from]
        source: ContextError,
    },
    #[error("cannot name a file of the build context")]
    Path {
        #[from]
        source: BadPath,
    },
    #[error("cannot make the resources ready")]
    Resource {
        #[from]
        source: ResourceError,
    },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a tar that a builder unpacks: plain, gzip, bzip2 or xz", path.display())]
    NotAnArchive { path: PathBuf },
    #[error("the build context has a {0} already")]
    Taken(ContextPath),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot pack the build context")]
    Tar {
        #[from]
        source: TarError,
    },
}

/// Everything that a builder is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBuild {
    dockerfile: String,
    name: ContextPath,
    context: BuildContext,
    keeps_dates: bool,
}

impl ImageBuild {
    /// A Dockerfile, and in its build context what it adds.
    pub fn new(dockerfile: &Dockerfile) -> Result<Self, ImageBuildError> {
        let mut build = Self::of_text(dockerfile.text()?)?;
        for Addition { path, source } in dockerfile.additions() {
            build = match source {
                AdditionSource::Bytes(content) => build.add(path, content.to_vec())?,
                AdditionSource::Path(disk) => build.add_path(disk, path.as_bytes())?,
                AdditionSource::Archive(disk) => {
                    check_archive(disk)?;
                    build.add_path(disk, path.as_bytes())?
                }
            };
        }
        Ok(build)
    }

    /// A Dockerfile that was written elsewhere, with nothing in its build context.
    pub fn of_text(dockerfile: impl Into<String>) -> Result<Self, ImageBuildError> {
        let dockerfile = dockerfile.into();
        let parsed = ParsedDockerfile::parse(&dockerfile)?;
        parsed.image_references(&std::collections::BTreeMap::new(), None)?;
        let name = ContextPath::new("Dockerfile")?;
        Ok(Self { dockerfile, name, context: BuildContext::empty(), keeps_dates: false })
    }

    /// What the Dockerfile is called in a tar; `Dockerfile` if nothing is said.
    pub fn dockerfile_name(mut self, name: &str) -> Result<Self, ImageBuildError> {
        self.name = ContextPath::new(name)?;
        Ok(self)
    }

    /// Leave the dates of files as they are. Otherwise all are of 1970, so that a checkout of today is the bytes of yesterday's.
    #[must_use]
    pub fn keep_dates(mut self) -> Self {
        self.keeps_dates = true;
        self
    }

    /// A file of `content`, `0644` and of root.
    pub fn add_bytes(
        self,
        path: &str,
        content: impl Into<Vec<u8>>,
    ) -> Result<Self, ImageBuildError> {
        let path = ContextPath::new(path)?;
        self.add(&path, content.into())
    }

    /// A file of this machine, or what the `.dockerignore` of a directory leaves of it.
    pub fn add_path(
        self,
        disk: impl AsRef<Path>,
        path: impl AsRef<[u8]>,
    ) -> Result<Self, ImageBuildError> {
        let (disk, path) = (disk.as_ref(), ContextPath::new(path)?);
        let read = |source| ImageBuildError::Read { path: disk.to_owned(), source };
        let found = std::fs::metadata(disk).map_err(read)?;
        if found.is_dir() {
            return self.add_dir(&ContextOptions::new(disk), path.as_bytes());
        }
        // What a link leads to: it is the file that was asked for.
        let disk = disk.canonicalize().map_err(read)?;
        self.add_entry(file_entry(&disk, &found, path))
    }

    /// What the options leave of a directory, below `path`.
    pub fn add_dir(
        mut self,
        options: &ContextOptions,
        path: impl AsRef<[u8]>,
    ) -> Result<Self, ImageBuildError> {
        let found = BuildContext::walk(options)?;
        self.context.add_below(&ContextPath::new(path)?, found)?;
        Ok(self)
    }

    /// What the options leave of a directory, at the top: the Dockerfile's paths are relative to it.
    pub fn add_root(mut self, options: &ContextOptions) -> Result<Self, ImageBuildError> {
        let own = std::mem::replace(&mut self.context, BuildContext::walk(options)?);
        for entry in own.entries() {
            self = self.add_entry(entry.clone())?;
        }
        Ok(self)
    }

    pub fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// All that a build can see, but for the Dockerfile.
    pub fn context(&self) -> &BuildContext {
        &self.context
    }

    /// Write a tar as `docker build -` takes it, the Dockerfile at its end. Returns the bytes before compression.
    pub fn write<W: Write>(
        &self,
        sink: W,
        compression: Compression,
    ) -> Result<u64, ImageBuildError> {
        let gzip = compression == Compression::Gzip;
        let options = TarOptions { gzip, progress: None };
        if compression != Compression::Zstd {
            return self.write_tar(TarWriter::new(sink, options));
        }
        let mut encoder = ZstdEncoder::new(sink);
        let written = self.write_tar(TarWriter::new(&mut encoder, options))?;
        encoder.finish().map_err(|source| TarError::Write { source })?;
        Ok(written)
    }

    fn write_tar<W: Write>(&self, mut tar: TarWriter<'_, W>) -> Result<u64, ImageBuildError> {
        if self.context.entry(&self.name).is_some() {
            return Err(ImageBuildError::Taken(self.name.clone()));
        }
        for entry in self.context.entries() {
            if self.keeps_dates {
                tar.append(entry)?;
            } else {
                tar.append(&Entry { mtime_ns: 0, ..entry.clone() })?;
            }
        }
        let text = self.dockerfile.clone().into_bytes();
        tar.append(&VirtualFile::new(self.name.clone(), text).into())?;
        Ok(tar.finish()?)
    }

    /// Write it to a file, which is there only once it is whole.
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        compression: Compression,
    ) -> Result<u64, ImageBuildError> {
        let path = path.as_ref();
        let error = |source| ImageBuildError::Write { path: path.to_owned(), source };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let file = File::options().write(true).create_new(true).open(&partial).map_err(error)?;
        let written = self.write(io::BufWriter::new(file), compression);
        let kept = written.and_then(|bytes| {
            std::fs::rename(&partial, path).map_err(error)?;
            Ok(bytes)
        });
        if kept.is_err() {
            // The first error is the one to tell.
            drop(std::fs::remove_file(&partial));
        }
        kept
    }

    /// The tar as something to read from. It is written while it is read, by a thread that ends when the reader is dropped.
    pub fn reader(&self, compression: Compression) -> ImageBuildReader {
        let (sender, receiver) = mpsc::sync_channel(2);
        let build = self.clone();
        std::thread::spawn(move || {
            let send =
                |piece| sender.send(Ok(Some(piece))).map_err(|_| io::ErrorKind::BrokenPipe.into());
            let written = build.write(Chunks::new(send), compression);
            // Nobody hears it where the reader is gone.
            drop(sender.send(written.map(|_| None).map_err(io::Error::other)));
        });
        ImageBuildReader { receiver, piece: io::Cursor::default(), is_whole: false }
    }

    /// The Dockerfile and what a builder sees beside it.
    pub(crate) fn into_parts(self) -> (String, BuildContext) {
        let Self { dockerfile, name: _, mut context, keeps_dates } = self;
        if !keeps_dates {
            context.date_all(0);
        }
        (dockerfile, context)
    }

    /// A file of `content` that may have other permissions than usual.
    pub(crate) fn add_with_mode(
        self,
        path: &str,
        content: impl Into<Vec<u8>>,
        mode: u32,
    ) -> Result<Self, ImageBuildError> {
        let file = VirtualFile::new(ContextPath::new(path)?, content.into());
        self.add_entry(VirtualFile { mode, ..file }.into())
    }

    /// A file of this machine, with other permissions than it has.
    pub(crate) fn add_file_with_mode(
        self,
        disk: &Path,
        path: &str,
        mode: u32,
    ) -> Result<Self, ImageBuildError> {
        let read = |source| ImageBuildError::Read { path: disk.to_owned(), source };
        let disk = disk.canonicalize().map_err(read)?;
        let found = std::fs::metadata(&disk).map_err(read)?;
        let entry = file_entry(&disk, &found, ContextPath::new(path)?);
        self.add_entry(Entry { mode, ..entry })
    }

    fn add(self, path: &ContextPath, content: Vec<u8>) -> Result<Self, ImageBuildError> {
        self.add_entry(VirtualFile::new(path.clone(), content).into())
    }

    fn add_entry(mut self, entry: Entry) -> Result<Self, ImageBuildError> {
        match self.context.entry(&entry.path) {
            Some(there) if there.is_directory() && entry.is_directory() => return Ok(self),
            Some(there) if *there != entry => return Err(ImageBuildError::Taken(entry.path)),
            Some(_) | None => {}
        }
        self.context.add_entry(entry)?;
        Ok(self)
    }
}

fn file_entry(disk: &Path, found: &std::fs::Metadata, path: ContextPath) -> Entry {
    use std::os::unix::fs::MetadataExt as _;
    let mtime_ns = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    let kind = EntryKind::File {
        size: found.len(),
        content: Content::Disk(DiskFile::new(disk.to_owned(), found)),
    };
    Entry { path, kind, mode: found.mode() & 0o7777, uid: 0, gid: 0, mtime_ns }
}

/// A builder copies what it doesn't know to unpack, without a word.
fn check_archive(path: &Path) -> Result<(), ImageBuildError> {
    let read = |source| ImageBuildError::Read { path: path.to_owned(), source };
    let mut start = Vec::new();
    File::open(path).map_err(read)?.take(512).read_to_end(&mut start).map_err(read)?;
    let packed =
        [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ\0"].iter().any(|magic| start.starts_with(magic));
    let is_tar = start.get(257..262) == Some(b"ustar".as_slice());
    if packed || is_tar {
        Ok(())
    } else {
        Err(ImageBuildError::NotAnArchive { path: path.to_owned() })
    }
}

/// Reads a build context as a tar.
#[derive(Debug)]
pub struct ImageBuildReader {
    /// Nothing is the end. A thread that fell says neither.
    receiver: mpsc::Receiver<io::Result<Option<Vec<u8>>>>,
    piece: io::Cursor<Vec<u8>>,
    is_whole: bool,
}

impl Read for ImageBuildReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.is_whole {
                return Ok(read);
            }
            match self.receiver.recv() {
                Ok(Ok(Some(piece))) => self.piece = io::Cursor::new(piece),
                Ok(Ok(None)) => self.is_whole = true,
                Ok(Err(error)) => return Err(error),
                Err(mpsc::RecvError) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}
