//! From what goes wrong here to what is answered.
//!
//! Invariant: the same words and hints as on a terminal.

use windlass::model::plan::Plan;
use windlass::model::report::Report;
use windlass_serve::{Kind, Problem};

use crate::hint::{self, Fate};
use crate::render::{blocker, object};
use crate::trouble::{Trouble, causes};

/// Of trouble before anything was done.
pub(super) fn of_trouble(trouble: Trouble) -> Problem {
    let with = |kind, message: String, hint: Option<String>| Problem {
        hint,
        ..Problem::new(kind, message)
    };
    match trouble {
        Trouble::Usage { message, hint } => with(Kind::BadRequest, message, hint),
        Trouble::Files { message, hint } | Trouble::Failed { message, hint } => {
            with(Kind::Failed, message, hint)
        }
        Trouble::Host { message, detail, hint, .. } => {
            with(Kind::Failed, message, Some(hint)).with_detail(detail)
        }
        Trouble::Held { message, .. } => {
            with(Kind::Conflict, message, Some("ask again when that has ended".to_owned()))
        }
        Trouble::Diagnosed => Problem::new(Kind::Failed, "the files are wrong"),
        Trouble::Found(found) => {
            let text = found.diagnostics.render_plain(&found.sources);
            Problem::new(Kind::Failed, "what the files name can't be used")
                .with_detail(text.lines().map(str::to_owned).collect())
        }
        Trouble::Blocked { blocked, .. } => {
            let titles: Vec<_> = blocked.blockers.iter().map(blocker::title).collect();
            let first = blocked.blockers.first();
            let hint = first.map(|first| hint::blocker(&first.address, &first.reason));
            with(Kind::Conflict, titles.join("; "), hint)
        }
        Trouble::Engine { doing, address, error } => {
            let advice = hint::fault(&error.fault, address.as_ref());
            let lost = hint::is_about_the_connection(&error.fault);
            let kind = if lost { Kind::EngineUnreachable } else { Kind::Failed };
            let said = std::iter::once(error.message.clone()).chain(causes(error.as_ref()));
            let said: Vec<_> = said.filter(|text| !text.is_empty()).collect();
            let message = format!("could not {doing}: {}", said.join(": "));
            with(kind, message, advice.next).with_detail(error.detail.clone())
        }
    }
}

/// Of steps that failed.
pub(super) fn of_report(plan: &Plan, report: &Report) -> Problem {
    let Some((id, failure)) = report.failures().next() else {
        return Problem::new(Kind::Failed, "it was interrupted");
    };
    let step = plan.step(id);
    let advice = hint::failure(step, failure, Fate::Passes);
    let title =
        format!("{}: {}", object::full_name(&step.address), object::failure_words(&step.action));
    let said = [Some(title), advice.meaning, Some(failure.message.clone())];
    let said: Vec<_> = said.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let problem = Problem::new(Kind::Failed, said.join(": "));
    Problem { hint: failure.help.clone(), ..problem }.with_detail(failure.detail.clone())
}
