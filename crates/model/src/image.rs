//! Images as declared.
//!
//! Invariant: an image has exactly one source, and one primary reference under which containers
//! and other images find it.

use crate::Text;
use crate::command::PlacedCommand;
use crate::provision::Provision;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A use of an image by a container, a FROM, a COPY --from, an ADD or a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageUse {
    /// `images.<key>` of the project.
    Project(String),
    /// A reference to an image that the file does not declare: `debian:12`.
    External(Text),
}

impl fmt::Display for ImageUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(text) => f.write_str(text),
            Self::External(text) => f.write_str(text),
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

impl ImageSpec {
    /// What a push sends, the primary reference first: every reference that names its registry.
    pub fn pushed_references(&self) -> Vec<String> {
        let is_named = names_registry(&self.reference);
        let own = repository(&familiar_reference(&self.reference)).to_owned();
        // Tags of the primary reference's own name are at its registry.
        let tags = self.tags.iter().filter(|tag| {
            let is_own = is_named && repository(&familiar_reference(tag)) == own;
            is_own || names_registry(tag)
        });
        let primary = Some(&self.reference).filter(|_| is_named);
        let mut all: Vec<String> = Vec::new();
        for reference in primary.into_iter().chain(tags) {
            let familiar = familiar_reference(reference);
            if all.iter().all(|other| familiar_reference(other) != familiar) {
                all.push(reference.clone());
            }
        }
        all
    }

    /// The reference that a tag on the command line means: a tag alone is one of the image's own name.
    pub fn tagged(&self, tag: &str) -> String {
        if tag.contains(['/', ':', '@']) {
            tag.to_owned()
        } else {
            format!("{}:{tag}", repository(&self.reference))
        }
    }
}

/// Whether a reference says at which registry it is: the first part of its name is a host.
pub fn names_registry(reference: &str) -> bool {
    let host = reference.split_once('/').map(|(first, _)| first);
    host.is_some_and(|host| host.contains(['.', ':']) || host == "localhost")
}

/// A reference without its tag and digest.
pub fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        Some(_) | None => name,
    }
}

/// How tags of images begin that are gone on from while an image is made, and of no use to anybody afterwards.
pub const PASSING_TAG: &str = "windlass-before-";

/// Whether a reference is only there because a build was killed, or is at work.
pub fn is_passing(reference: &str) -> bool {
    reference.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(PASSING_TAG))
}

/// How tags begin of what commands of an image left, which its next build goes on from.
pub const STEP_TAG: &str = "windlass-step-";

/// Whether a reference keeps what a command of an image left.
pub fn is_step(reference: &str) -> bool {
    reference.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(STEP_TAG))
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
    /// Resources on a base image.
    Provision(Box<Provision>),
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
    /// Images from outside that are used by their digests: familiar reference to reference by digest.
    pub pins: BTreeMap<String, String>,
    pub target: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    pub cache_from: Vec<String>,
    /// Put the build's cache into the image, for the `cache_from` of others. An image of the classic builder
    /// has it in any case.
    pub inline_cache: bool,
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
    fn what_a_push_sends() {
        let spec = |reference: &str, tags: &[&str]| ImageSpec {
            key: "app".to_owned(),
            reference: reference.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            source: ImageSource::External { pull: PullPolicy::Missing },
            build: BuildOptions::default(),
            depends_on: BTreeSet::new(),
            push: true,
        };
        for (reference, tags, expected) in [
            ("shop/app:latest", &["shop/app:1"][..], &[][..]),
            ("r.io/app:1", &["r.io/app:2", "other/app:1"], &["r.io/app:1", "r.io/app:2"]),
            ("app:1", &["localhost:5000/app:1"], &["localhost:5000/app:1"]),
            ("docker.io/me/app:1", &["me/app:1", "me/app:2"], &["docker.io/me/app:1", "me/app:2"]),
            ("localhost/app:1", &[], &["localhost/app:1"]),
        ] {
            assert_eq!(spec(reference, tags).pushed_references(), expected, "{reference}");
        }
        for (reference, tag, expected) in [
            ("r.io:5000/app:1", "2", "r.io:5000/app:2"),
            ("r.io/app:1", "other/app:3", "other/app:3"),
            ("app", "x", "app:x"),
            ("app@sha256:00", "x", "app:x"),
        ] {
            assert_eq!(spec(reference, &[]).tagged(tag), expected);
        }
    }

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
