//! What is at a path of a container, by the first bytes of its tar.
//!
//! Invariant: links are followed inside of the container alone; the engine sees only paths whose last part it may not have
//! to follow.

use windlass_engine::{Engine, EngineError};
use windlass_model::ContainerId;

use super::place::Found;

/// Where the head of a tar's entry says what it is, how a directory and a link are said, and where a link leads to.
const KIND: usize = 156;
const DIRECTORY: u8 = b'5';
const LINK: u8 = b'2';
const TARGET: std::ops::Range<usize> = 157..257;
/// How many links are followed, as by Linux.
const LINKS: usize = 40;

/// What a path leads to, also over links, and by which path it is there without one. A link that leads nowhere is a file.
pub(super) async fn look(
    engine: &dyn Engine,
    container: &ContainerId,
    path: &str,
) -> Result<(Found, String), EngineError> {
    let found = |head: &Head| if head.kind == DIRECTORY { Found::Directory } else { Found::File };
    Ok(match head(engine, container, path).await? {
        None => (Found::Nothing, path.to_owned()),
        Some(link) if link.kind == LINK => match follow(engine, container, path).await? {
            Some((head, real)) => (found(&head), real),
            None => (Found::File, path.to_owned()),
        },
        Some(head) => (found(&head), path.to_owned()),
    })
}

/// Part by part: `..` after a link to a directory is that one's parent, which no engine tells by the text of the path.
async fn follow(
    engine: &dyn Engine,
    container: &ContainerId,
    path: &str,
) -> Result<Option<(Head, String)>, EngineError> {
    let mut left = parts(path);
    let mut real: Vec<String> = Vec::new();
    let (mut last, mut links) = (None, 0);
    while let Some(part) = left.pop() {
        if part == ".." {
            real.pop();
            last = None;
            continue;
        }
        let here =
            format!("/{}", [real.as_slice(), std::slice::from_ref(&part)].concat().join("/"));
        let Some(found) = head(engine, container, &here).await? else { return Ok(None) };
        let is_last = left.is_empty();
        if found.kind == LINK {
            links += 1;
            if links > LINKS {
                return Ok(None);
            }
            if found.target.starts_with('/') {
                real.clear();
            }
            left.extend(parts(&found.target));
        } else if found.kind == DIRECTORY || is_last {
            real.push(part);
            last = Some(found);
            continue;
        } else {
            return Ok(None);
        }
        last = None;
    }
    // Where `..` came last, it is a directory by all that was seen.
    let head = last.unwrap_or(Head { kind: DIRECTORY, target: String::new() });
    Ok(Some((head, format!("/{}", real.join("/")))))
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}

/// What the first entry of a tar says of itself.
struct Head {
    kind: u8,
    /// Of a link.
    target: String,
}

async fn head(
    engine: &dyn Engine,
    container: &ContainerId,
    path: &str,
) -> Result<Option<Head>, EngineError> {
    let mut pieces = match engine.get_archive(container, path).await {
        Ok(pieces) => pieces,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut seen: Vec<u8> = Vec::new();
    while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
        seen.extend_from_slice(&piece?);
        let (Some(kind), Some(target)) = (seen.get(KIND), seen.get(TARGET)) else { continue };
        let end = target.iter().position(|byte| *byte == 0).unwrap_or(target.len());
        let target = String::from_utf8_lossy(&target[..end]).into_owned();
        return Ok(Some(Head { kind: *kind, target }));
    }
    Ok(None)
}
