//! Consent: asked before anything is done that can't be undone.
//!
//! Invariant: without a terminal nothing is asked; it is refused, with the flags to use.

use std::collections::BTreeSet;
use std::io::BufRead;
use windlass::model::Address;
use windlass::model::plan::{Action, Hazard, Plan, Step};
use windlass::model::request::Request;

use crate::args::Consent;
use crate::invocation::Invocation;
use crate::render::object;
use crate::render::style::Role;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Whether the plan may be carried out. What loses data must have been named, or an answer at a
/// terminal says so. Downtime is shown in the plan and is not asked about: who asks for a change of a
/// running container wants it.
pub(crate) async fn obtain(
    invocation: &Invocation,
    plan: &Plan,
    request: &Request,
    consent: Consent,
) -> Result<()> {
    let consented = &request.options.destroy_volumes;
    let lost: BTreeSet<&Address> = plan
        .steps
        .iter()
        .filter(|step| step.hazard == Some(Hazard::DataLoss) && !is_named(step, consented))
        .map(|step| &step.address)
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = lost.iter().map(|address| object::full_name(address)).collect();
    let what = format!("all data of {} will be lost", words::and_list_up_to(&names, 6));
    let here = &invocation.environment;
    let can_ask = here.stdin_is_terminal && here.stderr_is_terminal && !consent.yes;
    if !can_ask || invocation.console.is_json {
        let flags: Vec<_> =
            lost.iter().map(|address| format!("--destroy-volume {}", address.name)).collect();
        return Err(Trouble::usage(
            what,
            format!("if this is meant, say so for each of them: `{}`", flags.join(" ")),
        ));
    }
    let mark = invocation.console.stderr.paint(Role::Consent, "!");
    invocation.console.complain(&format!("{mark} {what}. Go on? [y/N] "));
    // On a thread of its own, so that a signal ends the question.
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    if let Ok(Ok(answer)) = answer.await
        && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    {
        return Ok(());
    }
    Err(Trouble::failed("nothing was changed"))
}

/// Whether a flag names the volume that a step removes, by its key or by its name on the engine.
fn is_named(step: &Step, named: &BTreeSet<String>) -> bool {
    let name = if let Action::RemoveVolume { name, .. } = &step.action { name } else { "" };
    named.contains(name) || named.contains(&step.address.name)
}
