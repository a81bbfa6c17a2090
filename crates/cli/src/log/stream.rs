//! Log streams: pieces of output as whole lines, with the moment when each was written.
//!
//! Invariant: the bytes of a line are those of the container; a last line without an end is one too.
//! Memory is bounded: a line without end comes in parts of about `LINE_LIMIT`.

use futures_util::StreamExt;
use std::collections::VecDeque;
use windlass::engine::EngineError;
use windlass::engine::stream::{Channel, Chunk, EngineStream};

/// Longer than any line that somebody reads.
const LINE_LIMIT: usize = 1024 * 1024;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub channel: Channel,
    /// RFC 3339, by the engine's clock; `None` where it was not asked for.
    pub time: Option<String>,
    /// With its line end, if it has one.
    pub bytes: Vec<u8>,
}

/// A log, line by line.
pub(crate) struct LogStream {
    pieces: EngineStream<Chunk>,
    with_times: bool,
    splitter: Splitter,
    ended: bool,
}

impl LogStream {
    pub(crate) fn new(pieces: EngineStream<Chunk>, with_times: bool) -> Self {
        Self { pieces, with_times, splitter: Splitter::default(), ended: false }
    }

    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<LogLine, EngineError>> {
        loop {
            if let Some(line) = self.splitter.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            match self.pieces.next().await {
                Some(Ok(chunk)) => self.splitter.push(&chunk, self.with_times),
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                None => {
                    self.ended = true;
                    self.splitter.finish();
                }
            }
        }
    }
}

/// Cuts pieces into lines, each channel for itself.
#[derive(Debug, Default)]
struct Splitter {
    open: [Option<LogLine>; 2],
    ready: VecDeque<LogLine>,
}

impl Splitter {
    fn push(&mut self, chunk: &Chunk, with_times: bool) {
        let place = match chunk.channel {
            Channel::Stdout => 0,
            Channel::Stderr => 1,
        };
        for piece in chunk.bytes.split_inclusive(|byte| *byte == b'\n') {
            // The engine writes the time before each line, and, in a line that it keeps in several
            // records, before each of them.
            let (time, bytes) = if with_times { split_time(piece) } else { (None, piece) };
            let line = self.open[place].get_or_insert_with(|| LogLine {
                channel: chunk.channel,
                time: None,
                bytes: Vec::new(),
            });
            line.time = line.time.take().or(time);
            line.bytes.extend_from_slice(bytes);
            if bytes.ends_with(b"\n") || line.bytes.len() >= LINE_LIMIT {
                self.ready.extend(self.open[place].take());
            }
        }
    }

    fn finish(&mut self) {
        self.ready.extend(self.open.iter_mut().filter_map(Option::take));
    }
}

/// `2026-11-21T12:00:00.123456789Z ` before the rest.
fn split_time(piece: &[u8]) -> (Option<String>, &[u8]) {
    let Some(space) = piece.iter().take(40).position(|byte| *byte == b' ') else {
        return (None, piece);
    };
    let is_time = space >= 20
        && piece[..4].iter().all(u8::is_ascii_digit)
        && piece[4] == b'-'
        && piece[10] == b'T';
    match std::str::from_utf8(&piece[..space]) {
        Ok(time) if is_time => (Some(time.to_owned()), &piece[space + 1..]),
        Ok(_) | Err(_) => (None, piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[(Channel, &str)], with_times: bool) -> Vec<(Option<String>, String)> {
        let mut splitter = Splitter::default();
        for (channel, text) in pieces {
            let bytes = text.as_bytes().to_vec().into();
            splitter.push(&Chunk { channel: *channel, bytes }, with_times);
        }
        splitter.finish();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        splitter.ready.into_iter().map(|line| (line.time, text(line.bytes))).collect()
    }

    #[test]
    fn lines_are_whole_and_channels_do_not_mix() {
        use Channel::{Stderr, Stdout};
        let pieces = [(Stdout, "a\nb"), (Stderr, "error\n"), (Stdout, "c\nend")];
        let lines: Vec<_> = split(&pieces, false).into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["a\n", "error\n", "bc\n", "end"]);
    }

    #[test]
    fn a_line_without_end_comes_in_parts() {
        let half = "x".repeat(LINE_LIMIT / 2);
        let pieces = vec![(Channel::Stdout, &*half); 5];
        let lengths: Vec<_> = split(&pieces, false).iter().map(|(_, text)| text.len()).collect();
        assert_eq!(lengths, [LINE_LIMIT, LINE_LIMIT, LINE_LIMIT / 2]);
    }

    #[test]
    fn times_are_taken_off_also_within_a_long_line() {
        use Channel::Stdout;
        let time = "2026-11-21T12:00:00.123456789Z";
        let (first, second) = (format!("{time} long "), format!("{time} line\n"));
        let lines = split(&[(Stdout, &first), (Stdout, &second), (Stdout, "no time\n")], true);
        assert_eq!(
            lines,
            [(Some(time.to_owned()), "long line\n".to_owned()), (None, "no time\n".to_owned())]
        );
    }
}
