//! `cargo xtask tidy`: the invariants of ARCHITECTURE.md, checked.
//!
//! Invariant: every rule takes plain data and returns findings, so that each has a test in which it
//! finds something; a rule that cannot fail is not here.

mod deny;
mod edges;
mod packages;
mod source;
mod sources;
mod toml;

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::flags::Flags;
use crate::{Result, process, say, workspace};
use deny::Deny;
use packages::Graph;
use source::Source;

/// One place where a rule does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// A file with a line, or a package.
    place: String,
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

pub(crate) fn run(flags: Flags) -> Result<()> {
    flags.finish()?;
    let root = workspace::root();
    let mut cargo = workspace::cargo();
    cargo.args(["metadata", "--format-version", "1", "--all-features"]);
    let metadata: Value = serde_json::from_str(&process::capture(&mut cargo)?)?;
    let graph = Graph::read(&metadata)?;
    let deny = Deny::read(&std::fs::read_to_string(root.join("deny.toml"))?)?;
    let mut findings = edges::check(&graph);
    findings.extend(packages::check(&graph, &deny));
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
    findings.extend(packages::check_cap(&lock));
    let clippy = std::fs::read_to_string(root.join("crates/planner/clippy.toml"));
    findings.extend(sources::check_planner(clippy.ok().as_deref()));
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "examples", "fuzz"] {
        walk(&root.join(folder), &mut files)?;
    }
    for source in &files {
        findings.extend(sources::check(source));
    }
    for finding in &findings {
        say::line(&finding.to_string());
    }
    if findings.is_empty() {
        let count = files.len();
        say::line(&format!("tidy: {} packages and {count} source files are in order", graph.len()));
        return Ok(());
    }
    Err(format!("{} findings", findings.len()).into())
}

fn walk(directory: &Path, files: &mut Vec<Source>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(directory)?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                walk(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(workspace::root())?.to_string_lossy().into_owned();
            files.push(Source::new(name, &std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
