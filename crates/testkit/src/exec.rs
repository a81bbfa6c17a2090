//! Commands that run inside a fake container.
//!
//! Invariant: output comes in the engine's frames, and the exit code is known once it ended.

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use windlass_engine::stream::{Channel, Chunk, RawStream, Upload};
use windlass_engine::{EngineError, Result};
use windlass_model::fault::Fault;

/// What an exec says, and how it ends. `["exit", "3"]` ends with 3, `["missing"]` is a program that
/// is not there; every other command prints its words and ends with 0.
pub(crate) fn run(argv: &[String]) -> (String, i64) {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit", code] => (format!("leaving with {code}\n"), code.parse().unwrap_or(1)),
        ["missing", ..] => ("OCI runtime exec failed: not found\n".to_owned(), 126),
        _ => (format!("{}\n", words.join(" ")), 0),
    }
}

/// The last lines of a log, each as a container wrote it.
pub(crate) fn chunks(log: Vec<String>, tail: Option<u64>) -> Vec<Chunk> {
    let tail = tail.and_then(|tail| usize::try_from(tail).ok()).unwrap_or(log.len());
    let skip = log.len().saturating_sub(tail);
    let chunk = |line: String| Chunk { channel: Channel::Stdout, bytes: Bytes::from(line + "\n") };
    log.into_iter().skip(skip).map(chunk).collect()
}

/// A frame of standard output.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("invariant: a test's output is short");
    let mut bytes = vec![1, 0, 0, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// A connection on which the text arrives, and then the end.
pub(crate) async fn attached(text: &str) -> Box<dyn RawStream> {
    let bytes = frame(text);
    let (near, mut far) = tokio::io::duplex(bytes.len().max(1));
    far.write_all(&bytes).await.expect("invariant: the pipe has room for all of it");
    Box::new(near)
}

/// All of an upload.
pub(crate) async fn received(mut tar: Upload) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = tar.next().await {
        let broken = |e| EngineError::new(Fault::Other, "the upload broke").with_source(e);
        bytes.extend(piece.map_err(broken)?);
    }
    Ok(bytes)
}

/// A tar with one file, as a container's archive.
pub(crate) fn tar_of(path: &str, contents: &[u8]) -> Vec<u8> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut header = tar::Header::new_ustar();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, name, contents).expect("invariant: memory takes every byte");
    builder.into_inner().expect("invariant: memory takes every byte")
}
