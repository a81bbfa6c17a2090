//! Streams of JSON values: pulls, builds, events.
//!
//! Invariant: lines do not depend on where pieces end, and none is longer than the limit.

use windlass_engine::docker::fuzz::{json_lines as lines, transfer};

use crate::input::pieces;

const LIMIT: usize = 64;

pub fn json_lines(bytes: &[u8]) {
    let cut = lines(&pieces(bytes), LIMIT);
    assert_eq!(cut.is_some(), lines(&[bytes], LIMIT).is_some(), "it does not matter where it ends");
    if let Some(cut) = cut {
        for line in &cut {
            assert!(!line.contains(&b'\n') && !line.trim_ascii().is_empty());
        }
        let wanted =
            bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        assert!(wanted.eq(cut.iter().map(Vec::as_slice)));
    }
    transfer(bytes);
}
