//! YAML text to a tree that remembers where everything was written.
//!
//! Invariant: reading takes time and memory linear in the text, whatever the text says: aliases are shared, never
//! copied, and what they would expand to is bounded before anything walks it.

mod build;
mod decode;
mod error;
mod node;
mod scalar;
mod texts;

pub use decode::{DecodeError, decode};
pub(crate) use error::duplicate_key;
pub use node::{Entry, Key, Mapping, Node, Scalar, Secrecy, Style, Tag, Value};
pub use scalar::Resolved;
pub(crate) use scalar::{legacy_bool, shorten};

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::source::FileId;

/// Longest text that is read, in bytes; all files of a project together are no longer.
pub const MAX_BYTES: usize = 8 << 20;
/// Deepest nesting, with aliases expanded.
pub const MAX_DEPTH: usize = 64;
/// Most nodes that one text may write out.
pub const MAX_NODES: usize = 1_000_000;
/// Aliases may always expand to this many nodes; beyond it, to [`EXPANSION_RATIO`] times what the text writes out.
pub const MAX_EXPANSION: usize = 100_000;
const EXPANSION_RATIO: usize = 32;
const EXPANSION_CEILING: usize = 5_000_000;

/// What differs between dialects.
#[derive(Debug, Clone, Copy)]
pub struct ParseOptions {
    /// Local tags that mean something, with their exclamation mark, such as `!lazy`.
    pub tags: &'static [&'static str],
    /// Most nodes that the text may write out; see [`MAX_NODES`].
    pub max_nodes: usize,
}

/// Reads the one document of a text. Findings go to `diagnostics`; the tree is what could be understood, and `None`
/// if nothing could.
pub fn parse(
    file: FileId,
    text: &str,
    options: ParseOptions,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Node>> {
    build::Builder::new(file, text, options, diagnostics).run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn the_number_of_nodes_is_limited() {
        for (items, refused) in [(98, false), (99, true)] {
            let text = format!("[{}]", "1,".repeat(items));
            let mut sources = SourceMap::new();
            let file = sources.add("x", "/", text.as_str());
            let mut found = Diagnostics::default();
            let options = ParseOptions { tags: &[], max_nodes: 99 };
            parse(file, &text, options, &mut found);
            let plain = found.render_plain(&sources);
            assert_eq!(plain.contains("more than 99 values"), refused, "{plain}");
        }
    }
}
