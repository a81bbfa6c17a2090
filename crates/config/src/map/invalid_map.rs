//! What is said about a map that makes no project.
//!
//! Invariant: every finding is kept, not only the first.

use std::fmt;

use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;

/// A map that makes no project, with all that is wrong with it. Each finding says the path of its key, such as
/// `containers.web.uses[0].name`; there is no file that it could show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMap {
    pub diagnostics: Diagnostics,
}

impl fmt::Display for InvalidMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.diagnostics.render_plain(&SourceMap::new()).trim_end())
    }
}

impl std::error::Error for InvalidMap {}
