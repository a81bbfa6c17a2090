//! Doors to what is private to `BuildKit`, for the fuzz targets alone.
//!
//! Invariant: nothing is decided here; each door calls what a build itself calls.

use bollard_buildkit_proto::moby::buildkit::v1 as proto;

use super::pattern::PatternSet;
use super::progress::{self, BuildEvent, Progress};
use super::{filter, ssh};

/// The longest line of a build's log.
pub const BUILD_LINE_LIMIT: usize = progress::LINE_MAX_BYTES;

pub(crate) fn build_events(
    updates: impl Iterator<Item = proto::StatusResponse>,
) -> Vec<BuildEvent> {
    let (mut progress, mut events) = (Progress::default(), Vec::new());
    for update in updates {
        progress.apply(update, &mut |event| events.push(event));
    }
    progress.finish(&mut |event| events.push(event));
    events
}

/// Whether a list of patterns takes in a path; `None` if one is malformed.
pub fn transfer_matches(patterns: &[&str], path: &str) -> Option<bool> {
    let set = PatternSet::parse(patterns).ok()?;
    let mut results = Vec::new();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let mut matched = false;
    for end in ends {
        (matched, results) = set.matches(&path[..end], &results);
    }
    Some(matched)
}

pub fn query_unescaped(text: &str) -> String {
    filter::decode(text)
}

/// The messages to an ssh agent until one is refused, and what is left then.
pub fn agent_messages(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut messages, mut pending) = (Vec::new(), Vec::new());
    for piece in pieces {
        pending.extend_from_slice(piece);
        loop {
            match ssh::take_frame(&mut pending) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return (messages, pending),
            }
        }
    }
    (messages, pending)
}
