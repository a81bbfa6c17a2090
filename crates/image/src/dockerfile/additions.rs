//! What a Dockerfile takes from its build context, brought along by the Dockerfile itself.
//!
//! Invariant: an instruction that adds a file and the record of that file are written together, so that neither is without the
//! other, and one path of the build context is one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Copy, Dockerfile, DockerfileProblem, Word};
use crate::entry::ContextPath;

/// Something that has to be in the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    pub path: ContextPath,
    pub source: AdditionSource,
}

/// Where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdditionSource {
    /// A file or directory of this machine; of a directory what its `.dockerignore` leaves.
    Path(PathBuf),
    /// A tar, as it is or compressed with gzip, bzip2 or xz: what the builder unpacks.
    Archive(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Dockerfile {
    /// Copy a file of this machine, or what is in a directory, to `dest`. In the build context it has its own name.
    pub fn add_file(self, source: impl AsRef<Path>, dest: impl Into<Word>) -> Self {
        let copy = Copy { dest: Some(dest.into()), ..Copy::default() };
        self.add_file_with(source, copy)
    }

    /// As [`Dockerfile::add_file`], with owner and mode; `copy.sources` are added to.
    pub fn add_file_with(self, source: impl AsRef<Path>, copy: Copy) -> Self {
        let source = source.as_ref();
        let name = file_name(source);
        self.bring(&name, AdditionSource::Path(source.to_owned()), "COPY", copy)
    }

    /// Make a file of `content`.
    pub fn add_bytes(self, content: impl Into<Vec<u8>>, name: &str, dest: impl Into<Word>) -> Self {
        let copy = Copy { dest: Some(dest.into()), ..Copy::default() };
        let content: Vec<u8> = content.into();
        self.bring(name.as_bytes(), AdditionSource::Bytes(content.into()), "COPY", copy)
    }

    /// Unpack a tar of this machine in the directory `dest`: links, modes and owners are the archive's.
    pub fn add_archive(self, source: impl AsRef<Path>, dest: impl Into<Word>) -> Self {
        let source = source.as_ref();
        let copy = Copy { dest: Some(dest.into()), ..Copy::default() };
        let name = file_name(source);
        self.bring(&name, AdditionSource::Archive(source.to_owned()), "ADD", copy)
    }

    /// What has to be in the build context.
    pub fn additions(&self) -> &[Addition] {
        &self.additions
    }

    fn bring(mut self, name: &[u8], source: AdditionSource, keyword: &str, mut copy: Copy) -> Self {
        let Some(path) = self.free_path(name, &source) else {
            let name = String::from_utf8_lossy(name).into_owned();
            return self.fail(DockerfileProblem::NoFileName(name));
        };
        let Ok(written) = std::str::from_utf8(path.as_bytes()) else {
            return self.fail(DockerfileProblem::NoFileName(path.to_string()));
        };
        copy.sources.push(Word::literal(as_pattern(written)));
        let addition = Addition { path, source };
        if !self.additions.contains(&addition) {
            self.additions.push(addition);
        }
        self.transfer(keyword, &copy)
    }

    /// Its own name, or below a number if another file has that.
    fn free_path(&self, name: &[u8], source: &AdditionSource) -> Option<ContextPath> {
        let own = ContextPath::new(name).ok()?;
        let numbered = (2..)
            .map(|number: u32| ContextPath::child(number.to_string().as_bytes(), own.as_bytes()));
        let is_free = |path: &ContextPath| {
            let mut taken = self.additions.iter().filter(|other| other.path == *path);
            taken.all(|other| other.source == *source)
        };
        std::iter::once(own.clone()).chain(numbered).find(is_free)
    }
}

/// Of a path such as `conf/` or `..`, what it is called where it is.
fn file_name(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    let name = path.file_name().map(|name| name.as_bytes().to_vec());
    name.unwrap_or_else(|| b"files".to_vec())
}

/// A source is a pattern: what has a meaning there stands for itself in brackets.
fn as_pattern(path: &str) -> String {
    let mut pattern = String::new();
    for character in path.chars() {
        match character {
            '*' | '?' | '[' => pattern.extend(['[', character, ']']),
            other => pattern.push(other),
        }
    }
    pattern
}
