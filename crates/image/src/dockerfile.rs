//! Dockerfiles: written by a builder, and read as far as windlass needs to know them.
//!
//! Invariant: reading never judges more than it uses: an instruction that we do not know is the builder's to refuse.

mod additions;
mod expand;
mod instruction;
mod mount;
mod parse;
mod phrases;
mod pin;
mod stage;
mod word;
mod write;

pub use additions::{Addition, AdditionSource};
pub use instruction::{Flag, Heredoc, Instruction};
pub use mount::Mount;
pub use parse::ParsedDockerfile;
pub use stage::{HealthcheckOrigin, ImageReference, ReferenceKind, Stage};
pub use word::Word;
pub(crate) use word::exec_form;
pub use write::{Copy, Dockerfile, Healthcheck, Run};

/// A Dockerfile is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DockerfileError {
    /// From 1.
    pub line: usize,
    pub problem: DockerfileProblem,
}

/// What is wrong with a line of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerfileProblem {
    #[error("the escape character can only be a backslash or a backtick")]
    BadEscape,
    #[error("the heredoc {0:?} has no end")]
    OpenHeredoc(String),
    #[error("a flag needs a value: --{0}")]
    FlagWithoutValue(String),
    #[error("FROM needs one image, and after it nothing but AS and a name")]
    MalformedFrom,
    #[error("{instruction} comes before the first FROM")]
    BeforeFrom { instruction: String },
    #[error("no build stage in the Dockerfile")]
    NoStage,
    #[error("no stage is called {0:?}")]
    NoSuchStage(String),
    #[error("the image's name is empty once its variables are replaced")]
    EmptyImage,
    #[error("malformed variable")]
    MalformedVariable,
    #[error("variables stand more than {0} deep in each other")]
    TooDeep(usize),
    #[error("its variables make it longer than {0} bytes")]
    TooLong(usize),
    #[error("{name}: {message}")]
    RequiredVariable { name: String, message: String },
    #[error("a line break cannot be written here")]
    LineBreak,
    #[error("{0} can't be replaced by what it is pinned to: write it on one line")]
    Unpinnable(String),
    #[error("{0} cannot have white space")]
    WhiteSpace(String),
    #[error("{0:?} is not a variable's name")]
    BadName(String),
    #[error("{0:?} has no name that a file of the build context can have")]
    NoFileName(String),
    #[error(
        "ONBUILD sees the build context of the image that is built on this one: nothing can be added to it here"
    )]
    ForeignContext,
    #[error("{0} must not be empty")]
    Empty(&'static str),
}
