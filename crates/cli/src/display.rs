//! The display of a run: a thread that shows events as they come.
//!
//! Invariant: a display never holds up the run. A terminal that is stopped, or a pipe that nobody
//! reads, only makes the display wait; what can't be written is dropped.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use windlass::model::event::Event;
use windlass::model::plan::{Plan, StepId};
use windlass::model::report::{Outcome, Report};

use crate::console::Console;
use crate::environment;
use crate::render::json;
use crate::render::progress::Progress;
use crate::render::style::{Style, width};
use crate::results::Results;

/// Between two frames: twelve a second.
const FRAME: Duration = Duration::from_millis(83);
/// A frame begins and ends so that a terminal shows it at once.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";

static CURSOR_IS_HIDDEN: AtomicBool = AtomicBool::new(false);

/// Shows the cursor again if a display hid it. Safe to call at any time, also when all ends badly.
pub(crate) fn restore_cursor() {
    if CURSOR_IS_HIDDEN.swap(false, Ordering::SeqCst) {
        let _ = std::io::stderr().write_all(SHOW_CURSOR.as_bytes());
    }
}

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One line per object that changes in place, on standard error.
    Live,
    /// One line per event, on standard error.
    Lines,
    /// One JSON object per event, on standard output.
    Json,
    /// Nothing.
    Silent,
}

/// So many lines of what a step said last are known; a failure has fewer.
const KEPT: usize = 100;

/// What steps said last, where that stays on the screen.
#[derive(Default)]
pub(crate) struct Shown(BTreeMap<StepId, VecDeque<String>>);

impl Shown {
    fn add(&mut self, step: StepId, line: &str) {
        let lines = self.0.entry(step).or_default();
        lines.push_back(line.to_owned());
        if lines.len() > KEPT {
            lines.pop_front();
        }
    }

    /// Leaves it out of what is said of failures: it was read already.
    pub(crate) fn leave_out(&self, report: &mut Report) {
        for (step, lines) in &self.0 {
            if let Some(Outcome::Failed(failure)) = report.outcomes.get_mut(step.index()) {
                failure.detail.retain(|line| !lines.contains(line));
            }
        }
    }
}

/// A display at work.
pub(crate) struct Display {
    sender: Sender<Event>,
    thread: JoinHandle<Shown>,
}

impl Display {
    pub(crate) fn start(mode: Mode, plan: Arc<Plan>, console: &Console) -> Self {
        let (sender, receiver) = channel();
        let (style, results) = (console.stderr, console.results.clone());
        let thread = std::thread::spawn(move || {
            match mode {
                Mode::Live => Live::new(&plan, style).run(&receiver),
                Mode::Lines => return show_lines(&plan, style, &receiver),
                Mode::Json => show_json(&results, &receiver),
                Mode::Silent => while receiver.recv().is_ok() {},
            }
            Shown::default()
        });
        Self { sender, thread }
    }

    /// Where events go.
    pub(crate) fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Shows what is left, and ends; says what was shown for good. Every other sender must be gone.
    pub(crate) fn finish(self) -> Shown {
        drop(self.sender);
        self.thread.join().unwrap_or_default()
    }
}

fn show_json(results: &Results, receiver: &Receiver<Event>) {
    while let Ok(event) = receiver.recv() {
        results.json(&json::event(&event));
    }
}

fn show_lines(plan: &Plan, style: Style, receiver: &Receiver<Event>) -> Shown {
    let (mut progress, mut shown) = (Progress::new(plan), Shown::default());
    let style = Style { width: None, ..style };
    while let Ok(event) = receiver.recv() {
        if let Event::StepOutput { step, line } = &event {
            shown.add(*step, line);
        }
        if let Some(line) = progress.plain(&event, style) {
            let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
        }
    }
    shown
}

/// A display that changes in place.
struct Live<'p> {
    progress: Progress<'p>,
    style: Style,
    began: Instant,
    /// Lines that are printed for good with the next frame.
    ended: Vec<String>,
    /// Columns of each line of the last frame.
    drawn: Vec<usize>,
}

impl<'p> Live<'p> {
    fn new(plan: &'p Plan, style: Style) -> Self {
        Self {
            progress: Progress::new(plan),
            style,
            began: Instant::now(),
            ended: Vec::new(),
            drawn: Vec::new(),
        }
    }

    fn run(mut self, receiver: &Receiver<Event>) {
        CURSOR_IS_HIDDEN.store(true, Ordering::SeqCst);
        let _ = std::io::stderr().write_all(HIDE_CURSOR.as_bytes());
        let mut next = Instant::now();
        loop {
            match receiver.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    let lines = self.progress.take(&event, self.style());
                    self.ended.extend(lines);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.draw(true);
                    next = Instant::now() + FRAME;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.draw(false);
        restore_cursor();
    }

    /// The style in the width that the terminal has now.
    fn style(&self) -> Style {
        let size = environment::size(&std::io::stderr());
        let width = size.map_or(self.style.width, |size| Some(usize::from(size.columns)));
        Style { width, ..self.style }
    }

    /// Replaces the last frame. One write.
    fn draw(&mut self, with_frame: bool) {
        let size = environment::size(&std::io::stderr());
        let style = self.style();
        let columns = style.width.unwrap_or(80).max(1);
        let mut out = String::from(BEGIN);
        // A terminal that became narrower has broken the lines of the last frame.
        let up: usize = self.drawn.iter().map(|width| width.saturating_sub(1) / columns + 1).sum();
        if up > 0 {
            let _ = write!(out, "\u{1b}[{up}A");
        }
        out.push('\r');
        for line in self.ended.drain(..) {
            push_line(&mut out, &line);
        }
        self.drawn.clear();
        if with_frame {
            let rows = size.map_or(24, |size| usize::from(size.rows)).saturating_sub(2).max(1);
            let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            for line in self.progress.frame(now, rows, style) {
                self.drawn.push(visible_width(&line));
                push_line(&mut out, &line);
            }
        }
        out.push_str("\u{1b}[J");
        out.push_str(END);
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(out.as_bytes());
    }
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\u{1b}[K\n");
}

/// Columns of a line, without its colour changes.
fn visible_width(line: &str) -> usize {
    let mut columns = 0;
    for (index, piece) in line.split('\u{1b}').enumerate() {
        let text = if index == 0 { piece } else { piece.split_once('m').map_or("", |(_, t)| t) };
        columns += width(text);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use windlass::model::report::{Failure, FailureKind};

    #[test]
    fn what_stays_on_the_screen_is_not_said_again() {
        let (step, other) = (StepId(0), StepId(1));
        let (sender, receiver) = channel();
        for line in ["one", "two"] {
            sender.send(Event::StepOutput { step, line: line.to_owned() }).unwrap();
        }
        drop(sender);
        let shown = show_lines(&sample::plan(), Style::PLAIN, &receiver);
        let failure = || {
            let detail = ["one", "two", "try again"].map(str::to_owned).into();
            let (kind, message) = (FailureKind::Local, String::new());
            Outcome::Failed(Failure { kind, message, detail, help: None })
        };
        let mut report = Report { outcomes: vec![failure(), failure()], ..Report::default() };
        shown.leave_out(&mut report);
        for (step, expected) in [(step, 1), (other, 3)] {
            let Outcome::Failed(left) = &report.outcomes[step.index()] else { panic!() };
            assert_eq!(left.detail.len(), expected, "{left:?}");
        }
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(visible_width("\u{1b}[32m✓\u{1b}[0m web"), 5);
        assert_eq!(visible_width("plain"), 5);
    }
}
