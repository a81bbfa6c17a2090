//! A report for people: what failed and what to do about it, what was skipped, and the totals.
//!
//! Invariant: a failure names its object before anything that the engine said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use windlass::model::plan::{Plan, Step, StepId};
use windlass::model::report::{Failure, Outcome, Report, Rescued};

use super::escape;
use super::object::{self, Object, objects};
use super::style::{Role, Style, width};
use crate::hint::{self, Fate};
use crate::origin::Origin;
use crate::render;
use crate::words;

/// Lines of detail that are shown; more are counted.
const MOST_DETAIL: usize = 20;

/// What failed, each with advice. Empty if nothing did.
pub(crate) fn failures(
    report: &Report,
    plan: &Plan,
    origin: Option<&Origin>,
    style: Style,
) -> String {
    let mut out = String::new();
    for (id, failure) in report.failures() {
        let step = plan.step(id);
        let place = origin.and_then(|origin| origin.place_of_step(step, failure));
        push_failure(&mut out, step, failure, place, Fate::of(plan, report, step), style);
        let skipped = skipped_because(report, plan, id);
        if !skipped.is_empty() {
            let names: Vec<_> =
                skipped.iter().map(|step| object::full_name(&step.address)).collect();
            push_field(
                &mut out,
                "skipped",
                &words::and_list_up_to(&names, 6),
                Role::Warning,
                style,
            );
        }
        out.push('\n');
    }
    for rescued in &report.rescues {
        push_rescued(&mut out, rescued, style);
    }
    out
}

/// What became of a replacement that was taken back.
fn push_rescued(out: &mut String, rescued: &Rescued, style: Style) {
    let name = object::full_name(&rescued.address);
    if let Some(failure) = &rescued.failure {
        let title = format!("{name}: could not bring back what served before");
        let head = style.paint(Role::Error, "error:");
        let _ = writeln!(out, "{head} {}", style.paint(Role::Strong, &title));
        push_field(out, "said", &escape::line(&failure.message), Role::Faint, style);
        push_detail(out, &failure.detail, style);
        let next = "nothing is lost: run the same command again, it goes on from here";
        push_field(out, "help", next, Role::Hint, style);
        out.push('\n');
    } else {
        let head = style.paint(Role::Warning, "rolled back:");
        let _ = writeln!(out, "{head} {name}: what served before serves again\n");
    }
}

fn push_failure(
    out: &mut String,
    step: &Step,
    failure: &Failure,
    place: Option<String>,
    fate: Fate,
    style: Style,
) {
    let advice = hint::failure(step, failure, fate);
    let what = object::failure_words(&step.action);
    let name = object::full_name(&step.address);
    let title = match &advice.meaning {
        Some(meaning) => format!("{name}: {what}: {meaning}"),
        None => format!("{name}: {what}"),
    };
    let _ = writeln!(
        out,
        "{} {}",
        style.paint(Role::Error, "error:"),
        style.paint(Role::Strong, &title)
    );
    if let Some(place) = place {
        let arrow = style.paint(Role::Faint, "-->");
        let _ = writeln!(out, "  {arrow} {}", escape::line(&place));
    }
    if !failure.message.is_empty() {
        push_field(out, "said", &escape::line(&failure.message), Role::Faint, style);
    }
    push_detail(out, &failure.detail, style);
    if let Some(next) = &advice.next {
        push_field(out, "help", &escape::line(next), Role::Hint, style);
    }
}

/// `  help: text`, wrapped at the width with a hanging indent.
fn push_field(out: &mut String, label: &str, text: &str, role: Role, style: Style) {
    let head = format!("{label}: ");
    let indent = 2 + head.len();
    let lines = wrap(text, style.width.map(|width| width.saturating_sub(indent)));
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "  {}{line}", style.paint(role, &head));
        } else {
            let _ = writeln!(out, "{}{line}", " ".repeat(indent));
        }
    }
}

/// Breaks a text between words; a word that is too long is left whole.
pub(crate) fn wrap(text: &str, columns: Option<usize>) -> Vec<String> {
    let Some(columns) = columns else {
        return vec![text.to_owned()];
    };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("invariant: there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The last lines of what a step wrote.
pub(crate) fn push_detail(out: &mut String, detail: &[String], style: Style) {
    let skipped = detail.len().saturating_sub(MOST_DETAIL);
    let bar = style.paint(Role::Faint, "|");
    if skipped > 0 {
        let _ = writeln!(out, "  {bar} … {} before", words::count(skipped, "line"));
    }
    for line in &detail[skipped..] {
        let _ = writeln!(out, "  {bar} {}", escape::line(line.trim_end()));
    }
}

/// The first step of each other object that was skipped because of a step.
fn skipped_because<'p>(report: &Report, plan: &'p Plan, root: StepId) -> Vec<&'p Step> {
    let mut seen = BTreeSet::from([&plan.step(root).address]);
    plan.iter()
        .zip(&report.outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::Skipped { because: root })
        .filter(|((_, step), _)| seen.insert(&step.address))
        .map(|((_, step), _)| step)
        .collect()
}

/// `3 created, 1 recreated in 3.2s.`
pub(crate) fn totals(report: &Report, plan: &Plan, style: Style) -> String {
    let objects = objects(plan);
    let mut by_end: BTreeMap<End, Vec<&Object<'_>>> = BTreeMap::new();
    for object in &objects {
        by_end.entry(End::of(object, report)).or_default().push(object);
    }
    let number = |end| by_end.get(&end).map_or(0, Vec::len);
    let mut parts: Vec<String> =
        render::plan::tally(by_end.get(&End::Done).into_iter().flatten().copied())
            .into_iter()
            .map(|(deed, number)| format!("{number} {}", deed.past()))
            .collect();
    for (end, word) in
        [(End::Failed, "failed"), (End::Skipped, "skipped"), (End::Cancelled, "not begun")]
    {
        if number(end) > 0 {
            parts.push(format!("{} {word}", number(end)));
        }
    }
    let (title, role) = if report.interrupted {
        ("Interrupted", Role::Warning)
    } else if number(End::Failed) > 0 {
        ("Failed", Role::Error)
    } else {
        ("Done", Role::Create)
    };
    if parts.is_empty() {
        parts.push("nothing was left to do".to_owned());
    }
    let time = words::duration(report.elapsed_ms);
    let mut line = format!("{}: {} in {time}.", style.paint(role, title), parts.join(", "));
    if report.interrupted {
        line.push_str(" Run the same command again to go on from here.");
    }
    line.push('\n');
    line
}

/// How an object ended: as the worst of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Done,
    Cancelled,
    Skipped,
    Failed,
}

impl End {
    fn of(object: &Object<'_>, report: &Report) -> Self {
        let ends = object.steps.iter().map(|(id, _)| match report.outcomes.get(id.index()) {
            Some(Outcome::Done) => Self::Done,
            Some(Outcome::Failed(_)) => Self::Failed,
            Some(Outcome::Skipped { .. }) => Self::Skipped,
            Some(Outcome::Cancelled) | None => Self::Cancelled,
        });
        ends.max().unwrap_or(Self::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use windlass::model::fault::Fault;
    use windlass::model::report::FailureKind;

    fn report(failed: usize) -> Report {
        let plan = sample::plan();
        let failure = Failure {
            kind: FailureKind::Engine(Fault::PortInUse { port: Some(8080) }),
            message: "Bind for 0.0.0.0:8080 failed\u{7}".into(),
            detail: vec!["one\u{1b}[2J".into(), "two".into()],
            help: None,
        };
        let outcome = |index: usize| match index {
            index if index < failed => Outcome::Done,
            index if index == failed => Outcome::Failed(failure.clone()),
            8 => Outcome::Done,
            _ => Outcome::Skipped { because: StepId(u32::try_from(failed).unwrap()) },
        };
        let outcomes = (0..plan.steps.len()).map(outcome).collect();
        Report { outcomes, elapsed_ms: 3210, ..Report::default() }
    }

    #[test]
    fn a_failure_names_the_object_what_was_said_and_what_to_do() {
        let text =
            failures(&report(2), &sample::plan(), None, Style { colour: false, width: Some(72) });
        insta::assert_snapshot!(text, @r"
        error: container app: could not start: port 8080 of the engine's host is already taken
          said: Bind for 0.0.0.0:8080 failed\u{7}
          | one\u{1b}[2J
          | two
          help: find its holder with `ss -ltnp sport = :8080`, or publish
                another one under `containers.app`
          skipped: container web
        ");
    }

    #[test]
    fn totals_count_objects() {
        let plan = sample::plan();
        let interrupted = Report {
            outcomes: std::iter::repeat_n(Outcome::Done, 4)
                .chain(std::iter::repeat_n(Outcome::Cancelled, 5))
                .collect(),
            interrupted: true,
            elapsed_ms: 900,
            ..Report::default()
        };
        for (report, expected) in [
            (report(9), "Done: 2 created, 1 recreated, 1 removed in 3.2s.\n"),
            (report(2), "Failed: 1 created, 1 removed, 1 failed, 1 skipped in 3.2s.\n"),
            (
                interrupted,
                "Interrupted: 2 created, 2 not begun in 0.9s. \
                 Run the same command again to go on from here.\n",
            ),
        ] {
            assert_eq!(totals(&report, &plan, Style::PLAIN), expected);
        }
    }

    #[test]
    fn words_are_wrapped() {
        assert_eq!(wrap("aa bb cc", Some(5)), ["aa bb", "cc"]);
        assert_eq!(wrap("toolongword x", Some(5)), ["toolongword", "x"]);
        assert_eq!(wrap("aa bb", None), ["aa bb"]);
    }
}
