//! Differences of contents, for people.
//!
//! Invariant: what is no text, or too long to be read, is only counted.

use crate::{Content, ResourceError, View};
use similar::TextDiff;
use std::io::Read as _;

/// More than this nobody reads.
const MAX_BYTES: u64 = 256 * 1024;

/// A unified diff under a name; `before`: where the old contents are.
pub(crate) fn unified(
    name: &str,
    before: Option<(&dyn View, &str)>,
    after: &Content,
) -> Result<Option<String>, ResourceError> {
    let failed = |error: std::io::Error| ResourceError::io("read", name, &error);
    let mut old = Vec::new();
    if let Some((view, path)) = before {
        view.open(path)?.take(MAX_BYTES + 1).read_to_end(&mut old).map_err(failed)?;
    }
    let mut new = Vec::new();
    after.open().map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut new).map_err(failed)?;
    let is_short = old.len().max(new.len()) as u64 <= MAX_BYTES;
    let (Ok(old), Ok(new)) = (String::from_utf8(old), String::from_utf8(new)) else {
        return Ok(Some("the contents are no text\n".to_owned()));
    };
    if !is_short || old.contains('\0') || new.contains('\0') {
        return Ok(Some("the contents are no text, or too long to be shown\n".to_owned()));
    }
    let from = if before.is_some() { name } else { "/dev/null" };
    let diff = TextDiff::from_lines(&old, &new);
    Ok(Some(diff.unified_diff().header(from, name).to_string()))
}
