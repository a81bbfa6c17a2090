//! Output of containers as lines, and what is looked for in it.
//!
//! Invariant: lines do not depend on where pieces end, and nothing is lost or added.

use windlass_executor::fuzz::{LINE_LIMIT, lines as read, listens};

use crate::input::pieces;

pub fn lines(bytes: &[u8]) {
    let cut = read(&pieces(bytes));
    assert_eq!(cut, read(&[bytes]));
    for line in &cut {
        assert!(line.len() <= 3 * LINE_LIMIT && !line.contains('\n'));
    }
    let ends = bytes.split(|byte| *byte == b'\n').count() - 1;
    let open = !bytes.is_empty() && !bytes.ends_with(b"\n");
    if bytes.len() < LINE_LIMIT {
        assert_eq!(cut.len(), ends + usize::from(open));
    }
    if listens(&cut, 80) {
        assert!(cut.iter().any(|line| line.to_lowercase().contains("50")));
    }
}
