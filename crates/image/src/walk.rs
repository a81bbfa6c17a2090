//! From a directory on disk to the entries of a build context.
//!
//! Invariant: the same tree gives the same list: names are sorted as bytes, and nothing depends on the order of the disk.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::context::{ContextError, ContextOptions, ContextWarning, read_ignore_file};
use crate::disk_file::DiskFile;
use crate::entry::{Content, ContextPath, Entry, EntryKind};
use crate::git::GitFiles;
use crate::git_times::CommitTimes;
use crate::globs::Globs;
use crate::ignore::{IgnoreRules, Matches};

/// What decides about each path.
struct Selection {
    ignore: IgnoreRules,
    exclude: Globs,
    include: Globs,
    git: Option<GitFiles>,
}

/// What a directory hands down to its content.
#[derive(Clone, Default)]
struct Inherited {
    ignored_by: Matches,
    /// Left out by `exclude` or git: only `include` can bring back what is beneath.
    unlisted: bool,
    included: bool,
    /// Reached through a followed link that git lists, so git has no say about what is beneath.
    beyond_git: bool,
}

struct Verdict {
    kept: bool,
    /// For a directory: something beneath may be kept.
    descend: bool,
    inherited: Inherited,
}

struct Walk {
    selection: Selection,
    follow_links: bool,
    root: PathBuf,
    entries: Vec<Entry>,
    warnings: Vec<ContextWarning>,
    /// The directories above the current one that are sent only if something beneath is.
    pending: Vec<Entry>,
    /// Canonical paths of the directories that the walk is in; kept only while following links.
    inside: Vec<PathBuf>,
}

pub(crate) fn walk(
    options: &ContextOptions,
) -> Result<(Vec<Entry>, Vec<ContextWarning>), ContextError> {
    let directory = &options.directory;
    let error = |source| ContextError::ReadDirectory { path: directory.clone(), source };
    let root = fs::canonicalize(directory).map_err(error)?;
    if !root.is_dir() {
        return Err(ContextError::NotADirectory { path: directory.clone() });
    }
    let git = if options.use_gitignore { Some(GitFiles::list(&root)?) } else { None };
    let selection = Selection {
        ignore: read_ignore_file(options)?,
        exclude: Globs::new(&options.exclude)?,
        include: Globs::new(&options.include)?,
        git,
    };
    let mut walk = Walk {
        selection,
        follow_links: options.follow_links,
        inside: vec![root.clone()],
        root: root.clone(),
        entries: Vec::new(),
        warnings: Vec::new(),
        pending: Vec::new(),
    };
    let found = Walk::found(&root, true)?;
    walk.children(&root, b"", found, &Inherited::default())?;
    if options.git_timestamps {
        walk.date(&root)?;
    }
    Ok((walk.entries, walk.warnings))
}

impl Selection {
    fn judge(&self, path: &[u8], parent: &Inherited, is_directory: bool) -> Verdict {
        let (ignored, ignored_by) = self.ignore.check(path, &parent.ignored_by);
        let listed = parent.beyond_git
            || self.git.as_ref().is_none_or(|git| {
                if is_directory { git.has_directory(path) } else { git.has_file(path) }
            });
        let unlisted = parent.unlisted || !listed || self.exclude.is_match(path);
        let included = parent.included || self.include.is_match(path);
        let kept = included || !(ignored || unlisted);
        let descend = kept
            || self.include.may_match_beneath(path)
            || (!unlisted && self.ignore.may_readmit_beneath(path));
        let beyond_git = parent.beyond_git;
        Verdict {
            kept,
            descend,
            inherited: Inherited { ignored_by, unlisted, included, beyond_git },
        }
    }
}

impl Walk {
    /// What is in a directory; what is left out anyway need not be readable.
    fn found(disk: &Path, kept: bool) -> Result<Vec<Found>, ContextError> {
        sorted(disk).or_else(|source| {
            if !kept && source.kind() == std::io::ErrorKind::PermissionDenied {
                return Ok(Vec::new());
            }
            Err(ContextError::ReadDirectory { path: disk.to_owned(), source })
        })
    }

    fn children(
        &mut self,
        disk: &Path,
        path: &[u8],
        found: Vec<Found>,
        inherited: &Inherited,
    ) -> Result<(), ContextError> {
        for (name, found) in found {
            let child = ContextPath::child(path, &name);
            let disk = disk.join(std::ffi::OsStr::from_bytes(&name));
            let unread = |source| ContextError::ReadFile { path: disk.clone(), source };
            let found = found.map_err(unread)?;
            self.child(child, disk, found, inherited)?;
        }
        Ok(())
    }

    fn child(
        &mut self,
        path: ContextPath,
        mut disk: PathBuf,
        mut found: Metadata,
        inherited: &Inherited,
    ) -> Result<(), ContextError> {
        let error = |path: &Path, source| ContextError::ReadFile { path: path.to_owned(), source };
        let mut inherited = inherited.clone();
        if found.is_symlink()
            && self.follow_links
            && let Some(target) = self.follow(&path, &disk, &inherited)
        {
            let listed =
                self.selection.git.as_ref().is_none_or(|git| git.has_file(path.as_bytes()));
            inherited.beyond_git |= listed;
            found = target.metadata().map_err(|source| error(&disk, source))?;
            disk = target;
        }
        let verdict = self.selection.judge(path.as_bytes(), &inherited, found.is_dir());
        if found.is_dir() {
            return self.subdirectory(&path, &disk, &found, &verdict);
        }
        if !verdict.kept {
            return Ok(());
        }
        let kind = if found.is_symlink() {
            let target = fs::read_link(&disk).map_err(|source| error(&disk, source))?;
            EntryKind::Symlink { target: target.into_os_string().into_vec() }
        } else if found.is_file() {
            EntryKind::File {
                size: found.len(),
                content: Content::Disk(DiskFile::new(disk, &found)),
            }
        } else {
            self.warnings.push(ContextWarning::SpecialFile { path });
            return Ok(());
        };
        self.emit(entry(path, kind, &found));
        Ok(())
    }

    fn subdirectory(
        &mut self,
        path: &ContextPath,
        disk: &Path,
        found: &Metadata,
        verdict: &Verdict,
    ) -> Result<(), ContextError> {
        if !verdict.descend {
            return Ok(());
        }
        let depth = self.pending.len();
        let entry = entry(path.clone(), EntryKind::Directory, found);
        let beneath = Self::found(disk, verdict.kept)?;
        // A directory that `exclude` may empty is sent only if it does not.
        if verdict.kept && (beneath.is_empty() || self.selection.exclude.is_empty()) {
            self.emit(entry);
        } else {
            self.pending.push(entry);
        }
        if self.follow_links {
            self.inside.push(fs::canonicalize(disk).unwrap_or_else(|_| disk.to_owned()));
        }
        let walked = self.children(disk, path.as_bytes(), beneath, &verdict.inherited);
        if self.follow_links {
            self.inside.pop();
        }
        self.pending.truncate(depth);
        walked
    }

    fn emit(&mut self, entry: Entry) {
        self.entries.append(&mut self.pending);
        self.entries.push(entry);
    }

    /// Where a link leads, if that is inside the build context and no loop; a dangling link stays a link.
    fn follow(
        &mut self,
        path: &ContextPath,
        disk: &Path,
        inherited: &Inherited,
    ) -> Option<PathBuf> {
        let target = fs::canonicalize(disk).ok()?;
        let warning = if !target.starts_with(&self.root) {
            ContextWarning::LinkLeadsOut { path: path.clone() }
        } else if self.inside.contains(&target) {
            ContextWarning::LinkLoops { path: path.clone() }
        } else {
            return Some(target);
        };
        if self.selection.judge(path.as_bytes(), inherited, false).kept {
            self.warnings.push(warning);
        }
        None
    }

    /// Give every committed file the time of its last commit, and every directory that of its newest file.
    fn date(&mut self, root: &Path) -> Result<(), ContextError> {
        let wanted: HashSet<Vec<u8>> = self
            .entries
            .iter()
            .filter(|entry| !entry.is_directory())
            .map(|entry| entry.path.as_bytes().to_vec())
            .collect();
        let times = CommitTimes::read(root, &wanted)?;
        if times.shallow {
            self.warnings.push(ContextWarning::ShallowHistory);
        }
        let mut newest: std::collections::HashMap<Vec<u8>, i64> = std::collections::HashMap::new();
        for entry in self.entries.iter_mut().rev() {
            if entry.is_directory() {
                entry.mtime_ns = newest.get(entry.path.as_bytes()).copied().unwrap_or(0);
            } else if let Some(seconds) = times.of(entry.path.as_bytes()) {
                entry.mtime_ns = seconds.saturating_mul(1_000_000_000);
            }
            if let Some(parent) = entry.path.parent() {
                let latest = newest.entry(parent.as_bytes().to_vec()).or_insert(entry.mtime_ns);
                *latest = entry.mtime_ns.max(*latest);
            }
        }
        Ok(())
    }
}

/// A name, and what is there under it.
type Found = (Vec<u8>, std::io::Result<Metadata>);

/// By name. The system looks each up in the open directory, which costs less than by its whole path.
fn sorted(directory: &Path) -> std::io::Result<Vec<Found>> {
    let mut found = fs::read_dir(directory)?
        .map(|item| {
            let item = item?;
            Ok((item.file_name().into_vec(), item.metadata()))
        })
        .collect::<std::io::Result<Vec<_>>>()?;
    found.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    Ok(found)
}

fn entry(path: ContextPath, kind: EntryKind, found: &Metadata) -> Entry {
    let mtime_ns = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    // Whoever runs the build owns the files here; in an image root does, as with every other builder.
    Entry { path, kind, mode: found.mode() & 0o7777, uid: 0, gid: 0, mtime_ns }
}
