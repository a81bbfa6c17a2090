//! The types of resources.
//!
//! Invariant: one file a type, which knows all about it; here is one line for each.

pub(crate) mod block;
pub(crate) mod cron;
pub(crate) mod directory;
pub(crate) mod execute;
pub(crate) mod fetch;
pub(crate) mod file;
pub(crate) mod git;
pub(crate) mod group;
pub(crate) mod line;
pub(crate) mod link;
pub(crate) mod mount;
pub(crate) mod package;
pub(crate) mod repo;
mod schedule;
pub(crate) mod service;
mod setters;
pub(crate) mod sysctl;
pub(crate) mod tree;
pub(crate) mod user;

use crate::{Change, Content, Facts, Mode, ResourceError, View};
use serde::{Deserialize, Serialize};

/// What every type of resource does.
pub(crate) trait Type {
    /// The word of the type: `file`.
    const WORD: &'static str;

    /// An image has no use for it.
    const IS_HOST_ONLY: bool = false;

    /// Its name has words of its own, which may be a secret.
    const SHOWS_WORDS: bool = false;

    /// What it is about, which tells it from others of its type: its path, if it says nothing else.
    fn name(&self) -> String {
        self.path().unwrap_or_default().to_owned()
    }

    /// The one path that it is about, as it is declared.
    fn path(&self) -> Option<&str> {
        None
    }

    /// What is wrong with it, whatever the target is.
    fn check(&self) -> Vec<ResourceError>;

    /// Files of the machine that plans, which go with a bundle that is sent.
    fn contents(&mut self) -> Vec<&mut Content> {
        Vec::new()
    }

    /// Where contents of it end up; `/`: nobody knows where.
    fn writes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the target shows that it is as it shall be; a command shows nothing.
    fn is_observable(&self, _: &Facts) -> bool {
        true
    }

    /// What is to be done so that it is as it shall be.
    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError>;
}

macro_rules! kinds {
    ($($variant:ident: $path:path,)*) => {
        /// What a resource is.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($variant($path),)*
        }

        impl Kind {
            /// The word of its type: `file`.
            pub fn word(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$path as Type>::WORD,)* }
            }

            /// Whether an image has no use for it.
            pub fn is_host_only(&self) -> bool {
                match self { $(Self::$variant(_) => <$path as Type>::IS_HOST_ONLY,)* }
            }

            /// Whether its name has words of its own, which may be a secret.
            pub(crate) fn shows_words(&self) -> bool {
                match self { $(Self::$variant(_) => <$path as Type>::SHOWS_WORDS,)* }
            }

            /// What it is about.
            pub fn name(&self) -> String {
                match self { $(Self::$variant(one) => one.name(),)* }
            }

            /// The one path that it is about, as it is declared: links on the way may lead elsewhere.
            pub fn path(&self) -> Option<&str> {
                match self { $(Self::$variant(one) => Type::path(one),)* }
            }

            pub(crate) fn check(&self) -> Vec<ResourceError> {
                match self { $(Self::$variant(one) => one.check(),)* }
            }

            pub(crate) fn contents(&mut self) -> Vec<&mut Content> {
                match self { $(Self::$variant(one) => one.contents(),)* }
            }

            /// Where contents of it end up; `/`: nobody knows where.
            pub(crate) fn writes(&self) -> Vec<String> {
                match self { $(Self::$variant(one) => one.writes(),)* }
            }

            pub(crate) fn is_observable(&self, facts: &Facts) -> bool {
                match self { $(Self::$variant(one) => one.is_observable(facts),)* }
            }

            pub(crate) fn plan(
                &self,
                view: &dyn View,
                facts: &Facts,
            ) -> Result<Vec<Change>, ResourceError> {
                match self { $(Self::$variant(one) => one.plan(view, facts),)* }
            }
        }

        $(impl From<$path> for Kind {
            fn from(one: $path) -> Self {
                Self::$variant(one)
            }
        })*
    };
}

kinds! {
    Block: block::Block,
    Cron: cron::Cron,
    Directory: directory::Directory,
    Execute: execute::Execute,
    Fetch: fetch::Fetch,
    File: file::File,
    Git: git::Git,
    Group: group::Group,
    Line: line::Line,
    Link: link::Link,
    Mount: mount::Mount,
    Package: package::Package,
    Repo: repo::Repo,
    Service: service::Service,
    Sysctl: sysctl::Sysctl,
    Tree: tree::Tree,
    User: user::User,
}

/// What is wrong with one that is for hosts only, where it is for an image.
pub(crate) fn for_hosts(word: &str) -> ResourceError {
    let message = format!("a `{word}` is for hosts, and this is an image");
    ResourceError::new(message).help("restrict it with `only_if: {mode: [host]}`")
}

fn host_only(word: &str, facts: &Facts) -> Result<(), ResourceError> {
    if facts.mode == Mode::Image { Err(for_hosts(word)) } else { Ok(()) }
}
