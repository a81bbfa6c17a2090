//! Request: what the user asks for: a verb, references, options.
//!
//! Invariant: an option that a verb does not read changes nothing.

use crate::clean::CleanOptions;
use crate::lock::Holder;
use crate::one_off::OneOff;
use std::collections::BTreeSet;

/// What is asked for. Each is a row in the planner's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Up,
    Down,
    Create,
    Start,
    Stop,
    Restart,
    Kill,
    Pause,
    Unpause,
    Remove,
    Pull,
    Push,
    Tag,
    Untag,
    Build,
    Update,
    Rollback,
    Clean,
    /// A one-off container beside a declared one, and what that depends on.
    Run,
    /// What a run brought up is taken back: the end of [`Verb::Run`].
    Release,
}

impl Verb {
    pub const ALL: [Self; 20] = [
        Self::Up,
        Self::Down,
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Kill,
        Self::Pause,
        Self::Unpause,
        Self::Remove,
        Self::Pull,
        Self::Push,
        Self::Tag,
        Self::Untag,
        Self::Build,
        Self::Update,
        Self::Rollback,
        Self::Clean,
        Self::Run,
        Self::Release,
    ];

    /// As on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Create => "create",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Remove => "rm",
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Untag => "untag",
            Self::Build => "build",
            Self::Update => "update",
            Self::Rollback => "rollback",
            Self::Clean => "clean",
            Self::Run => "run",
            Self::Release => "release",
        }
    }

    /// Whether it is about images, and does nothing to containers.
    pub fn is_about_images(self) -> bool {
        matches!(self, Self::Build | Self::Pull | Self::Push | Self::Tag | Self::Untag)
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }
}

/// A verb, what it is for, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub verb: Verb,
    /// `container`, `container.instance`, `group`, `project/container`; for verbs
    /// about images also an image. Empty is everything; for `push` what is declared with `push: true`.
    pub references: Vec<String>,
    pub options: Options,
}

impl Request {
    pub fn new(verb: Verb) -> Self {
        Self { verb, references: Vec::new(), options: Options::default() }
    }

    /// Whether asking for it again does only what is left of it. What is wanted anew in any case
    /// would be done twice.
    pub fn goes_on(&self) -> bool {
        match self.verb {
            Verb::Up
            | Verb::Down
            | Verb::Create
            | Verb::Start
            | Verb::Stop
            | Verb::Pause
            | Verb::Unpause
            | Verb::Remove
            | Verb::Update
            | Verb::Untag
            | Verb::Clean
            | Verb::Release => self.options.recreate.is_empty(),
            // Going back twice is going forth.
            Verb::Rollback
            | Verb::Restart
            | Verb::Kill
            | Verb::Pull
            | Verb::Push
            | Verb::Tag
            | Verb::Build
            | Verb::Run => false,
        }
    }

    #[must_use]
    pub fn for_references<T: Into<String>>(
        mut self,
        references: impl IntoIterator<Item = T>,
    ) -> Self {
        self.references = references.into_iter().map(Into::into).collect();
        self
    }
}

/// Options of the verbs, as the command line has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Pull external images even if they are there.
    pub pull_always: bool,
    /// Never pull.
    pub pull_never: bool,
    /// `pull`: also what the images of the project are built from.
    pub external: bool,
    /// `pull`: what a registry does not have is left out.
    pub ignore_missing: bool,
    /// Build even what has not changed.
    pub build: bool,
    pub no_cache: bool,
    /// Images were built and pulled a moment ago, as these options say; not again.
    pub images_settled: bool,
    /// Recreate these even if nothing diverged.
    pub recreate: Vec<String>,
    /// A limit that is not declared any more is no reason to recreate a container.
    pub skip_limit_reset: bool,
    /// Not the dependencies of what is named.
    pub no_deps: bool,
    /// Do not wait until everything is ready (dependencies are waited for all the same).
    pub no_wait: bool,
    /// Deadline for each wait, and grace of a stop, in seconds.
    pub timeout_s: Option<u32>,
    pub remove_orphans: bool,
    /// `down`: also volumes. Data loss.
    pub volumes: bool,
    /// `down`: also images that the project built.
    pub images: bool,
    /// `down`: not persistent containers.
    pub keep_persistent: bool,
    /// `kill`: default `SIGKILL`.
    pub signal: Option<String>,
    /// `rm`: also running ones.
    pub force: bool,
    /// Volumes that may be removed or made anew, by name. Data loss.
    pub destroy_volumes: BTreeSet<String>,
    /// Take over objects of our names that are not ours.
    pub adopt: bool,
    pub profiles: BTreeSet<String>,
    /// `tag`, `untag`: a tag of the image's own name, or a whole reference.
    pub tag: Option<String>,
    /// `tag`: also push it.
    pub push: bool,
    /// `clean`.
    pub clean: CleanOptions,
    /// `run`: the container to make; without it only what comes before that.
    pub one_off: Option<Box<OneOff>>,
    /// `run`: what it brings up goes with this run; `release`: which run is over.
    pub marks: Option<Box<Holder>>,
    /// `release`: what the run brought up stays.
    pub leave: bool,
}

impl Options {
    /// The deadline for each wait that the user asked for, in milliseconds.
    pub fn timeout_ms(&self) -> Option<u64> {
        self.timeout_s.map(|seconds| u64::from(seconds) * 1000)
    }
}
