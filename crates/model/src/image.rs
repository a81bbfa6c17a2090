//! Images as declared.
//!
//! Invariant: an image has exactly one source, and one primary reference under which containers
//! and other images find it.

use crate::command::PlacedCommand;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A use of an image by a container, a FROM, a COPY --from, an ADD or a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageUse {
    /// `images.<key>` of the project.
    Project(String),
    /// A reference to an image that the file does not declare: `debian:12`.
    External(String),
}

impl fmt::Display for ImageUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(text) | Self::External(text) => f.write_str(text),
        }
    }
}

/// When an image is pulled that is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullPolicy {
    #[default]
    Missing,
    Always,
    Never,
}

/// `images.<key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSpec {
    /// The key in the file.
    pub key: String,
    /// The primary reference: `<index><name>:<tag>`; where the file says nothing
    /// `<project>/<key>:latest`. For an external image its own reference.
    pub reference: String,
    /// Further references that are tagged after a build.
    pub tags: BTreeSet<String>,
    pub source: ImageSource,
    pub build: BuildOptions,
    /// Other images of the project that templates refer to. (FROM and COPY --from of a Dockerfile
    /// are found when it is read.)
    pub depends_on: BTreeSet<String>,
    /// Part of `push --all`.
    pub push: bool,
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// A list of commands, made into a Dockerfile.
    Commands { commands: Vec<PlacedCommand>, context: Option<ContextSpec> },
    /// A Dockerfile.
    Dockerfile { dockerfile: DockerfileSource, context: Option<ContextSpec> },
    /// A root file system, as `docker import` takes it: a tar (also compressed) or a directory.
    Import { path: String, changes: Vec<String> },
    /// Not built: pulled.
    External { pull: PullPolicy },
}

impl ImageSource {
    pub fn is_external(&self) -> bool {
        matches!(self, Self::External { .. })
    }
}

/// A Dockerfile, by its absolute path or as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerfileSource {
    Path(String),
    Inline(String),
}

/// What is sent to a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextSpec {
    /// Absolute path.
    pub dir: String,
    /// Globs of what is taken back in, whatever ignores it: not a list of all that is taken.
    pub include: Vec<String>,
    /// Globs of what is left out. `*` crosses `/`, as in Python's fnmatch, which Harpoon uses.
    pub exclude: Vec<String>,
    pub use_gitignore: bool,
    pub use_dockerignore: bool,
    pub git_timestamps: bool,
    pub follow_links: bool,
}

impl ContextSpec {
    pub fn new(dir: impl Into<String>) -> Self {
        Self {
            dir: dir.into(),
            include: Vec::new(),
            exclude: Vec::new(),
            use_gitignore: false,
            use_dockerignore: true,
            git_timestamps: false,
            follow_links: false,
        }
    }
}

/// Which builder builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builder {
    /// `BuildKit` where the engine has it.
    #[default]
    Auto,
    Buildkit,
    Classic,
}

/// Options of a build, as the builder's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    pub args: BTreeMap<String, String>,
    pub target: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    pub cache_from: Vec<String>,
    /// Secrets that RUN --mount=type=secret may ask for: id → key under `secrets`.
    pub secrets: BTreeMap<String, String>,
    /// ssh agents that RUN --mount=type=ssh may ask for: id → socket path; empty is the default agent.
    pub ssh: BTreeMap<String, String>,
    pub builder: Builder,
    pub network: Option<String>,
    pub extra_hosts: BTreeSet<String>,
    pub shm_size_bytes: Option<u64>,
    pub squash: bool,
}

/// An image reference in the short form in which engines list it: `docker.io/library/busybox`
/// becomes `busybox:latest`; a reference by digest and an id stay as they are.
///
/// The rule is the engine's own (the `familiar` form of its reference package): the default domain
/// and the `library/` of official images are left out, and a missing tag is `latest`.
pub fn familiar_reference(reference: &str) -> String {
    if reference.starts_with("sha256:") {
        return reference.to_owned();
    }
    let short = ["docker.io/", "index.docker.io/"]
        .iter()
        .find_map(|domain| reference.strip_prefix(domain))
        .unwrap_or(reference);
    let short = match short.strip_prefix("library/") {
        Some(rest) if !rest.contains('/') => rest,
        Some(_) | None => short,
    };
    let last = short.rsplit('/').next().unwrap_or(short);
    if short.contains('@') || last.contains(':') {
        short.to_owned()
    } else {
        format!("{short}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiar() {
        for (reference, expected) in [
            ("busybox", "busybox:latest"),
            ("docker.io/library/busybox:1", "busybox:1"),
            ("docker.io/me/app", "me/app:latest"),
            ("library/debian", "debian:latest"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("x@sha256:ab", "x@sha256:ab"),
            ("sha256:ab", "sha256:ab"),
        ] {
            assert_eq!(familiar_reference(reference), expected);
        }
    }
}
