//! A look at a file system that a bundle is for.
//!
//! Invariant: it can't change anything, and follows no links: who needs that resolves the path first ([`crate::path`]).

use crate::{Command, FileKind, Metadata, Owner, Records, ResourceError};
use std::collections::BTreeMap;
use std::io::Read;
use std::rc::Rc;

/// The root of a target: an image's layers, a directory, a host. Paths are absolute, without `.`, `..` and links.
pub trait View {
    /// What is at a path; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// If it can't be looked at.
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError>;

    /// A file.
    ///
    /// # Errors
    ///
    /// If it is no file, or can't be read.
    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError>;

    /// Where a link leads, as it is written.
    ///
    /// # Errors
    ///
    /// If it is no link, or can't be read.
    fn read_link(&self, path: &str) -> Result<String, ResourceError>;

    /// The extended attributes of a file or directory, by their names: capabilities of a program. Only who writes it anew
    /// elsewhere, as into a layer, asks for them; who changes it in its place has none to say.
    ///
    /// # Errors
    ///
    /// If there is one that can't be read.
    fn extended(&self, _: &str) -> Result<BTreeMap<String, Vec<u8>>, ResourceError> {
        Ok(BTreeMap::new())
    }

    /// The names in a directory, sorted.
    ///
    /// # Errors
    ///
    /// If it is no directory, or can't be read.
    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError>;

    /// How many entries are below a directory that shall go with all of them.
    ///
    /// # Errors
    ///
    /// If they can't be read, or something is mounted there or below.
    fn count_below(&self, path: &str) -> Result<usize, ResourceError> {
        count_entries(self, path)
    }

    /// Where who changes it is not root, and can give nothing away: what they own counts as root's, and this is how a
    /// resource may call them. `None`: every owner can be given.
    fn only_owner(&self) -> Option<Owner> {
        None
    }

    /// A file of accounts, which `read` reads. A view that knows when it changes reads it once; others do each time.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    fn records(
        &self,
        _: &str,
        read: &dyn Fn() -> Result<Records, ResourceError>,
    ) -> Result<Rc<Records>, ResourceError> {
        read().map(Rc::new)
    }

    /// Whether a link on the way to what is changed is followed, by whom it belongs to. On a machine that runs, who may
    /// change a link would decide where root writes.
    fn follows(&self, _: Owner) -> bool {
        true
    }

    /// Runs a command that only looks; its exit code, or `None` where nothing can be run.
    ///
    /// # Errors
    ///
    /// If it could not be started.
    fn probe(&self, _: &Command) -> Result<Option<i32>, ResourceError> {
        Ok(None)
    }
}

/// Each that is listed, and what is below it.
pub(crate) fn count_entries<V: View + ?Sized>(
    view: &V,
    path: &str,
) -> Result<usize, ResourceError> {
    let mut all = 0;
    for name in view.list(path)? {
        let path = format!("{path}/{name}");
        let is_directory =
            view.metadata(&path)?.is_some_and(|found| found.kind == FileKind::Directory);
        all += 1 + if is_directory { view.count_below(&path)? } else { 0 };
    }
    Ok(all)
}

macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<T: View + ?Sized> View for $pointer {
            fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
                (**self).metadata(path)
            }

            fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
                (**self).open(path)
            }

            fn read_link(&self, path: &str) -> Result<String, ResourceError> {
                (**self).read_link(path)
            }

            fn extended(&self, path: &str) -> Result<BTreeMap<String, Vec<u8>>, ResourceError> {
                (**self).extended(path)
            }

            fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
                (**self).list(path)
            }

            fn count_below(&self, path: &str) -> Result<usize, ResourceError> {
                (**self).count_below(path)
            }

            fn only_owner(&self) -> Option<Owner> {
                (**self).only_owner()
            }

            fn records(
                &self,
                path: &str,
                read: &dyn Fn() -> Result<Records, ResourceError>,
            ) -> Result<Rc<Records>, ResourceError> {
                (**self).records(path, read)
            }

            fn follows(&self, owner: Owner) -> bool {
                (**self).follows(owner)
            }

            fn probe(&self, command: &Command) -> Result<Option<i32>, ResourceError> {
                (**self).probe(command)
            }
        }
    )*};
}

through!(&T, Rc<T>);
