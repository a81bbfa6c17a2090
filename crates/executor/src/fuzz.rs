//! Doors to the private parsers, for the fuzz targets alone.
//!
//! Invariant: nothing is decided here; each door calls what a run itself calls.

use crate::readiness;
use crate::{lines, moment};

/// The longest line that is kept in one.
pub const LINE_LIMIT: usize = lines::LINE_LIMIT;
/// The most that is looked at of a file.
pub const ARCHIVE_LIMIT: usize = readiness::FILE_LIMIT;

pub fn lines(pieces: &[&[u8]]) -> Vec<String> {
    let mut lines = lines::Lines::default();
    let mut all: Vec<String> = pieces.iter().flat_map(|piece| lines.push(piece)).collect();
    all.extend(lines.finish());
    all
}

/// Nanoseconds since the epoch.
pub fn moment(text: &str) -> Option<i64> {
    moment::parse(text)
}

pub fn moment_text(ns: i64) -> String {
    moment::text(ns)
}

/// The contents of the first file of a tar.
pub fn first_file(tar: &[u8]) -> Option<Vec<u8>> {
    readiness::first_file(tar)
}

/// Whether somebody listens on a port, by `/proc/net/tcp`.
pub fn listens(table: &[String], port: u16) -> bool {
    readiness::listens(table, port)
}
