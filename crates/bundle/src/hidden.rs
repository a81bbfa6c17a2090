//! Files that hold something of a sensitive resource.
//!
//! Invariant: what is in one is in no diff, whatever resource changes it, and whether the sensitive one has anything to do or not.

use crate::{Bundle, Change, Facts, File, Kind, Op, Resource, View, path};
use std::collections::BTreeSet;

/// Files of passwords, though no resource says that they are sensitive; and what programs keep of them.
const PASSWORDS: [&str; 4] = ["/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-"];

/// See the module.
pub(crate) struct Hidden {
    /// As they are declared, and where that leads. What is below one is hidden, too.
    paths: BTreeSet<String>,
    /// Any file that is there may have some: of a sensitive command nobody knows where it wrote.
    is_anywhere: bool,
}

impl Hidden {
    pub(crate) fn new(bundle: &Bundle, view: &dyn View, facts: &Facts) -> Self {
        let mut hidden = Self { paths: BTreeSet::new(), is_anywhere: facts.has_secrets };
        for path in PASSWORDS {
            hidden.add_path(path.to_owned(), view);
        }
        for resource in &bundle.resources {
            hidden.add(resource, view);
        }
        hidden
    }

    /// Where the paths of some resources lead now: something may have made a link meanwhile.
    pub(crate) fn look_again(&mut self, bundle: &Bundle, places: &[usize], view: &dyn View) {
        for place in places {
            self.add(&bundle.resources[*place], view);
        }
    }

    fn add(&mut self, resource: &Resource, view: &dyn View) {
        let written = resource.sensitive.then(|| resource.kind.writes());
        for path in written.into_iter().flatten() {
            self.is_anywhere |= path == "/";
            self.add_path(path, view);
        }
        // What is kept of a file is as sensitive as that.
        if let Kind::File(File { path, backup: Some(ending), .. }) = &resource.kind
            && let Ok(path) = path::follow(view, path)
            && self.covers(&path)
        {
            self.paths.insert(path + ending);
        }
    }

    fn add_path(&mut self, path: String, view: &dyn View) {
        self.paths.extend(path::follow(view, &path).ok());
        self.paths.insert(path);
    }

    /// Takes away what would show something, and says so.
    pub(crate) fn hide(&self, resource: &Resource, change: &mut Change, view: &dyn View) {
        let path = change.op.path();
        // Also where only the mode changes: what is there may be compared with what was there.
        let is_file = matches!(change.op, Op::Write { .. } | Op::SetAttributes { .. });
        let holds = (is_file && self.covers(path))
            || (change.diff.is_some() && self.is_in_doubt(path, view));
        if resource.sensitive || holds {
            change.diff = None;
            change.is_sensitive = true;
        }
    }

    fn covers(&self, path: &str) -> bool {
        let mut at = path;
        while at != "/" {
            if self.paths.contains(at) {
                return true;
            }
            at = path::parent(at);
        }
        false
    }

    /// A file that is not there yet holds nothing but what it is made of.
    fn is_in_doubt(&self, path: &str, view: &dyn View) -> bool {
        self.is_anywhere && !matches!(view.metadata(path), Ok(None))
    }
}
