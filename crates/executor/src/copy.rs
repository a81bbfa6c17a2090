//! Files in and out of a container, at once and without a plan.
//!
//! Invariant: what a container gives is unpacked by `windlass_image::archive` alone, which trusts none of it.

mod look;
mod place;

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use windlass_engine::{Engine, EngineError};
use windlass_image::archive::{LeftOut, Unpacked, pack, unpack};
use windlass_model::ContainerId;

use crate::download::{Broken, download};
use look::look;
use place::{Found, Place, Wrong, place};

/// Pieces that are under way between the engine and this machine's files.
const PIECES: usize = 8;

/// Why something was not copied, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the engine refused")]
    Engine { source: EngineError },
    #[error("cannot copy {}", path.display())]
    Local { path: PathBuf, source: io::Error },
    #[error("there is no {path} in the container")]
    NotThere { path: String },
    /// A path of the container, and why nothing can be copied from there, or to there.
    #[error("{path} of the container {problem}")]
    Inside { path: String, problem: &'static str },
    /// The same of a path of this machine.
    #[error("{} {problem}", path.display())]
    Here { path: PathBuf, problem: &'static str },
}

/// Copies a file or directory of a container to this machine, by the rules of `docker cp`: into a directory that is there, else
/// under the target's name. A path that ends in `/.` is the contents of the directory. A path that is a link is what that leads
/// to, under the link's name.
pub async fn copy_out(
    engine: &dyn Engine,
    container: &ContainerId,
    path: &str,
    target: &Path,
) -> Result<Unpacked, CopyError> {
    let refused = |source| CopyError::Engine { source };
    let whole = whole(path);
    let (source, real) = look(engine, container, &whole).await.map_err(refused)?;
    // The root has no name that it could have elsewhere.
    let is_root = whole == "/";
    let place = place(
        (source, is_root || is_contents(Path::new(path))),
        (found(target.metadata().ok()), is_directory_said(target)),
    );
    let target = match place {
        Ok(Place::Itself | Place::Contents) => target.to_path_buf(),
        Ok(Place::Below) => target.join(whole.rsplit('/').next().unwrap_or_default()),
        Err(Wrong::NoSource) => return Err(CopyError::NotThere { path: whole }),
        Err(Wrong::Source(problem)) => return Err(CopyError::Inside { path: whole, problem }),
        Err(Wrong::Target(problem)) => {
            return Err(CopyError::Here { path: target.to_path_buf(), problem });
        }
    };
    // As `/` its entries would be from the root, and so outside of everything.
    let asked = if real == "/" { "/." } else { &real };
    let pieces = engine.get_archive(container, asked).await.map_err(refused)?;
    let to = target.clone();
    let done = download(pieces, move |tar| unpack(tar, &to)).await;
    done.map_err(|broken| match broken {
        Broken::Engine(source) => CopyError::Engine { source },
        Broken::Local(source) => CopyError::Local { path: target, source },
    })
}

/// Copies a file or directory of this machine into a container, by the same rules. What was left out is given back.
pub async fn copy_in(
    engine: &dyn Engine,
    container: &ContainerId,
    source: &Path,
    path: &str,
) -> Result<Vec<LeftOut>, CopyError> {
    let local = |error| CopyError::Local { path: source.to_path_buf(), source: error };
    let refused = |source| CopyError::Engine { source };
    // What a link leads to is written, not the link.
    let (there, whole) = look(engine, container, &whole(path)).await.map_err(refused)?;
    let place = place(
        (found(Some(source.symlink_metadata().map_err(local)?)), is_contents(source)),
        (there, is_directory_said(Path::new(path))),
    );
    let (directory, name) = match place {
        Ok(Place::Contents) => (whole, OsString::from(".")),
        Ok(Place::Below) => (whole, own_name(source).map_err(local)?),
        Ok(Place::Itself) => {
            let (parent, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
            (format!("{parent}/"), OsString::from(name))
        }
        Err(Wrong::NoSource) => return Err(local(io::ErrorKind::NotFound.into())),
        Err(Wrong::Source(problem)) => {
            return Err(CopyError::Here { path: source.to_path_buf(), problem });
        }
        Err(Wrong::Target(problem)) => return Err(CopyError::Inside { path: whole, problem }),
    };
    let (sender, receiver) = channel::<io::Result<Bytes>>(PIECES);
    let from = source.to_path_buf();
    let packing = tokio::task::spawn_blocking(move || {
        let packed = pack(&from, &name, Outgoing(sender.clone()));
        if let Err(error) = &packed {
            // An upload that ends with an error is not taken for whole.
            let _ = sender.blocking_send(Err(io::Error::new(error.kind(), error.to_string())));
        }
        packed
    });
    let upload = stream::unfold(receiver, async |mut receiver: Receiver<_>| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let sent = engine.put_archive(container, &directory, upload.boxed()).await;
    let packed = packing.await.expect("invariant: packing does not panic");
    match (sent, packed) {
        (Err(error), _) if error.is_not_found() => Err(CopyError::NotThere { path: directory }),
        (Ok(()), Ok(left_out)) => Ok(left_out),
        // The pipe is broken because the engine refused.
        (Err(source), Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(refused(source))
        }
        (_, Err(error)) => Err(local(error)),
        (Err(source), Ok(_)) => Err(refused(source)),
    }
}

/// A path of a container, from its root and without what it ends in.
fn whole(path: &str) -> String {
    let path = path.strip_suffix("/.").unwrap_or(path);
    let path = if path == "." { "" } else { path };
    format!("/{}", path.trim_matches('/'))
}

/// Whether the contents of a directory are meant, not the directory itself.
fn is_contents(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/.") || path == Path::new(".")
}

/// Whether a path is written as one of a directory.
fn is_directory_said(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || is_contents(path)
}

/// What a source is called where it is copied to.
fn own_name(source: &Path) -> io::Result<OsString> {
    let name = |path: &Path| path.file_name().map(OsString::from);
    match name(source) {
        Some(name) => Ok(name),
        None => Ok(name(&source.canonicalize()?).unwrap_or_else(|| ".".into())),
    }
}

/// What a path of this machine leads to.
fn found(metadata: Option<Metadata>) -> Found {
    match metadata {
        None => Found::Nothing,
        Some(metadata) if metadata.is_dir() => Found::Directory,
        Some(_) => Found::File,
    }
}

/// A tar that leaves, from a writer on a thread of its own.
struct Outgoing(Sender<io::Result<Bytes>>);

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
