//! From the text of a classic build to its steps.
//!
//! Invariant: the memory of a step's output is bounded, whatever the step writes.

use std::collections::VecDeque;

use windlass_model::event::Progress;

use crate::stream::{CallProgress, ProgressSink};

/// How many last lines of a step are kept for its failure.
const TAIL: usize = 20;
/// A longer line is cut into several.
const LINE_LIMIT: usize = 16 * 1024;
const PAINT: [&str; 2] = ["\u{1b}[91m", "\u{1b}[0m"];

/// The steps of a build under way.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// What has come of the line under way.
    open: String,
    /// `[2/5] RUN make`.
    step: Option<String>,
    /// Whether the step's line has been told of.
    told: bool,
    tail: VecDeque<String>,
}

impl Steps {
    /// The step that is under way.
    pub(super) fn current(&self) -> Option<&str> {
        self.step.as_deref()
    }

    /// The last lines of the step under way.
    pub(super) fn tail(&mut self) -> Vec<String> {
        if !self.open.is_empty() {
            self.tail.push_back(std::mem::take(&mut self.open));
        }
        std::mem::take(&mut self.tail).into()
    }

    pub(super) fn push(&mut self, text: &str, progress: ProgressSink<'_>) {
        for piece in text.split_inclusive('\n') {
            self.open.push_str(piece);
            if piece.ends_with('\n') || self.open.len() > LINE_LIMIT {
                let line = std::mem::take(&mut self.open);
                self.line(line.trim_end_matches(['\n', '\r']), progress);
            }
        }
    }

    pub(super) fn finish(&mut self, progress: ProgressSink<'_>) {
        let line = std::mem::take(&mut self.open);
        self.line(&line, progress);
        self.tell(false, progress);
    }

    fn line(&mut self, line: &str, progress: ProgressSink<'_>) {
        let line = uncoloured(line);
        if let Some(step) = step_of(line) {
            self.tell(false, progress);
            self.step = Some(step);
            self.told = false;
            self.tail.clear();
            return;
        }
        if line == " ---> Using cache" {
            self.tell(true, progress);
        } else if line.starts_with(" ---> Running in ") {
            self.tell(false, progress);
        }
        let noise = line.is_empty()
            || line.starts_with(" ---> ")
            || line.starts_with("Removing intermediate container ");
        if noise {
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
        progress(CallProgress::Line(line.to_owned()));
    }

    /// Whether a step is cached is known only from the line after it.
    fn tell(&mut self, cached: bool, progress: ProgressSink<'_>) {
        if self.told {
            return;
        }
        if let Some(name) = self.step.clone() {
            self.told = true;
            progress(CallProgress::Progress(Progress::BuildStep { name, cached }));
        }
    }
}

/// The builder paints what came from stderr; the paint stands where a line begins.
fn uncoloured(mut line: &str) -> &str {
    while let Some(rest) = PAINT.iter().find_map(|paint| line.strip_prefix(paint)) {
        line = rest;
    }
    line
}

/// `[2/5] RUN make` of `Step 2/5 : RUN make`.
fn step_of(line: &str) -> Option<String> {
    let (number, instruction) =
        line.strip_prefix("Step ").or_else(|| line.strip_prefix("STEP "))?.split_once(':')?;
    let number = number.trim();
    let (index, count) = number.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(index) && is_number(count)).then(|| format!("[{number}] {}", instruction.trim()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn steps_and_lines() {
        let seen = Mutex::new(Vec::new());
        let sink = |progress: CallProgress| {
            seen.lock().unwrap().push(match progress {
                CallProgress::Progress(Progress::BuildStep { name, cached }) => {
                    format!("{name} {cached}")
                }
                CallProgress::Progress(other) => format!("{other:?}"),
                CallProgress::Line(line) => line,
            });
        };
        let text = "Step 1/3 : FROM a\n ---> 0123\nStep 2/3 : COPY . /\n ---> Using cache\n ---> 1\n\
                    Step 3/3 : RUN make\n ---> Running in 0123\none\r\n\u{1b}[91mtwo\n\u{1b}[0mRemoving intermediate container 0\nthr";
        for step in [1, 7, text.len()] {
            let mut steps = Steps::default();
            for start in (0..text.len()).step_by(step) {
                steps.push(&text[start..(start + step).min(text.len())], &sink);
            }
            assert_eq!(steps.current(), Some("[3/3] RUN make"));
            assert_eq!(steps.tail(), ["one", "two", "thr"]);
            steps.finish(&sink);
            let wanted = ["[1/3] FROM a false", "[2/3] COPY . / true", "[3/3] RUN make false"];
            let lines: Vec<String> = std::mem::take(&mut *seen.lock().unwrap());
            assert_eq!(lines[..3], wanted);
            assert_eq!(lines[3..], ["one", "two"]);
        }
    }

    #[test]
    fn the_tail_is_bounded() {
        let mut steps = Steps::default();
        steps.push(&"x\n".repeat(1000), &|_| {});
        steps.push(&"y".repeat(LINE_LIMIT * 3), &|_| {});
        assert!(steps.tail().len() <= TAIL + 1);
    }
}
