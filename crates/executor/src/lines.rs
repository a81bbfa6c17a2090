//! Output of containers as lines of text.
//!
//! Invariant: memory is bounded: a line without end is cut into pieces of `LINE_LIMIT`.

use futures_util::StreamExt as _;
use std::collections::VecDeque;
use std::time::Duration;
use windlass_engine::Engine;
use windlass_engine::stream::LogRequest;
use windlass_model::name::ContainerId;

/// Engines cut lines here themselves.
pub(crate) const LINE_LIMIT: usize = 16 * 1024;
/// How long the end of a log is waited for.
const TAIL_TIME: Duration = Duration::from_secs(5);
/// Lines of a log in a failure.
pub(crate) const TAIL_LINES: usize = 20;

/// Takes bytes and gives lines, without their ends.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if self.rest.ends_with(b"\n") || self.rest.len() >= LINE_LIMIT {
                lines.extend(self.finish());
            }
        }
        lines
    }

    /// What is left when the output ends.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.rest);
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
    }
}

/// The last lines of a container's log. A log that can't be read is an empty one: it only explains
/// a failure.
pub(crate) async fn log_tail(
    engine: &dyn Engine,
    container: &ContainerId,
    tty: bool,
) -> Vec<String> {
    let request = LogRequest { tail: Some(TAIL_LINES as u64), tty, ..LogRequest::default() };
    let mut tail = VecDeque::new();
    let read = async {
        let Ok(mut log) = engine.logs(container, &request).await else { return };
        let mut lines = Lines::default();
        while let Some(Ok(chunk)) = log.next().await {
            for line in lines.push(&chunk.bytes) {
                keep(&mut tail, line);
            }
        }
        if let Some(line) = lines.finish() {
            keep(&mut tail, line);
        }
    };
    // What was read until then is still worth showing.
    drop(tokio::time::timeout(TAIL_TIME, read).await);
    tail.into()
}

/// Keeps the last lines only.
pub(crate) fn keep(tail: &mut VecDeque<String>, line: String) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_depend_on_where_pieces_end() {
        let text = b"one\r\ntwo\n\n\xff\nlast";
        for step in 1..text.len() {
            let mut lines = Lines::default();
            let mut all: Vec<String> = text.chunks(step).flat_map(|c| lines.push(c)).collect();
            all.extend(lines.finish());
            assert_eq!(all, ["one", "two", "", "\u{fffd}", "last"], "step {step}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        let pieces = lines.push(&vec![b'x'; LINE_LIMIT]);
        assert_eq!(pieces.iter().map(String::len).collect::<Vec<_>>(), [LINE_LIMIT]);
        assert_eq!(lines.finish(), None);
    }
}
