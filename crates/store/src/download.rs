//! Downloads: `https`, `http` and files of this machine.
//!
//! Invariant: a URL is never in the words of a program, where everybody can read it; nothing gets its name before its digest is right.

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::MAX_BYTES;
use crate::store::{OtherContents, Store};

/// Bytes per second, over a minute: what is slower has stalled.
const SLOWEST: &str = "1024";

/// A file that no place has.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub(crate) struct NotFetched {
    said: String,
    /// The digest of what the first place has that has something else.
    pub(crate) found: Option<String>,
}

/// The file with a digest: as it is kept here, or from the first place that has it.
///
/// # Errors
///
/// [`NotFetched`] within.
pub(crate) fn download(store: &Store, urls: &[String], digest: &str) -> io::Result<PathBuf> {
    if let Some(path) = store.kept(digest) {
        return Ok(path);
    }
    let (mut failures, mut found) = (Vec::new(), None);
    for url in urls {
        match from(store, url, digest) {
            Ok(path) => return Ok(path),
            Err(error) => {
                let other = error.get_ref().and_then(|one| one.downcast_ref::<OtherContents>());
                found = found.or_else(|| other.map(|other| other.found.clone()));
                failures.push(format!("{url}: {error}"));
            }
        }
    }
    Err(io::Error::other(NotFetched { said: failures.join("; "), found }))
}

fn from(store: &Store, url: &str, digest: &str) -> io::Result<PathBuf> {
    if let Some(path) = url.strip_prefix("file://") {
        return store.keep(windlass_files::open(Path::new(path))?, MAX_BYTES, Some(digest));
    }
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail", "--location", "--netrc-optional"])
        .args(["--proto", "=https,http", "--proto-redir", "=https,http", "--max-redirs", "10"])
        .args(["--connect-timeout", "30", "--speed-limit", SLOWEST, "--speed-time", "60"])
        // Each piece goes out as it comes: when nobody reads any more, curl ends with the next.
        .args(["--no-buffer", "--max-filesize", &MAX_BYTES.to_string()])
        .args(["--retry", "2", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        io::Error::new(error.kind(), format!("`curl`, which fetches it, can't be run: {error}"))
    })?;
    let quoted = url.replace('\\', "\\\\").replace('"', "\\\"");
    let told = child.stdin.take().map(|mut stdin| writeln!(stdin, "url = \"{quoted}\""));
    let kept = match child.stdout.take() {
        Some(stdout) => store.keep(stdout, MAX_BYTES, Some(digest)),
        None => Err(io::Error::other("`curl` has no output")),
    };
    let is_cut_short = kept.as_ref().is_err_and(|one| one.kind() != io::ErrorKind::InvalidData);
    if is_cut_short {
        let _ = child.kill();
    }
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(4096).read_to_string(&mut said);
    }
    let status = child.wait()?;
    if !status.success() && !is_cut_short {
        let said = said.lines().last().unwrap_or_default();
        let said = if said.is_empty() { format!("curl: {status}") } else { said.to_owned() };
        return Err(io::Error::other(said));
    }
    let path = kept?;
    told.transpose()?;
    Ok(path)
}
