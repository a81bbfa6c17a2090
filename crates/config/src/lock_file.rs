//! The lock file: the digest of each image that the project has from outside.
//!
//! Invariant: what is written reads back the same, and the same pins make the same bytes.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use windlass_model::image::familiar_reference;
use windlass_model::pins::{Pins, is_digest};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::did_you_mean;
use crate::source::{SourceMap, Span};
use crate::yaml::{self, Entry, MAX_NODES, Node, ParseOptions, Resolved, Scalar};

/// Its name, beside a file of windlass's own name.
pub const LOCK_FILE: &str = "windlass.lock";

/// The most bytes that it may have.
const LIMIT: u64 = 1 << 20;

/// The only version that there is.
const VERSION: i64 = 1;
const KEYS: [&str; 2] = ["version", "images"];
const HELP: &str = "`windlass lock` writes it anew";

/// A lock file, read. `pins` is there if it has no error.
#[derive(Clone, Debug, Default)]
pub struct LockFile {
    pub pins: Option<Pins>,
    pub diagnostics: Diagnostics,
    pub sources: SourceMap,
}

/// The text of a lock file: one line for each image, sorted.
pub fn lock_file_text(pins: &Pins) -> String {
    let mut text = format!(
        "# Written by `windlass lock`: the images from outside, as `--locked` takes them. Commit it.\nversion: {VERSION}\n"
    );
    if pins.0.is_empty() {
        return text + "images: {}\n";
    }
    text.push_str("images:\n");
    for (reference, digest) in &pins.0 {
        writeln!(text, "  \"{reference}\": {digest}")
            .expect("invariant: a String takes every write");
    }
    text
}

/// Reads a lock file; `name` is how it is called in findings. None, if there is no file.
///
/// # Errors
///
/// If it can't be read, is too large, or is no text.
pub fn read_lock_file(path: &Path, name: &str) -> io::Result<Option<LockFile>> {
    match windlass_files::read_text(path, LIMIT) {
        Ok(text) => Ok(Some(parse_lock_file(name, &text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// As [`read_lock_file`], of a text.
pub fn parse_lock_file(name: &str, text: &str) -> LockFile {
    let mut sources = SourceMap::new();
    let directory = Path::new(name).parent().unwrap_or(Path::new(""));
    let file = sources.add(name, directory, text);
    let mut diagnostics = Diagnostics::default();
    let options = ParseOptions { tags: &[], max_nodes: MAX_NODES };
    let root = yaml::parse(file, text, options, &mut diagnostics);
    if root.is_none() && !diagnostics.has_errors() {
        let found = Diagnostic::error("lock-file", "the lock file is empty");
        diagnostics.push(found.at(Span::new(file, 0, 0), "").help(HELP));
    }
    let pins = root.map(|root| pins(&root, &mut diagnostics)).unwrap_or_default();
    diagnostics.sort();
    let pins = (!diagnostics.has_errors()).then_some(pins);
    LockFile { pins, diagnostics, sources }
}

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("lock-file", message).at(span, "").help(HELP)
}

fn pins(root: &Node, diagnostics: &mut Diagnostics) -> Pins {
    let mut pins = Pins::default();
    let Some(map) = root.as_mapping() else {
        diagnostics.push(wrong(root.span, "a lock file has the keys `version` and `images`"));
        return pins;
    };
    // What another version means by its keys is not known.
    match map.get("version").map(|entry| (entry, entry.value.as_scalar().map(Scalar::resolve))) {
        Some((_, Some(Resolved::Integer(VERSION)))) => {}
        Some((entry, _)) => {
            let message = format!("this windlass reads version {VERSION} of lock files");
            diagnostics.push(wrong(entry.value.span, message));
            return pins;
        }
        None => diagnostics.push(wrong(root.span, "the lock file says no `version`")),
    }
    for entry in map.entries() {
        let key = &*entry.key.text;
        if !KEYS.contains(&key) {
            let message = format!("unknown key \"{}\"", yaml::shorten(key));
            let found = wrong(entry.key.span, message);
            diagnostics.push(found.maybe_help(did_you_mean(key, KEYS)));
        }
    }
    match map.get("images").map(|entry| (entry, entry.value.as_mapping())) {
        Some((_, Some(images))) => {
            for entry in images.entries() {
                pin(entry, &mut pins, diagnostics);
            }
        }
        Some((entry, None)) if entry.value.is_null() => {}
        Some((entry, None)) => {
            diagnostics.push(wrong(entry.value.span, "expected references with their digests"));
        }
        None => diagnostics.push(wrong(root.span, "the lock file has no `images`")),
    }
    pins
}

fn pin(entry: &Entry, pins: &mut Pins, diagnostics: &mut Diagnostics) {
    let reference = &*entry.key.text;
    if reference.is_empty()
        || reference.contains(['@', '"', '\\'])
        || reference.contains(char::is_whitespace)
    {
        let message = format!("\"{}\" is no reference with a tag", yaml::shorten(reference));
        diagnostics.push(wrong(entry.key.span, message));
        return;
    }
    let Some(Resolved::String(digest)) = entry.value.as_scalar().map(Scalar::resolve) else {
        diagnostics.push(wrong(entry.value.span, "expected a digest: `sha256:` and 64 hex digits"));
        return;
    };
    if !is_digest(digest) {
        let message = format!("\"{}\" is no digest", yaml::shorten(digest));
        diagnostics
            .push(wrong(entry.value.span, message).note("it is `sha256:` and 64 hex digits"));
        return;
    }
    let familiar = familiar_reference(reference);
    if pins.0.insert(familiar.clone(), digest.to_owned()).is_some() {
        let message = format!("{familiar} is here twice");
        diagnostics.push(wrong(entry.key.span, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let references = ["busybox:1", "127.0.0.1:5000/a/b:latest", "ghcr.io/x/y:1.2-rc_3"];
        for count in 0..=references.len() {
            let some = references[..count].iter();
            let pins = Pins(some.map(|one| ((*one).to_owned(), digest.clone())).collect());
            let text = lock_file_text(&pins);
            let read = parse_lock_file(LOCK_FILE, &text);
            assert_eq!(read.pins, Some(pins), "{}", read.diagnostics.render_plain(&read.sources));
        }
    }

    #[test]
    fn what_is_broken_is_placed() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, place, message) in [
            ("", "1:1", "the lock file is empty"),
            ("[]", "1:1", "has the keys `version` and `images`"),
            ("images: {}", "1:1", "says no `version`"),
            ("version: 1", "1:1", "has no `images`"),
            ("version: 2\nimages: 7", "1:10", "reads version 1"),
            ("version: 1\nimage: {}\nimages: {}", "2:1", "unknown key \"image\""),
            ("version: 1\nimages: [a]", "2:9", "expected references"),
            ("version: 1\nimages:\n  a:1: sha256:12", "3:8", "\"sha256:12\" is no digest"),
            ("version: 1\nimages:\n  a:1: [x]", "3:8", "expected a digest"),
            (&format!("version: 1\nimages:\n  a@b: {digest}"), "3:3", "no reference with a tag"),
            (&format!("version: 1\nimages:\n  a: {digest}\n  a:latest: {digest}"), "4:3", "twice"),
            ("version: 1\nimages:\n  a:1: x\n  a:1: y\n", "4:3", "a:1"),
            ("<<<<<<< HEAD\nversion: 1\nimages: {}\n", "", ""),
        ] {
            let read = parse_lock_file(LOCK_FILE, text);
            let plain = read.diagnostics.render_plain(&read.sources);
            assert_eq!(read.pins, None, "{text}");
            let place = format!("{LOCK_FILE}:{place}");
            assert!(plain.contains(&place) && plain.contains(message), "{text}: {plain}");
        }
    }
}
