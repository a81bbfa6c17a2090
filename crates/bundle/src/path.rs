//! Paths in a target: links on the way resolved inside it.
//!
//! Invariant: a resolved path has no link in it but perhaps the last part, and never leaves the root: an entry
//! `lib/x` in a layer would replace the link `/lib` of a merged /usr, and the image would not start any more.

use crate::{FileKind, ResourceError, View};

/// As many as the kernel follows.
const MOST_LINKS: u32 = 40;

/// Whether a path is one in a target: absolute, not the root, without empty parts, `.` and `..`.
pub(crate) fn check(path: &str, field: &'static str) -> Result<(), ResourceError> {
    let wrong = |message: String| Err(ResourceError::new(message).field(field));
    let Some(rest) = path.strip_prefix('/') else {
        return wrong(format!("`{path}` is not an absolute path"));
    };
    if rest.split('/').any(|part| matches!(part, "" | "." | "..")) || rest.contains('\0') {
        return wrong(format!(
            "`{path}` is not a plain path: no `.`, `..`, empty parts or final slash"
        ));
    }
    Ok(())
}

/// The path with every link on the way resolved, not that of its last part.
pub(crate) fn resolve(view: &dyn View, path: &str) -> Result<String, ResourceError> {
    walk(view, path, false)
}

/// The same, with the last part's links, too.
pub(crate) fn follow(view: &dyn View, path: &str) -> Result<String, ResourceError> {
    walk(view, path, true)
}

fn walk(view: &dyn View, path: &str, follows_last: bool) -> Result<String, ResourceError> {
    let mut ahead: Vec<String> = parts(path);
    ahead.reverse();
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        done.push(part);
        let here = format!("/{}", done.join("/"));
        let is_last = ahead.is_empty();
        if is_last && !follows_last {
            break;
        }
        if view.metadata(&here)?.is_some_and(|found| found.kind == FileKind::Link) {
            links += 1;
            if links > MOST_LINKS {
                return Err(ResourceError::new(format!("{path} leads through too many links")));
            }
            let to = view.read_link(&here)?;
            done.pop();
            if to.starts_with('/') {
                done.clear();
            }
            ahead.extend(parts(&to).into_iter().rev());
        }
    }
    Ok(format!("/{}", done.join("/")))
}

fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.map(str::to_owned).collect()
}

/// The directory that a path is in.
pub(crate) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// All of a file, links followed; `None` if there is none.
pub(crate) fn read_file(view: &dyn View, path: &str) -> Result<Option<Vec<u8>>, ResourceError> {
    let path = follow(view, path)?;
    if view.metadata(&path)?.is_none_or(|found| found.kind != FileKind::File) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = view.open(&path)?.read_to_end(&mut bytes);
    read.map_err(|error| ResourceError::io("read", &path, &error))?;
    Ok(Some(bytes))
}
