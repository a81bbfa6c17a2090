//! A script of this machine, or a directory with some, on its way into a container.
//!
//! Invariant: whoever runs in the container can read all of it, and run what can be run here.

use std::fs::File;
use std::io::{Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::context::{BuildContext, ContextError, ContextOptions, ContextWarning};
use crate::disk_file::DiskFile;
use crate::entry::{Content, ContextPath, Entry, EntryKind};
use crate::tar_stream::{TarError, TarOptions};

/// What is put into a directory of a container.
#[derive(Clone, Debug)]
pub struct Script {
    files: BuildContext,
    /// Of a single file.
    program: Option<Program>,
}

/// The one file that a script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub name: String,
    /// Whether the file says itself what runs it: `#!`, or a binary.
    pub runs_itself: bool,
}

/// A script can't be taken along.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is neither a file nor a directory", path.display())]
    Special { path: PathBuf },
    #[error("the name of {} is not text", path.display())]
    Name { path: PathBuf },
    #[error(transparent)]
    Directory(#[from] ContextError),
}

impl Script {
    /// Lists what is there; the content is read when it is sent, but for that of a pipe.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let unread = |source| ScriptError::Read { path: path.to_owned(), source };
        if windlass_files::is_descriptor(path) {
            let limit = windlass_files::TEXT_MAX_BYTES;
            return windlass_files::read_descriptor(path, limit).map(Self::of_text).map_err(unread);
        }
        let found = path.metadata().map_err(unread)?;
        if found.is_dir() {
            let options = ContextOptions { use_dockerignore: false, ..ContextOptions::new(path) };
            let mut files = BuildContext::walk(&options)?;
            files.entries_mut().iter_mut().for_each(open_to_all);
            return Ok(Self { files, program: None });
        }
        if !found.is_file() {
            return Err(ScriptError::Special { path: path.to_owned() });
        }
        let unnamed = || ScriptError::Name { path: path.to_owned() };
        let path = path.canonicalize().map_err(unread)?;
        let name = path.file_name().unwrap_or_default();
        let text = name.to_str().ok_or_else(unnamed)?.to_owned();
        let runs_itself = runs_itself(&path).map_err(unread)?;
        let inside = ContextPath::new(name.as_bytes()).map_err(|_| unnamed())?;
        let kind = EntryKind::File {
            size: found.len(),
            content: Content::Disk(DiskFile::new(path, &found)),
        };
        Ok(Self::of_file(inside, kind, Program { name: text, runs_itself }))
    }

    /// One that is not in a file.
    pub fn of_text(text: Vec<u8>) -> Self {
        let name = "script".to_owned();
        let path = ContextPath::new(&name).expect("invariant: a name is a path");
        let program = Program { name, runs_itself: is_program(&text) };
        let kind =
            EntryKind::File { size: text.len() as u64, content: Content::Memory(text.into()) };
        Self::of_file(path, kind, program)
    }

    fn of_file(path: ContextPath, kind: EntryKind, program: Program) -> Self {
        let mode = if program.runs_itself { 0o755 } else { 0o644 };
        let entry = Entry { path, kind, mode, uid: 0, gid: 0, mtime_ns: 0 };
        Self { files: BuildContext::of_entry(entry), program: Some(program) }
    }

    /// What to run, if it is a single file.
    pub fn program(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// Paths of what can't be taken along: pipes, sockets, devices.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        self.files.warnings().iter().filter_map(|warning| match warning {
            ContextWarning::SpecialFile { path } => Some(path.to_string()),
            ContextWarning::LinkLeadsOut { .. }
            | ContextWarning::LinkLoops { .. }
            | ContextWarning::ShallowHistory => None,
        })
    }

    /// All of it as a tar.
    pub fn write_tar(&self, sink: impl Write) -> Result<u64, TarError> {
        self.files.write_tar(sink, TarOptions::default())
    }
}

/// Users of the container are others than here.
fn open_to_all(entry: &mut Entry) {
    entry.mode = match entry.kind {
        EntryKind::Directory => 0o777,
        EntryKind::File { .. } if entry.mode & 0o111 != 0 => 0o755,
        EntryKind::File { .. } => 0o644,
        EntryKind::Symlink { .. } => entry.mode,
    };
}

fn runs_itself(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(is_program(&head))
}

fn is_program(head: &[u8]) -> bool {
    head.starts_with(b"#!") || head.starts_with(b"\x7fELF")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn modes(script: &Script) -> Vec<(String, u32)> {
        let mut tar = Vec::new();
        script.write_tar(&mut tar).unwrap();
        let mut archive = tar::Archive::new(tar.as_slice());
        let entries = archive.entries().unwrap().map(Result::unwrap);
        let of = |entry: tar::Entry<'_, &[u8]>| {
            (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap())
        };
        entries.map(of).collect()
    }

    #[test]
    fn a_file_that_says_what_runs_it_can_be_run() {
        let directory = tempfile::tempdir().unwrap();
        for (text, runs_itself, mode) in
            [("#!/bin/sh\n", true, 0o755), ("echo hi\n", false, 0o644), ("", false, 0o644)]
        {
            let path = directory.path().join("a b");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            let script = Script::read(&path).unwrap();
            let program = Program { name: "a b".to_owned(), runs_itself };
            assert_eq!(script.program(), Some(&program), "{text:?}");
            assert_eq!(modes(&script), [("a b".to_owned(), mode)], "{text:?}");
        }
    }

    #[test]
    fn one_that_is_not_in_a_file() {
        let script = Script::of_text(b"#!/bin/sh\n".to_vec());
        let program = Program { name: "script".to_owned(), runs_itself: true };
        assert_eq!(script.program(), Some(&program));
        assert_eq!(modes(&script), [("script".to_owned(), 0o755)]);
    }

    #[test]
    fn of_a_directory_everything_goes_along() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("d");
        std::fs::create_dir(&below).unwrap();
        std::fs::write(directory.path().join(".dockerignore"), "*").unwrap();
        std::fs::write(below.join("run"), "x").unwrap();
        std::fs::set_permissions(below.join("run"), PermissionsExt::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink("run", below.join("link")).unwrap();
        let script = Script::read(directory.path()).unwrap();
        assert_eq!(script.program(), None);
        let names = [(".dockerignore", 0o644), ("d", 0o777), ("d/link", 0o777), ("d/run", 0o755)];
        assert_eq!(modes(&script), names.map(|(name, mode)| (name.to_owned(), mode)));
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(matches!(Script::read(Path::new("/dev/null")), Err(ScriptError::Special { .. })));
        let missing = Script::read(Path::new("/nowhere"));
        assert!(matches!(missing, Err(ScriptError::Read { .. })));
    }
}
