//! Which committed files are on disk as they were committed.
//!
//! Invariant: no command of a repository runs, neither of this one nor of one inside it. git's own comparison sends contents through
//! the filters that a repository names, so git is asked for names, numbers and hashes only, and contents count byte for byte: a file
//! that git wrote itself is known by what the index noted of it, one that was touched since is hashed as it is.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::git::{GitError, run, run_with};
use crate::git_index::{Index, Noted};

/// What a commit has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// As git writes it: the kind, and whether it can be executed.
    pub(crate) mode: u32,
    /// The object's name in hexadecimal.
    pub(crate) object: Vec<u8>,
}

/// By path, seen from the directory that was asked about.
pub(crate) type Versions = HashMap<Vec<u8>, Version>;

const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

impl Version {
    pub(crate) fn is_submodule(&self) -> bool {
        self.mode & KIND == SUBMODULE
    }
}

/// All that is committed beneath a directory, submodules as one each.
pub(crate) fn committed(directory: &Path) -> Result<Versions, GitError> {
    let listed = run(directory, &["ls-tree", "-r", "-z", "HEAD"])?;
    let version = |line: &[u8]| {
        let tab = line.iter().position(|&byte| byte == b'\t')?;
        let mut words = line[..tab].split(|&byte| byte == b' ');
        let mode = u32::from_str_radix(std::str::from_utf8(words.next()?).ok()?, 8).ok()?;
        Some((line[tab + 1..].to_vec(), Version { mode, object: words.nth(1)?.to_vec() }))
    };
    Ok(listed.split(|&byte| byte == 0).filter_map(version).collect())
}

/// Leaves what is on disk as `versions` has it.
pub(crate) fn keep_unchanged(directory: &Path, versions: &mut Versions) -> Result<(), GitError> {
    keep_as_in(&Index::read(directory)?, directory, versions)
}

fn keep_as_in(index: &Index, directory: &Path, versions: &mut Versions) -> Result<(), GitError> {
    let mut unsure = Vec::new();
    let mut submodules = Vec::new();
    versions.retain(|path, version| {
        let Some(noted) = index.files.get(path) else { return false };
        if version.is_submodule() {
            submodules.push(path.clone());
            return true;
        }
        let same = as_noted(index, noted, &on_disk(directory, path), version);
        if same.is_none() {
            unsure.push(path.clone());
        }
        same.unwrap_or(true)
    });
    for path in submodules {
        if !is_at(&on_disk(directory, &path), &versions[&path].object)? {
            versions.remove(&path);
        }
    }
    let (links, files): (Vec<_>, Vec<_>) =
        unsure.into_iter().partition(|path| versions[path].mode & KIND == LINK);
    let hashes = [hash_files(directory, &files)?, hash_links(directory, &links)?].concat();
    for (index, path) in files.into_iter().chain(links).enumerate() {
        if hashes.get(index) != Some(&versions[&path].object) {
            versions.remove(&path);
        }
    }
    Ok(())
}

fn on_disk(directory: &Path, path: &[u8]) -> PathBuf {
    directory.join(std::ffi::OsStr::from_bytes(path))
}

/// Whether a file is the committed one; none if only its content can tell.
fn as_noted(index: &Index, noted: &Noted, disk: &Path, version: &Version) -> Option<bool> {
    if noted.is_assumed_unchanged {
        return Some(noted.object == version.object);
    }
    let Ok(found) = disk.symlink_metadata() else { return Some(false) };
    if !has_mode(&found, version, index.modes_count) {
        return Some(false);
    }
    index.is_untouched(noted, &found).then(|| noted.object == version.object)
}

fn has_mode(found: &Metadata, version: &Version, modes_count: bool) -> bool {
    match version.mode & KIND {
        LINK => found.is_symlink(),
        FILE => {
            let executable = found.mode() & 0o100 != 0;
            found.is_file() && (!modes_count || executable == (version.mode & 0o100 != 0))
        }
        _ => false,
    }
}

/// Whether a submodule is at this commit, with nothing changed. One that is not checked out is.
fn is_at(directory: &Path, commit: &[u8]) -> Result<bool, GitError> {
    if !directory.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(false);
    }
    if directory.join(".git").symlink_metadata().is_err() {
        return Ok(true);
    }
    match run(directory, &["rev-parse", "--quiet", "--verify", "HEAD"]) {
        Ok(head) if head.trim_ascii() == commit => {}
        Ok(_) | Err(GitError::Failed { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    let mut versions = committed(directory)?;
    let index = Index::read(directory)?;
    let count = versions.len();
    if index.files.len() != count {
        return Ok(false);
    }
    keep_as_in(&index, directory, &mut versions)?;
    Ok(versions.len() == count)
}

/// What git would name the contents as they are, without any conversion.
fn hash_files(directory: &Path, paths: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, GitError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = Vec::new();
    for path in paths {
        quote(on_disk(directory, path).as_os_str().as_bytes(), &mut list);
    }
    let hashes = run_with(directory, &["hash-object", "--no-filters", "--stdin-paths"], &list)?;
    Ok(hashes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).take(paths.len()).collect())
}

/// git follows links that it is told to hash, so it is given where they lead.
fn hash_links(directory: &Path, paths: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, GitError> {
    let hash = |path: &Vec<u8>| {
        let target = std::fs::read_link(on_disk(directory, path))
            .map_err(|source| GitError::Read { source })?;
        let target = target.into_os_string().into_vec();
        let hash = run_with(directory, &["hash-object", "--no-filters", "--stdin"], &target)?;
        Ok(hash.trim_ascii().to_vec())
    };
    paths.iter().map(hash).collect()
}

/// A line of its own in git's quotes, whatever bytes the path has.
fn quote(path: &[u8], list: &mut Vec<u8>) {
    list.push(b'"');
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            list.push(byte);
        } else {
            list.extend(format!("\\{byte:03o}").bytes());
        }
    }
    list.extend(b"\"\n");
}
