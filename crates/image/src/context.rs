//! A build context: the list of everything that a build can see, in one order.
//!
//! Invariant: the entries are sorted, each path occurs once, and the directory of every entry is an entry before it.

use std::fs::{File, Metadata};
use std::io::{Cursor, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk_file::{DiskFile, FileState};
use crate::entry::{Content, ContextPath, Entry, EntryKind, VirtualFile};
use crate::git::GitError;
use crate::globs::GlobError;
use crate::ignore::{IgnoreError, IgnoreRules};
use crate::walk;

/// What to take of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the user's own independent switches")]
pub struct ContextOptions {
    pub directory: PathBuf,
    /// Where the Dockerfile lies: `<Dockerfile>.dockerignore` beside it wins over the directory's `.dockerignore`.
    pub dockerfile: Option<PathBuf>,
    /// Files to leave out, as [`Globs`](crate::globs::Globs).
    pub exclude: Vec<String>,
    /// Files to take whatever else says no, as [`Globs`](crate::globs::Globs).
    pub include: Vec<String>,
    pub use_dockerignore: bool,
    /// Take only what git tracks or would offer to add.
    pub use_gitignore: bool,
    /// Date files by their last commit; the digest then covers the dates. Files that differ from it in a byte keep their own.
    pub git_timestamps: bool,
    /// Replace links by what they point at, if that is inside the directory.
    pub follow_links: bool,
}

impl ContextOptions {
    /// All of `directory` but for what its `.dockerignore` excludes.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            dockerfile: None,
            exclude: Vec::new(),
            include: Vec::new(),
            use_dockerignore: true,
            use_gitignore: false,
            git_timestamps: false,
            follow_links: false,
        }
    }
}

/// The build context could not be listed or read.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    #[error("cannot read the directory {}", path.display())]
    ReadDirectory { path: PathBuf, source: std::io::Error },
    #[error("cannot read {}", path.display())]
    ReadFile { path: PathBuf, source: std::io::Error },
    #[error("{} changed while it was read", path.display())]
    Changed { path: PathBuf },
    #[error("{} is not a directory", path.display())]
    NotADirectory { path: PathBuf },
    #[error("malformed ignore file {}", path.display())]
    Ignore { path: PathBuf, source: IgnoreError },
    #[error("malformed list of files")]
    Glob {
        #[from]
        source: GlobError,
    },
    #[error("cannot ask git about the build context")]
    Git {
        #[from]
        source: GitError,
    },
    #[error("{path} is a directory in the build context and cannot be a file")]
    IsDirectory { path: ContextPath },
    #[error("{path} is not a directory in the build context and can hold nothing")]
    NotInDirectory { path: ContextPath },
}

/// Something was left out or may surprise; the build can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextWarning {
    /// A pipe, socket or device; no image can be given one in this way.
    SpecialFile { path: ContextPath },
    /// `follow_links` is on, but this one leads out of the directory; it stays a link.
    LinkLeadsOut { path: ContextPath },
    /// `follow_links` is on, but this one leads to a directory that holds it; it stays a link.
    LinkLoops { path: ContextPath },
    /// The repository is a shallow clone, so old files have the date of its oldest commit.
    ShallowHistory,
}

impl std::fmt::Display for ContextWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SpecialFile { path } => {
                write!(f, "{path} is left out: it is a pipe, a socket or a device")
            }
            Self::LinkLeadsOut { path } => {
                write!(f, "{path} stays a link: it leads out of the build context")
            }
            Self::LinkLoops { path } => {
                write!(f, "{path} stays a link: it leads to a directory that holds it")
            }
            Self::ShallowHistory => f.write_str(
                "the repository is a shallow clone: old files have the date of its oldest commit",
            ),
        }
    }
}

/// Everything that a build can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildContext {
    entries: Vec<Entry>,
    warnings: Vec<ContextWarning>,
    /// Whether the dates mean something, so that the digest covers them.
    dated: bool,
}

impl BuildContext {
    /// A build context without files.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A single one, at the top.
    pub(crate) fn of_entry(entry: Entry) -> Self {
        Self { entries: vec![entry], ..Self::default() }
    }

    /// List a directory. File contents are not read yet.
    pub fn walk(options: &ContextOptions) -> Result<Self, ContextError> {
        let (entries, warnings) = walk::walk(options)?;
        Ok(Self { entries, warnings, dated: options.git_timestamps })
    }

    /// Sorted; a directory's content follows it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Paths must stay as they are.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    pub fn warnings(&self) -> &[ContextWarning] {
        &self.warnings
    }

    pub(crate) fn is_dated(&self) -> bool {
        self.dated
    }

    /// Bytes of all files together.
    pub fn total_size(&self) -> u64 {
        self.entries.iter().map(Entry::size).sum()
    }

    pub fn entry(&self, path: &ContextPath) -> Option<&Entry> {
        self.position(path).ok().map(|at| &self.entries[at])
    }

    /// Add a file from memory, or put it in a file's place. Missing parents become directories of root, `0755`.
    pub fn add(&mut self, file: VirtualFile) -> Result<(), ContextError> {
        self.insert(file.into())
    }

    /// Give all the same date, in nanoseconds since 1970.
    pub(crate) fn date_all(&mut self, mtime_ns: i64) {
        for entry in &mut self.entries {
            entry.mtime_ns = mtime_ns;
        }
    }

    /// Add one of any kind, or put it in the place of one.
    pub(crate) fn add_entry(&mut self, entry: Entry) -> Result<(), ContextError> {
        self.insert(entry)
    }

    /// Take in all of `other` below `directory`. What exists already is replaced.
    pub fn add_below(&mut self, directory: &ContextPath, other: Self) -> Result<(), ContextError> {
        self.add_parents(&ContextPath::child(directory.as_bytes(), b"_"))?;
        let mut fresh = Vec::new();
        for mut entry in other.entries {
            entry.path = ContextPath::child(directory.as_bytes(), entry.path.as_bytes());
            match self.position(&entry.path) {
                Ok(_) => self.insert(entry)?,
                Err(_) => fresh.push(entry),
            }
        }
        self.entries.append(&mut fresh);
        self.entries.sort_by(|left, right| left.path.cmp(&right.path));
        self.warnings.extend(other.warnings);
        Ok(())
    }

    /// Open a file. Reading gives exactly the listed size or fails; nothing for a directory or link.
    pub fn open(&self, path: &ContextPath) -> Result<Option<FileReader>, ContextError> {
        self.entry(path).map_or(Ok(None), FileReader::open)
    }

    fn position(&self, path: &ContextPath) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.path.cmp(path))
    }

    fn insert(&mut self, entry: Entry) -> Result<(), ContextError> {
        self.add_parents(&entry.path)?;
        match self.position(&entry.path) {
            Ok(at) if self.entries[at].is_directory() && !entry.is_directory() => {
                Err(ContextError::IsDirectory { path: entry.path })
            }
            Ok(at) => {
                self.entries[at] = entry;
                Ok(())
            }
            Err(at) => {
                self.entries.insert(at, entry);
                Ok(())
            }
        }
    }

    fn add_parents(&mut self, path: &ContextPath) -> Result<(), ContextError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        match self.position(&parent) {
            Ok(at) if self.entries[at].is_directory() => Ok(()),
            Ok(_) => Err(ContextError::NotInDirectory { path: parent }),
            Err(_) => {
                self.add_parents(&parent)?;
                let at = self.position(&parent).unwrap_or_else(|at| at);
                let kind = EntryKind::Directory;
                let directory =
                    Entry { path: parent, kind, mode: 0o755, uid: 0, gid: 0, mtime_ns: 0 };
                self.entries.insert(at, directory);
                Ok(())
            }
        }
    }
}

/// Find and read the ignore file that counts; none is no rules.
pub(crate) fn read_ignore_file(options: &ContextOptions) -> Result<IgnoreRules, ContextError> {
    if !options.use_dockerignore {
        return Ok(IgnoreRules::default());
    }
    let own = options.dockerfile.as_ref().map(|dockerfile| {
        let mut name = dockerfile.as_os_str().to_owned();
        name.push(".dockerignore");
        options.directory.join(name)
    });
    for path in own.into_iter().chain([options.directory.join(".dockerignore")]) {
        match windlass_files::read(&path, windlass_files::TEXT_MAX_BYTES) {
            Ok(text) => {
                return IgnoreRules::parse(&text)
                    .map_err(|source| ContextError::Ignore { path, source });
            }
            Err(source) if is_absent(&source) => {}
            Err(source) => return Err(ContextError::ReadFile { path, source }),
        }
    }
    Ok(IgnoreRules::default())
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Reads one file of a build context: exactly its listed size, or an error.
#[derive(Debug)]
pub struct FileReader {
    source: FileSource,
    left: u64,
}

#[derive(Debug)]
enum FileSource {
    Memory(Cursor<Arc<[u8]>>),
    /// With what it was when it was listed, if it must stay as old as it was.
    Disk(File, Option<FileState>),
}

impl FileReader {
    /// To be sent; a file whose date is not as listed has changed, whatever its size. Nothing for what is not a file.
    pub(crate) fn open(entry: &Entry) -> Result<Option<Self>, ContextError> {
        Self::open_as(entry, true)
    }

    /// To be hashed: what is there is as good as what was listed.
    pub(crate) fn open_to_hash(entry: &Entry) -> Result<Option<Self>, ContextError> {
        Self::open_as(entry, false)
    }

    fn open_as(entry: &Entry, dated: bool) -> Result<Option<Self>, ContextError> {
        let EntryKind::File { size, content } = &entry.kind else { return Ok(None) };
        let source = match content {
            Content::Memory(bytes) => FileSource::Memory(Cursor::new(Arc::clone(bytes))),
            Content::Disk(listed) => open_unchanged(listed, dated)?,
        };
        Ok(Some(Self { source, left: *size }))
    }
}

/// A link, pipe or file of another size in the listed file's place is a change.
fn open_unchanged(listed: &DiskFile, dated: bool) -> Result<FileSource, ContextError> {
    let DiskFile { path, state } = listed;
    let changed = || ContextError::Changed { path: path.to_owned() };
    let error = |source: std::io::Error| match source.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => changed(),
        _ if source.kind() == std::io::ErrorKind::NotFound => changed(),
        _ => ContextError::ReadFile { path: path.to_owned(), source },
    };
    // Without NONBLOCK, opening a pipe that took the file's place would wait for ever.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(error)?;
    let found = file.metadata().map_err(error)?;
    let is_dated = !dated || is_as_old(&found, state);
    if found.is_file() && found.len() == state.size && is_dated {
        Ok(FileSource::Disk(file, dated.then_some(*state)))
    } else {
        Err(changed())
    }
}

/// The other dates also change with names, owners and links.
fn is_as_old(found: &Metadata, listed: &FileState) -> bool {
    FileState::of(found).mtime_ns == listed.mtime_ns
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut probe = [0];
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let target = if self.left == 0 { &mut probe[..] } else { &mut buffer[..wanted] };
        let read = match &mut self.source {
            FileSource::Memory(bytes) => bytes.read(target)?,
            FileSource::Disk(file, _) => file.read(target)?,
        };
        if (read == 0) != (self.left == 0) {
            return Err(std::io::Error::other(FileChanged));
        }
        self.left -= read as u64;
        if self.left == 0
            && let FileSource::Disk(file, Some(listed)) = &self.source
            && !is_as_old(&file.metadata()?, listed)
        {
            return Err(std::io::Error::other(FileChanged));
        }
        Ok(read)
    }
}

/// The reason inside an I/O error when a file is not what was listed, any more.
#[derive(Debug, thiserror::Error)]
#[error("the file changed while it was read")]
pub(crate) struct FileChanged;

impl ContextError {
    /// Name the file in an error that came from reading it.
    pub(crate) fn reading(entry: &Entry, source: std::io::Error) -> Self {
        let path = match &entry.kind {
            EntryKind::File { content: Content::Disk(file), .. } => file.path.clone(),
            EntryKind::Directory | EntryKind::File { .. } | EntryKind::Symlink { .. } => {
                entry.path.as_path().to_owned()
            }
        };
        if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<FileChanged>) {
            Self::Changed { path }
        } else {
            Self::ReadFile { path, source }
        }
    }
}
