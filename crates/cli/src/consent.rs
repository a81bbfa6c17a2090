//! Consent: asked before anything is done that can't be undone.
//!
//! Invariant: without a terminal nothing is asked; it is refused, with the flag to use.

use std::collections::BTreeSet;
use std::io::BufRead;
use windlass::model::plan::{Hazard, Plan};

use crate::args::Consent;
use crate::invocation::Invocation;
use crate::render::object;
use crate::render::style::Role;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Whether the plan may be carried out. Downtime is shown in the plan and is not asked about: who
/// asks for a change of a running container wants it.
pub(crate) fn obtain(invocation: &Invocation, plan: &Plan, consent: Consent) -> Result<()> {
    let lost: BTreeSet<String> = plan
        .steps
        .iter()
        .filter(|step| step.hazard == Some(Hazard::DataLoss))
        .map(|step| object::full_name(&step.address))
        .collect();
    if lost.is_empty() || consent.yes {
        return Ok(());
    }
    let lost: Vec<_> = lost.into_iter().collect();
    let what = format!("all data of {} will be lost", words::and_list_up_to(&lost, 6));
    let here = &invocation.environment;
    if !(here.stdin_is_terminal && here.stderr_is_terminal) || invocation.console.is_json {
        return Err(Trouble::usage(
            format!("{what}, and there is nobody to ask"),
            "look at the plan with `--dry-run`, then give `--yes` if this is meant",
        ));
    }
    let mark = invocation.console.stderr.paint(Role::Consent, "!");
    invocation.console.complain(&format!("{mark} {what}. Go on? [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Trouble::failed("nothing was changed"))
}
