//! Progress: the events of a run as lines for people.
//!
//! Invariant: pure; what a frame shows follows from the plan, the events and the time.

use std::fmt::Write as _;
use windlass::model::event::{Event, Progress as Step};
use windlass::model::plan::{Action, Plan, StepId};
use windlass::model::report::{Outcome, Rescued};

use super::escape;
use super::object::{self, Object, objects};
use super::style::{Role, Style, cut, pad, width};
use crate::words;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// Names longer than this are not waited for when columns are laid out.
const WIDEST_NAME: usize = 36;

/// What is known of a run while it goes on.
pub(crate) struct Progress<'p> {
    plan: &'p Plan,
    objects: Vec<Object<'p>>,
    states: Vec<State>,
    /// Which object a step belongs to.
    owners: Vec<usize>,
    name_columns: usize,
    /// Ways back that are being taken.
    rescues: usize,
    interrupted: bool,
}

/// How far an object has come.
#[derive(Clone, Debug, Default)]
struct State {
    began_ms: Option<u64>,
    ended_ms: Option<u64>,
    open_steps: usize,
    running: Vec<StepId>,
    failed: Option<(StepId, String)>,
    skipped: bool,
    doing: String,
    /// The last line of output.
    output: String,
}

/// One line for a terminal, and a second one below it.
type Lines = Vec<String>;

impl<'p> Progress<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        let objects = objects(plan);
        let mut owners = vec![0; plan.steps.len()];
        let mut states = vec![State::default(); objects.len()];
        for (index, object) in objects.iter().enumerate() {
            states[index].open_steps = object.steps.len();
            for (id, _) in &object.steps {
                owners[id.index()] = index;
            }
        }
        let names = objects.iter().map(|object| width(&object::full_name(object.address)));
        let name_columns = names.filter(|columns| *columns <= WIDEST_NAME).max().unwrap_or(0);
        Self { plan, objects, states, owners, name_columns, rescues: 0, interrupted: false }
    }

    /// Takes an event in; the lines to print for good, if an object ended by it.
    pub(crate) fn take(&mut self, event: &Event, style: Style) -> Lines {
        match event {
            Event::StepStarted { step, at_ms } => self.started(*step, *at_ms),
            Event::StepProgress { step, progress } => {
                self.state(*step).doing = progress_words(progress);
            }
            Event::StepOutput { step, line } => {
                let line = escape::line(line.trim_end()).into_owned();
                self.state(*step).output = line;
            }
            Event::StepFinished { step, outcome, at_ms } => {
                return self.finished(*step, outcome, *at_ms, style);
            }
            Event::RescueStarted { .. } => self.rescues += 1,
            Event::RescueFinished { rescued, .. } => {
                self.rescues -= 1;
                return vec![rescue_line(rescued, style)];
            }
            Event::Interrupted => self.interrupted = true,
            Event::Started { .. } | Event::Finished { .. } => {}
        }
        Vec::new()
    }

    fn state(&mut self, step: StepId) -> &mut State {
        &mut self.states[self.owners[step.index()]]
    }

    fn started(&mut self, step: StepId, at_ms: u64) {
        let state = &mut self.states[self.owners[step.index()]];
        state.began_ms.get_or_insert(at_ms);
        state.running.push(step);
        state.doing.clear();
        state.output.clear();
    }

    fn finished(&mut self, step: StepId, outcome: &Outcome, at_ms: u64, style: Style) -> Lines {
        let state = &mut self.states[self.owners[step.index()]];
        state.running.retain(|running| *running != step);
        state.open_steps = state.open_steps.saturating_sub(1);
        match outcome {
            Outcome::Done => {}
            Outcome::Failed(failure) => {
                let message = escape::line(&failure.message).into_owned();
                state.failed.get_or_insert((step, message));
            }
            Outcome::Skipped { .. } | Outcome::Cancelled => state.skipped = true,
        }
        if state.open_steps > 0 || state.ended_ms.is_some() {
            return Vec::new();
        }
        state.ended_ms = Some(at_ms);
        vec![self.end_line(self.owners[step.index()], style)]
    }

    fn end_line(&self, index: usize, style: Style) -> String {
        let (object, state) = (&self.objects[index], &self.states[index]);
        let time = match (state.began_ms, state.ended_ms) {
            (Some(began), Some(ended)) => words::duration(ended.saturating_sub(began)),
            (None, _) | (_, None) => String::new(),
        };
        let (glyph, role, text) = match &state.failed {
            Some((step, message)) => {
                let what = object::failure_words(&self.plan.step(*step).action);
                ('✗', Role::Error, format!("{what}: {message}"))
            }
            None if state.skipped => ('·', Role::Faint, "skipped".to_owned()),
            None => ('✓', Role::Create, object.deed.past().to_owned()),
        };
        self.line(&style.paint(role, &glyph.to_string()), index, &text, &time, style)
    }

    /// `glyph  name   text   time`, in the width of the style.
    fn line(&self, glyph: &str, index: usize, text: &str, time: &str, style: Style) -> String {
        let name = pad(&object::full_name(self.objects[index].address), self.name_columns);
        let taken = 2 + width(&name) + 2;
        let text = match style.width {
            None => format!("{text}  {time}").trim_end().to_owned(),
            Some(columns) => {
                let room = columns.saturating_sub(taken + 1);
                let for_text = room.saturating_sub(width(time) + 2);
                if for_text < 8 {
                    cut(text, room)
                } else {
                    let text = pad(&cut(text, for_text), for_text);
                    format!("{text}  {}", style.paint(Role::Faint, time))
                }
            }
        };
        let name = match style.width {
            Some(columns) => cut(&name, columns.saturating_sub(4)),
            None => name,
        };
        format!("{glyph} {name}  {}", text.trim_end())
    }

    /// The lines below what was printed for good: what runs now, and how far the run is. At most
    /// `rows` lines.
    pub(crate) fn frame(&self, now_ms: u64, rows: usize, style: Style) -> Lines {
        let tick = usize::try_from(now_ms / 100).unwrap_or(0);
        let spinner = style.paint(Role::Hint, &SPINNER[tick % SPINNER.len()].to_string());
        let room = rows.saturating_sub(1);
        let active: Vec<usize> = (0..self.states.len())
            .filter(|index| !self.states[*index].running.is_empty())
            .collect();
        let mut lines = Vec::new();
        // Output is shown only where every running object has its own line too.
        let with_output = active.len() * 2 <= room;
        let shown = if active.len() > room { room.saturating_sub(1) } else { active.len() };
        for index in &active[..shown] {
            let state = &self.states[*index];
            let began = state.began_ms.unwrap_or(now_ms);
            let time = words::duration(now_ms.saturating_sub(began));
            lines.push(self.line(&spinner, *index, &self.doing(*index), &time, style));
            if with_output && !state.output.is_empty() {
                let output = style.fit(&state.output, 5);
                lines.push(format!("  {}", style.paint(Role::Faint, &format!("| {output}"))));
            }
        }
        if active.len() > shown && room > 0 {
            lines.push(format!("  … and {} more running", active.len() - shown));
        }
        lines.push(self.status(now_ms, active.len(), style));
        lines
    }

    fn doing(&self, index: usize) -> String {
        let state = &self.states[index];
        let Some(step) = state.running.last() else {
            return String::new();
        };
        let action = object::action_words(&self.plan.step(*step).action);
        let action = match self.objects[index].other_name(*step) {
            Some(name) => format!("{action} ({})", escape::line(name)),
            None => action,
        };
        // `wait until healthy` need not say again what it waits for.
        if action.contains(&state.doing) { action } else { format!("{action}: {}", state.doing) }
    }

    fn status(&self, now_ms: u64, running: usize, style: Style) -> String {
        let ended = self.states.iter().filter(|state| state.ended_ms.is_some()).count();
        let failed = self.states.iter().filter(|state| state.failed.is_some()).count();
        let mut text = format!("{ended} of {}", self.states.len());
        if running > 0 {
            let _ = write!(text, ", {running} running");
        }
        if failed > 0 {
            let _ = write!(text, ", {failed} failed");
        }
        let _ = write!(text, ", {}", words::duration(now_ms));
        if self.rescues > 0 {
            let _ = write!(text, " - bringing back what served before: {}", self.rescues);
        }
        if self.interrupted {
            text.push_str(" - interrupted: waiting for what runs; again to end now");
        }
        style.paint(Role::Faint, &style.fit(&text, 1))
    }

    /// The line of an event where there is no terminal; `None` for what would only be noise.
    pub(crate) fn plain(&mut self, event: &Event, style: Style) -> Option<String> {
        self.take(event, style);
        match event {
            Event::StepStarted { step, .. } => {
                let name = self.name(*step);
                let step = self.plan.step(*step);
                is_long(&step.action)
                    .then(|| format!("{name}: {} …", object::action_words(&step.action)))
            }
            Event::StepProgress { step, progress: Step::BuildStep { name, cached } } => {
                let object = object::full_name(&self.plan.step(*step).address);
                let cached = if *cached { " (cached)" } else { "" };
                Some(format!("{object}: {}{cached}", escape::line(name)))
            }
            Event::StepOutput { step, line } => {
                let object = self.name(*step);
                Some(format!("{object} | {}", escape::line(line.trim_end())))
            }
            Event::StepFinished { step, outcome, .. } => self.plain_end(*step, outcome),
            Event::RescueStarted { address, .. } => {
                let name = object::full_name(address);
                Some(format!("{name}: bringing back what served before …"))
            }
            Event::RescueFinished { rescued, .. } => Some(rescue_line(rescued, style)),
            Event::Interrupted => {
                Some("interrupted: waiting for what runs; nothing more is started".to_owned())
            }
            Event::Started { .. } | Event::Finished { .. } | Event::StepProgress { .. } => None,
        }
    }

    /// Whose step it is; a container that is not called as its address says is named, too.
    fn name(&self, id: StepId) -> String {
        let object = &self.objects[self.owners[id.index()]];
        let name = object::full_name(object.address);
        match object.other_name(id) {
            Some(passing) => format!("{name} ({})", escape::line(passing)),
            None => name,
        }
    }

    fn plain_end(&self, id: StepId, outcome: &Outcome) -> Option<String> {
        let step = self.plan.step(id);
        let name = self.name(id);
        let what = object::action_words(&step.action);
        match outcome {
            Outcome::Done => Some(format!("{name}: {what} - done")),
            Outcome::Failed(failure) => {
                Some(format!("{name}: {what} - failed: {}", escape::line(&failure.message)))
            }
            Outcome::Skipped { .. } => Some(format!("{name}: {what} - skipped")),
            Outcome::Cancelled => None,
        }
    }
}

/// Whether a step takes so long that its beginning is worth a line.
fn is_long(action: &Action) -> bool {
    matches!(
        action,
        Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::BuildImage(_)
            | Action::ImportImage(_)
            | Action::WaitContainer { .. }
            | Action::ExecContainer { .. }
    )
}

fn rescue_line(rescued: &Rescued, style: Style) -> String {
    let name = object::full_name(&rescued.address);
    let (glyph, role, text) = match &rescued.failure {
        None => ('↩', Role::Warning, "what served before serves again".to_owned()),
        Some(failure) => {
            let message = escape::line(&failure.message);
            ('✗', Role::Error, format!("could not bring back what served before: {message}"))
        }
    };
    style.fit(&format!("{} {name}  {text}", style.paint(role, &glyph.to_string())), 0)
}

fn progress_words(progress: &Step) -> String {
    match progress {
        Step::Bytes { done: 0, total: None } => String::new(),
        Step::Bytes { done, total: Some(total) } => {
            format!("{} of {}", words::bytes(*done), words::bytes(*total))
        }
        Step::Bytes { done, total: None } => words::bytes(*done),
        Step::BuildStep { name, cached: false } => escape::line(name).into_owned(),
        Step::BuildStep { name, cached: true } => format!("{} (cached)", escape::line(name)),
        Step::Waiting { what } => escape::line(what).into_owned(),
        Step::Status { text } => escape::line(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use windlass::model::report::{Failure, FailureKind};

    const STYLE: Style = Style { colour: false, width: Some(60) };

    fn started(step: u32, at_ms: u64) -> Event {
        Event::StepStarted { step: StepId(step), at_ms }
    }

    fn finished(step: u32, outcome: Outcome, at_ms: u64) -> Event {
        Event::StepFinished { step: StepId(step), outcome, at_ms }
    }

    #[test]
    fn an_object_is_printed_once_it_ended() {
        let plan = sample::plan();
        let mut progress = Progress::new(&plan);
        let mut printed = Vec::new();
        for event in [
            started(0, 0),
            started(8, 0),
            finished(0, Outcome::Done, 1500),
            started(1, 1500),
            finished(1, Outcome::Done, 1600),
            started(2, 1600),
        ] {
            printed.extend(progress.take(&event, STYLE));
        }
        assert_eq!(printed, ["✓ network front  created                               1.5s"]);
        let output = Event::StepOutput { step: StepId(2), line: "hi\u{1b}[2J\n".into() };
        progress.take(&output, STYLE);
        insta::assert_snapshot!(progress.frame(2000, 20, STYLE).join("\n"), @r"
        ⠋ container app  start                                 0.5s
          | hi\u{1b}[2J
        ⠋ volume old     remove                                2.0s
        1 of 4, 2 running, 2.0s
        ");
        let failure = Failure {
            kind: FailureKind::Local,
            message: "no such\nthing".into(),
            detail: Vec::new(),
            help: None,
        };
        printed = progress.take(&finished(2, Outcome::Failed(failure), 2000), STYLE);
        printed.extend(progress.take(&finished(3, Outcome::Cancelled, 2000), STYLE));
        assert_eq!(printed, ["✗ container app  could not start: no such\\nthing       0.5s"]);
    }

    #[test]
    fn a_container_that_makes_room_is_told_from_its_successor() {
        let mut plan = sample::plan();
        let Action::StopContainer { container, .. } = plan.steps[4].action.clone() else {
            panic!("{:?}", plan.steps[4])
        };
        let name = "shop.web_previous".to_owned();
        let old = container.clone();
        plan.steps[4].action = Action::RenameContainer { container, name: name.into() };
        plan.steps[7].action =
            Action::RemoveContainer { container: old, force: false, anonymous_volumes: false };
        plan.steps[7].group = plan.steps[6].group;
        let mut progress = Progress::new(&plan);
        let lines: Vec<_> = (4..8)
            .flat_map(|step| [started(step, 0), finished(step, Outcome::Done, 5)])
            .filter_map(|event| progress.plain(&event, Style::PLAIN))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        container web: rename to shop.web_previous - done
        container web: create - done
        container web: start - done
        container web (shop.web_previous): remove - done
        ");
        let objects = objects(&plan);
        let web = objects.iter().find(|object| object.address.name == "web").unwrap();
        assert_eq!(
            web.phrase(true),
            "rename to shop.web_previous, create, start, remove (shop.web_previous)"
        );
        assert_eq!(web.phrase(false), "recreate");
    }

    #[test]
    fn a_frame_fits_into_the_window() {
        let plan = sample::plan();
        let mut progress = Progress::new(&plan);
        for step in [0, 1, 4, 8] {
            progress.take(&started(step, 0), STYLE);
            let line = "a very long line of output that is surely cut somewhere, and more".into();
            progress.take(&Event::StepOutput { step: StepId(step), line }, STYLE);
        }
        for rows in 1..12 {
            for columns in [10, 20, 40, 80] {
                let style = Style { colour: false, width: Some(columns) };
                let lines = progress.frame(61_000, rows, style);
                assert!(lines.len() <= rows, "{rows}: {lines:?}");
                assert!(lines.iter().all(|line| width(line) <= columns.max(30)), "{lines:#?}");
            }
        }
    }

    #[test]
    fn without_a_terminal_each_event_is_a_line() {
        let plan = sample::plan();
        let mut progress = Progress::new(&plan);
        let building = Step::BuildStep { name: "[1/2] RUN make".into(), cached: true };
        let lines: Vec<_> = [
            Event::Started { steps: 9 },
            started(1, 0),
            Event::StepProgress { step: StepId(1), progress: building },
            Event::StepOutput { step: StepId(1), line: "compiling\n".into() },
            finished(1, Outcome::Done, 5),
            started(3, 5),
            finished(3, Outcome::Skipped { because: StepId(2) }, 5),
            Event::Interrupted,
        ]
        .iter()
        .filter_map(|event| progress.plain(event, Style::PLAIN))
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        container app: [1/2] RUN make (cached)
        container app | compiling
        container app: create - done
        container app: wait until healthy …
        container app: wait until healthy - skipped
        interrupted: waiting for what runs; nothing more is started
        ");
    }
}
