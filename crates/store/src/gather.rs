//! Gathering: every file that a bundle needs is brought to this machine.
//!
//! Invariant: nothing of the target is looked at, so it is the same for a plan and for what is done then; all that fails is said.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass_bundle::{Bundle, Gathered, Kind, ResourceError};

use crate::checkout::UnknownRevision;
use crate::download::NotFetched;
use crate::store::{Store, digest};
use crate::{archive, checkout, credentials, download};

/// So many are waited for at once.
const AT_ONCE: usize = 4;

/// Looks at the sources of trees, which are relative to a directory, and brings what is fetched and checked out into a store, which
/// is only opened if there is something for it.
///
/// # Errors
///
/// All that could not be had, each with the place of its resource in the bundle.
pub fn gather(
    bundle: &mut Bundle,
    directory: &Path,
    store: impl FnOnce() -> io::Result<Store>,
) -> Result<(), Vec<ResourceError>> {
    let mut errors: Vec<ResourceError> = bundle.gather(directory).err().into_iter().collect();
    let is_wanted = |kind: &Kind| {
        matches!(kind, Kind::Fetch(one) if one.gathered.is_none())
            || matches!(kind, Kind::Git(one) if one.gathered.is_none())
    };
    let all = bundle.resources.iter().enumerate();
    let wanted: Vec<usize> =
        all.filter(|(_, one)| is_wanted(&one.kind)).map(|(index, _)| index).collect();
    if wanted.is_empty() {
        return if errors.is_empty() { Ok(()) } else { Err(errors) };
    }
    let store = store().map_err(|error| {
        let message = format!("there is no place to keep what is fetched: {error}");
        vec![ResourceError::new(message).at(wanted[0])]
    })?;
    let mut done = brought(bundle, &wanted, &store);
    done.sort_by_key(|(index, _)| *index);
    for (index, result) in done {
        let resource = &mut bundle.resources[index];
        let id = resource.id();
        match (result, &mut resource.kind) {
            (Ok((_, gathered)), Kind::Fetch(one)) => one.gathered = Some(gathered),
            (Ok((commit, gathered)), Kind::Git(one)) => {
                (one.commit, one.gathered) = (commit, Some(gathered));
            }
            (Ok(_), _) => {}
            (Err(error), kind) => errors.push(explained(&error, kind).at(index).of(id)),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Says which key is wrong, and what helps.
fn explained(error: &io::Error, kind: &Kind) -> ResourceError {
    let source = error.get_ref();
    let other = source.and_then(|one| one.downcast_ref::<NotFetched>()?.found.as_ref());
    let is_unknown = source.and_then(|one| one.downcast_ref::<UnknownRevision>()).is_some();
    let (what, field, help) = match (kind, other) {
        (Kind::Fetch(_), Some(digest)) => {
            let help = format!("if that is the file you want, write `sha256: {digest}`");
            ("fetched", "sha256", help)
        }
        (Kind::Fetch(_), None) => {
            ("fetched", "urls", "correct it, or add another place that has the file".to_owned())
        }
        (_, _) if is_unknown => {
            ("checked out", "rev", "name a commit, a tag or a branch that is there".to_owned())
        }
        (_, _) => {
            let help = "correct it, and see that `git ls-remote` reaches it from here";
            ("checked out", "repository", help.to_owned())
        }
    };
    let error = credentials::hidden(&error.to_string());
    ResourceError::new(format!("it could not be {what}: {error}")).field(field).help(help)
}

type Brought = io::Result<(Option<String>, Gathered)>;

fn brought(bundle: &Bundle, wanted: &[usize], store: &Store) -> Vec<(usize, Brought)> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(index) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = bring(&bundle.resources[*index].kind, store);
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((*index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..wanted.len().min(AT_ONCE) {
            scope.spawn(work);
        }
        work();
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn bring(kind: &Kind, store: &Store) -> Brought {
    if let Kind::Git(one) = kind {
        let found = checkout::checkout(store, &one.repository, &one.rev, one.submodules)?;
        return Ok((Some(found.0), Gathered::Tree(found.1)));
    }
    let Kind::Fetch(one) = kind else { return Err(io::Error::other("it comes from nowhere")) };
    let path = download::download(store, &one.urls, &one.sha256)?;
    if !one.extract {
        return Ok((None, Gathered::File(windlass_bundle::Content::File(path))));
    }
    let key = format!("{}\0{}", one.sha256, one.strip);
    let key = format!("archive-{}", digest(key.as_bytes()));
    Ok((None, Gathered::Tree(archive::extract(store, &path, &key, one.strip)?)))
}
