//! The types of resources.
//!
//! Invariant: one file a type, which knows all about it; here is one line for each.

pub(crate) mod block;
pub(crate) mod directory;
pub(crate) mod file;
pub(crate) mod group;
pub(crate) mod line;
pub(crate) mod link;
pub(crate) mod user;

use crate::{Change, Facts, ResourceError, View};
use serde::{Deserialize, Serialize};

/// What every type of resource does.
pub(crate) trait Type {
    /// The word of the type: `file`.
    const WORD: &'static str;

    /// What it is about, which tells it from others of its type: a path, a name.
    fn name(&self) -> String;

    /// What is wrong with it, whatever the target is.
    fn check(&self) -> Vec<ResourceError>;

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

            /// What it is about.
            pub fn name(&self) -> String {
                match self { $(Self::$variant(one) => one.name(),)* }
            }

            pub(crate) fn check(&self) -> Vec<ResourceError> {
                match self { $(Self::$variant(one) => one.check(),)* }
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
    Directory: directory::Directory,
    File: file::File,
    Group: group::Group,
    Line: line::Line,
    Link: link::Link,
    User: user::User,
}
