//! Homes: a directory of its own for a user, with what every new one has.
//!
//! Invariant: a home that is there is left alone, whoever's it is.

use crate::kind::file::in_the_way;
use crate::{Change, Content, FileKind, Op, Owner, ResourceError, View, path};

/// What is in a new home.
const SKELETON: &str = "/etc/skel";

/// As Debian's `adduser`: nobody else looks in.
const MODE: u32 = 0o700;

pub(crate) fn make(
    view: &dyn View,
    home: &str,
    owner: Owner,
) -> Result<Vec<Change>, ResourceError> {
    let home = path::resolve(view, home)?;
    // It is there, also where there is nothing yet.
    if home == "/" {
        return Ok(Vec::new());
    }
    match view.metadata(&home)?.map(|found| found.kind) {
        None => {}
        Some(FileKind::Directory | FileKind::Link) => return Ok(Vec::new()),
        Some(kind) => return Err(in_the_way(&home, kind)),
    }
    let mut missing = Vec::new();
    let mut above = path::parent(&home);
    while above != "/" && view.metadata(above)?.is_none() {
        missing.push(above.to_owned());
        above = path::parent(above);
    }
    let root = Owner { uid: 0, gid: 0 };
    let make = |path, owner, mode| Change::new(Op::MakeDirectory { path, owner, mode }, "create");
    let mut changes: Vec<Change> =
        missing.into_iter().rev().map(|path| make(path, root, 0o755)).collect();
    changes.push(make(home.clone(), owner, MODE));
    let skeleton = path::follow(view, SKELETON)?;
    if view.metadata(&skeleton)?.is_some_and(|found| found.kind == FileKind::Directory) {
        copy(view, &skeleton, &home, owner, &mut changes)?;
    }
    Ok(changes)
}

fn copy(
    view: &dyn View,
    from: &str,
    to: &str,
    owner: Owner,
    changes: &mut Vec<Change>,
) -> Result<(), ResourceError> {
    for name in view.list(from)? {
        let (from, path) = (format!("{from}/{name}"), format!("{to}/{name}"));
        let Some(found) = view.metadata(&from)? else { continue };
        let mode = found.mode;
        let reason = format!("copy {from}");
        match found.kind {
            FileKind::Directory => {
                let op = Op::MakeDirectory { path: path.clone(), owner, mode };
                changes.push(Change::new(op, reason));
                copy(view, &from, &path, owner, changes)?;
            }
            FileKind::File => {
                let content = Content::Bytes(path::read_file(view, &from)?.unwrap_or_default());
                changes.push(Change::new(Op::Write { path, content, owner, mode }, reason));
            }
            FileKind::Link => {
                let to = view.read_link(&from)?;
                changes.push(Change::new(Op::MakeLink { path, to, owner }, reason));
            }
            FileKind::Other => {}
        }
    }
    Ok(())
}
