//! From the engine's status stream to events: what started, what it wrote, how it ended.
//! Invariant: memory per vertex is bounded, whatever a build step writes.

use std::collections::{BTreeMap, VecDeque};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;

/// Log lines that a failure carries.
const LOG_TAIL_LINES: usize = 20;
/// A longer line is cut into several.
pub(super) const LINE_MAX_BYTES: usize = 16 * 1024;

/// Numbers the vertices of one build in the order in which they appeared.
pub type VertexNumber = usize;

/// Texts are untrusted: they can hold escape sequences and carriage returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// Some vertices start, finish and start again; then this comes twice.
    VertexStarted {
        vertex: VertexNumber,
        name: String,
    },
    /// Nothing was done; the result was in the cache.
    VertexCached {
        vertex: VertexNumber,
        name: String,
    },
    VertexCompleted {
        vertex: VertexNumber,
    },
    VertexFailed {
        vertex: VertexNumber,
        name: String,
        message: String,
    },
    /// One line, without its line end. `stderr` tells the two streams apart.
    Log {
        vertex: VertexNumber,
        stderr: bool,
        line: String,
    },
    /// Of a part of a vertex, such as one layer of a pull; `total` is unknown more often than not.
    Progress {
        vertex: VertexNumber,
        item: String,
        current: u64,
        total: Option<u64>,
        completed: bool,
    },
    Warning {
        vertex: VertexNumber,
        message: String,
    },
    /// File contents of the build context that have been sent in total.
    ContextSent {
        files: u64,
        bytes: u64,
    },
}

/// A vertex that went wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FailedVertex {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) log: Vec<String>,
}

/// Everything known of the vertices of one build.
#[derive(Default)]
pub(super) struct Progress {
    numbers: BTreeMap<String, VertexNumber>,
    vertices: Vec<Vertex>,
}

#[derive(Default)]
struct Vertex {
    name: String,
    phase: Phase,
    message: Option<String>,
    tail: VecDeque<String>,
    /// The unfinished line of each stream.
    partial: BTreeMap<i64, Vec<u8>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Known,
    Running,
    Ended,
}

impl Progress {
    pub(super) fn apply(
        &mut self,
        update: proto::StatusResponse,
        events: &mut impl FnMut(BuildEvent),
    ) {
        for vertex in &update.vertexes {
            self.begin(vertex, events);
        }
        for status in update.statuses {
            let vertex = self.number(&status.vertex);
            events(BuildEvent::Progress {
                vertex,
                item: if status.name.is_empty() { status.id } else { status.name },
                current: u64::try_from(status.current).unwrap_or(0),
                total: u64::try_from(status.total).ok().filter(|&total| total > 0),
                completed: status.completed.is_some(),
            });
        }
        for log in &update.logs {
            let number = self.number(&log.vertex);
            self.vertices[number].write(number, log.stream, &log.msg, events);
        }
        for warning in &update.warnings {
            let message = String::from_utf8_lossy(&warning.short).into_owned();
            events(BuildEvent::Warning { vertex: self.number(&warning.vertex), message });
        }
        // Last, so that a vertex ends after what it wrote.
        for vertex in update.vertexes {
            self.end(vertex, events);
        }
    }

    /// Gives out what is still unfinished, when no more updates come.
    pub(super) fn finish(&mut self, events: &mut impl FnMut(BuildEvent)) {
        for (number, vertex) in self.vertices.iter_mut().enumerate() {
            vertex.flush(number, events);
        }
    }

    /// The vertex that the build failed for, given the engine's account of the failure, which quotes it. Others end
    /// with an error without harm (a cache that cannot be read), or because that one did.
    pub(super) fn failure(&self, account: &str) -> Option<FailedVertex> {
        let failed =
            || self.vertices.iter().filter_map(|vertex| Some((vertex, vertex.message.as_deref()?)));
        let (vertex, message) = failed()
            .find(|(_, message)| account.contains(message))
            .or_else(|| failed().find(|(_, message)| !message.contains("context canceled")))
            .or_else(|| failed().next())?;
        Some(FailedVertex {
            name: vertex.name.clone(),
            message: message.to_owned(),
            log: vertex.tail.iter().cloned().collect(),
        })
    }

    fn number(&mut self, digest: &str) -> VertexNumber {
        if let Some(&number) = self.numbers.get(digest) {
            return number;
        }
        let number = self.vertices.len();
        self.vertices.push(Vertex::default());
        self.numbers.insert(digest.to_owned(), number);
        number
    }

    fn begin(&mut self, update: &proto::Vertex, events: &mut impl FnMut(BuildEvent)) {
        let number = self.number(&update.digest);
        let vertex = &mut self.vertices[number];
        vertex.name.clone_from(&update.name);
        let restarted = vertex.phase == Phase::Ended && update.completed.is_none();
        if update.started.is_some() && (vertex.phase == Phase::Known || restarted) {
            vertex.phase = Phase::Running;
            if !update.cached {
                events(BuildEvent::VertexStarted { vertex: number, name: vertex.name.clone() });
            }
        }
    }

    fn end(&mut self, update: proto::Vertex, events: &mut impl FnMut(BuildEvent)) {
        let number = self.number(&update.digest);
        let vertex = &mut self.vertices[number];
        let ended = vertex.phase == Phase::Running && update.completed.is_some();
        let failed = !update.error.is_empty() && vertex.message.is_none();
        if !ended && !failed {
            return;
        }
        vertex.flush(number, events);
        vertex.phase = Phase::Ended;
        let name = update.name;
        if update.error.is_empty() {
            vertex.message = None;
            events(if update.cached {
                BuildEvent::VertexCached { vertex: number, name }
            } else {
                BuildEvent::VertexCompleted { vertex: number }
            });
        } else {
            vertex.message = Some(update.error.clone());
            events(BuildEvent::VertexFailed { vertex: number, name, message: update.error });
        }
    }
}

impl Vertex {
    fn write(
        &mut self,
        number: VertexNumber,
        stream: i64,
        bytes: &[u8],
        events: &mut impl FnMut(BuildEvent),
    ) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let mut piece = piece;
            loop {
                let partial = self.partial.entry(stream).or_default();
                let (fits, rest) = piece.split_at(piece.len().min(LINE_MAX_BYTES - partial.len()));
                partial.extend_from_slice(fits);
                if partial.ends_with(b"\n") || partial.len() == LINE_MAX_BYTES {
                    let line = std::mem::take(partial);
                    self.line(number, stream, &line, events);
                }
                if rest.is_empty() {
                    break;
                }
                piece = rest;
            }
        }
    }

    fn flush(&mut self, number: VertexNumber, events: &mut impl FnMut(BuildEvent)) {
        for (stream, line) in std::mem::take(&mut self.partial) {
            if !line.is_empty() {
                self.line(number, stream, &line, events);
            }
        }
    }

    fn line(
        &mut self,
        number: VertexNumber,
        stream: i64,
        bytes: &[u8],
        events: &mut impl FnMut(BuildEvent),
    ) {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let line = String::from_utf8_lossy(bytes).into_owned();
        if self.tail.len() == LOG_TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        events(BuildEvent::Log { vertex: number, stderr: stream == 2, line });
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::google::protobuf::Timestamp;

    use super::*;

    fn vertex(digest: &str, state: &str, error: &str) -> proto::Vertex {
        let stamp = |yes: bool| yes.then(Timestamp::default);
        proto::Vertex {
            digest: digest.to_owned(),
            name: format!("step {digest}"),
            started: stamp(state != "known"),
            completed: stamp(matches!(state, "completed" | "cached")),
            cached: state == "cached",
            error: error.to_owned(),
            ..proto::Vertex::default()
        }
    }

    fn vertices(vertexes: Vec<proto::Vertex>) -> proto::StatusResponse {
        proto::StatusResponse { vertexes, ..proto::StatusResponse::default() }
    }

    fn log(digest: &str, stream: i64, text: &[u8]) -> proto::StatusResponse {
        let log = proto::VertexLog {
            vertex: digest.to_owned(),
            stream,
            msg: text.to_vec(),
            ..proto::VertexLog::default()
        };
        proto::StatusResponse { logs: vec![log], ..proto::StatusResponse::default() }
    }

    /// One line per event.
    fn run(
        account: &str,
        updates: Vec<proto::StatusResponse>,
    ) -> (Vec<String>, Option<FailedVertex>) {
        let mut lines = Vec::new();
        let mut progress = Progress::default();
        let mut events = |event: BuildEvent| {
            lines.push(match event {
                BuildEvent::VertexStarted { vertex, .. } => format!("{vertex} started"),
                BuildEvent::VertexCached { vertex, .. } => format!("{vertex} cached"),
                BuildEvent::VertexCompleted { vertex } => format!("{vertex} completed"),
                BuildEvent::VertexFailed { vertex, message, .. } => {
                    format!("{vertex} failed {message}")
                }
                BuildEvent::Log { vertex, stderr, line } => {
                    format!("{vertex} {} {line}", if stderr { "err" } else { "out" })
                }
                BuildEvent::Progress { vertex, item, current, total, completed } => {
                    format!("{vertex} {item} {current}/{total:?} {completed}")
                }
                BuildEvent::Warning { vertex, message } => format!("{vertex} warning {message}"),
                BuildEvent::ContextSent { .. } => unreachable!("no context here"),
            });
        };
        for update in updates {
            progress.apply(update, &mut events);
        }
        progress.finish(&mut events);
        let failure = progress.failure(account);
        (lines, failure)
    }

    #[test]
    fn vertices_start_and_end_once() {
        let cases: [(&[&str], &[&str]); 5] = [
            (&["known", "started", "started", "completed", "completed"], &["started", "completed"]),
            (&["completed"], &["started", "completed"]),
            (&["cached"], &["cached"]),
            (&["known"], &[]),
            (&["cached", "started", "completed"], &["cached", "started", "completed"]),
        ];
        for (states, expected) in cases {
            let updates = states.iter().map(|state| vertices(vec![vertex("a", state, "")]));
            let (lines, failure) = run("", updates.collect());
            let expected: Vec<String> = expected.iter().map(|text| format!("0 {text}")).collect();
            assert_eq!(lines, expected, "{states:?}");
            assert_eq!(failure, None);
        }
    }

    #[test]
    fn chunks_become_lines() {
        let (lines, _) = run(
            "",
            vec![
                vertices(vec![vertex("a", "started", "")]),
                log("a", 1, b"one\ntw"),
                log("a", 2, b"bad \xff\r\n"),
                log("a", 1, b"o\n\nlast"),
                vertices(vec![vertex("a", "completed", "")]),
            ],
        );
        let expected = [
            "0 started",
            "0 out one",
            "0 err bad \u{fffd}",
            "0 out two",
            "0 out ",
            "0 out last",
            "0 completed",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn endless_lines_are_cut() {
        let (lines, _) = run("", vec![log("a", 1, &vec![b'x'; LINE_MAX_BYTES * 2 + 1])]);
        let lengths: Vec<usize> = lines.iter().map(|line| line.len() - "0 out ".len()).collect();
        assert_eq!(lengths, [LINE_MAX_BYTES, LINE_MAX_BYTES, 1]);
    }

    #[test]
    fn the_cause_is_found_among_the_failures() {
        let cases = [
            ("failed to solve: exit code: 3", "step b"),
            ("failed to solve: no such cache", "step c"),
            ("context canceled", "step a"),
            ("said otherwise", "step c"),
        ];
        for (account, expected) in cases {
            let (_, failure) = run(
                account,
                vec![
                    vertices(vec![vertex("a", "completed", "context canceled")]),
                    vertices(vec![vertex("c", "completed", "no such cache")]),
                    vertices(vec![vertex("b", "completed", "exit code: 3")]),
                ],
            );
            assert_eq!(failure.unwrap().name, expected, "{account}");
        }
    }

    #[test]
    fn a_failure_carries_the_end_of_its_log() {
        let text = (1..=25).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n") + "\n";
        let (lines, failure) = run(
            "exit code: 3",
            vec![
                vertices(vec![vertex("a", "started", ""), vertex("b", "started", "")]),
                log("a", 1, b"of another step"),
                log("b", 1, text.as_bytes()),
                vertices(vec![vertex("b", "completed", "exit code: 3")]),
                log("b", 2, b"late"),
            ],
        );
        let failure = failure.unwrap();
        assert_eq!((failure.name.as_str(), failure.message.as_str()), ("step b", "exit code: 3"));
        assert_eq!(failure.log.len(), LOG_TAIL_LINES);
        assert_eq!(failure.log.first().unwrap(), "line 7");
        assert_eq!(failure.log.last().unwrap(), "late");
        assert!(lines.contains(&"1 failed exit code: 3".to_owned()), "{lines:?}");
    }
}
