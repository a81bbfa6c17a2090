//! Differences of contents, for people.
//!
//! Invariant: what is no text, or too long to be read, is only measured.

use crate::{Content, ResourceError, View, hexadecimal};
use sha2::{Digest as _, Sha256};
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
    let failed = |error: std::io::Error| ResourceError::io("read", &after.name(name), &error);
    after.open().map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut new).map_err(failed)?;
    let is_short = old.len().max(new.len()) as u64 <= MAX_BYTES;
    let is_text = |bytes: &[u8]| !bytes.contains(&0) && str::from_utf8(bytes).is_ok();
    if !is_short || !is_text(&old) || !is_text(&new) {
        let size = |(view, path): (&dyn View, &str)| view.metadata(path);
        let was = before.map(size).transpose()?.flatten().map(|found| measured(found.size, &old));
        let was = was.map(|was| was + " → ").unwrap_or_default();
        let now = measured(after.size().map_err(failed)?, &new);
        let why = if is_short { "no text" } else { "too long to be shown" };
        return Ok(Some(format!("the contents are {why}: {was}{now}\n")));
    }
    let (old, new) = (String::from_utf8_lossy(&old), String::from_utf8_lossy(&new));
    // A line end in it would make lines of its own.
    let name = if name.contains(char::is_control) { format!("{name:?}") } else { name.to_owned() };
    let from = if before.is_some() { &*name } else { "/dev/null" };
    let diff = TextDiff::from_lines(&*old, &*new);
    Ok(Some(diff.unified_diff().header(from, &name).to_string()))
}

/// `12 bytes, sha256 0123456789ab`; of a large file nobody waits for its digest.
fn measured(size: u64, begin: &[u8]) -> String {
    if size > MAX_BYTES {
        return format!("{size} bytes");
    }
    let digest = hexadecimal(&Sha256::digest(begin));
    format!("{size} bytes, sha256 {}", &digest[..12])
}
