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
/// terminal says so; what is foreign needs an answer, or `--yes`. Downtime is shown in the plan and is not asked about: who asks for a change of a
/// running container wants it.
pub(crate) async fn obtain(
    invocation: &Invocation,
    plan: &Plan,
    request: &Request,
    consent: Consent,
) -> Result<()> {
    let consented = &request.options.destroy_volumes;
    let lost =
        at_stake(plan, |step| step.hazard == Some(Hazard::DataLoss) && !is_named(step, consented));
    if !lost.is_empty() {
        let flags: Vec<_> =
            lost.iter().map(|address| format!("--destroy-volume {}", address.name)).collect();
        let way = format!("if this is meant, say so for each of them: `{}`", flags.join(" "));
        let what = format!("all data of {} will be lost", names(&lost, 6));
        ask(invocation, what, &way, consent).await?;
    }
    let foreign = at_stake(plan, |step| step.hazard == Some(Hazard::Foreign));
    if !foreign.is_empty() && !consent.yes {
        // The plan named each of them.
        let what =
            format!("{}, which this project did not make, will be removed", names(&foreign, 6));
        ask(invocation, what, "if this is meant, say `--yes`", consent).await?;
    }
    Ok(())
}

fn at_stake(plan: &Plan, is_it: impl Fn(&Step) -> bool) -> BTreeSet<&Address> {
    plan.steps.iter().filter(|step| is_it(step)).map(|step| &step.address).collect()
}

fn names(addresses: &BTreeSet<&Address>, most: usize) -> String {
    let names: Vec<_> = addresses.iter().map(|address| object::full_name(address)).collect();
    words::and_list_up_to(&names, most)
}

/// Asks a person, if one is there who may be asked.
async fn ask(invocation: &Invocation, what: String, way: &str, consent: Consent) -> Result<()> {
    let here = &invocation.environment;
    let can_ask = here.stdin_is_terminal && here.stderr_is_terminal && !consent.yes;
    if !can_ask || invocation.console.is_json {
        return Err(Trouble::usage(what, way));
    }
    if answers_yes(invocation, '!', &format!("{what}. Go on?")).await {
        return Ok(());
    }
    Err(Trouble::failed("nothing was changed"))
}

/// Asks a person at a terminal. On a thread of its own, so that a signal ends the question.
pub(crate) async fn answers_yes(invocation: &Invocation, mark: char, question: &str) -> bool {
    let mark = invocation.console.stderr.paint(Role::Consent, &mark.to_string());
    invocation.console.complain(&format!("{mark} {question} [y/N] "));
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await.ok().and_then(std::result::Result::ok).unwrap_or_default();
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Whether a flag names the volume that a step removes, by its key or by its name on the engine.
fn is_named(step: &Step, named: &BTreeSet<String>) -> bool {
    let name = if let Action::RemoveVolume { name, .. } = &step.action { name } else { "" };
    named.contains(name) || named.contains(step.address.name.as_str())
}
