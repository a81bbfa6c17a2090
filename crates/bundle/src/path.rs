//! Paths in a target: links on the way resolved inside it.
//!
//! Invariant: a resolved path has no link in it but perhaps the last part, and never leaves the root: an entry
//! `lib/x` in a layer would replace the link `/lib` of a merged /usr, and the image would not start any more. What is
//! changed is never behind a link that somebody else than root may have put there.

use crate::{FileKind, Owner, ResourceError, View};

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
    walk(view, path, (false, &|owner| view.follows(owner)))
}

/// The same, with the last part's links, too.
pub(crate) fn follow(view: &dyn View, path: &str) -> Result<String, ResourceError> {
    walk(view, path, (true, &|owner| view.follows(owner)))
}

/// The same, whoever made the links: only to see whether there is something.
pub(crate) fn glance(view: &dyn View, path: &str) -> Result<String, ResourceError> {
    walk(view, path, (true, &|_| true))
}

fn walk(
    view: &dyn View,
    path: &str,
    (follows_last, follows): (bool, &dyn Fn(Owner) -> bool),
) -> Result<String, ResourceError> {
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
        let link = view.metadata(&here)?.filter(|found| found.kind == FileKind::Link);
        if let Some(link) = link {
            if !follows(link.owner) {
                return Err(not_followed(path, &here, link.owner));
            }
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

/// Whoever may change a link decides where root writes.
fn not_followed(path: &str, link: &str, Owner { uid, .. }: Owner) -> ResourceError {
    let message = format!("{path} leads through the link {link}, which belongs to the user {uid}");
    let help = "only links of root are followed; name the path that it leads to";
    ResourceError::new(message).field("path").help(help)
}

fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.map(str::to_owned).collect()
}

/// How the names begin by which a layer says what is gone of those below it.
const WHITEOUT: &str = ".wh.";

/// What is wrong with a path in an image: a part of it that would take away what others put there.
pub(crate) fn whiteout(path: &str) -> Option<ResourceError> {
    let part = path.split('/').find(|part| part.starts_with(WHITEOUT))?;
    let message = format!("an image has no file `{part}`: in a layer that name takes others away");
    let help = "a file goes by `policy: remove`; call this one otherwise";
    Some(ResourceError::new(message).field("path").help(help))
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
