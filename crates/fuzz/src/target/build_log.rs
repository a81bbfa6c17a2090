//! What build steps write, cut into lines.
//!
//! Invariant: lines do not depend on where pieces end, and none is longer than the limit.

use windlass_engine::docker::buildkit::BuildEvent;
use windlass_engine::docker::fuzz::{BUILD_LINE_LIMIT, build_log as read};

use crate::input::{Input, pieces};

pub fn build_log(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let stream = 1 + i64::from(input.choice(2) == 1);
    let rest = input.rest();
    let cut: Vec<_> = pieces(rest).into_iter().map(|piece| (stream, piece)).collect();
    let events = read(&cut);
    assert_eq!(events, read(&[(stream, rest)]));
    let mut length = 0;
    for event in &events {
        let BuildEvent::Log { line, stderr, .. } = event else { continue };
        assert_eq!(*stderr, stream == 2);
        // A byte that is no text becomes one character of three.
        assert!(line.len() <= 3 * BUILD_LINE_LIMIT && !line.contains('\n'));
        length += line.len();
    }
    assert!(length <= 3 * rest.len());
}
