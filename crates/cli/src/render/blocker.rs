//! Blockers for people: why there is no plan.
//!
//! Invariant: each names the object, what stands in its way, and what to do.

use std::fmt::Write as _;
use windlass::model::note::{Blocker, BlockerReason};

use super::escape;
use super::object;
use super::style::{Role, Style};
use crate::{hint, words};

/// References on the command line that name nothing.
pub(crate) fn unknown(blockers: &[Blocker], style: Style) -> String {
    let mut out = String::new();
    for blocker in blockers {
        let label = style.paint(Role::Error, "error:");
        let _ = writeln!(out, "{label} {}", style.paint(Role::Strong, &title(blocker)));
        let hint = hint::blocker(&blocker.address, &blocker.reason);
        let _ = writeln!(out, "  {} {}", style.paint(Role::Hint, "help:"), escape::line(&hint));
    }
    out.push_str(&summary(blockers.len()));
    out
}

/// How much stands in the way, and that nothing was done.
pub(crate) fn summary(number: usize) -> String {
    let verb = if number == 1 { "stands" } else { "stand" };
    format!("\n{} {verb} in the way; nothing was changed.\n", words::count(number, "thing"))
}

/// The object and what stands in its way, safe for a terminal.
pub(crate) fn title(blocker: &Blocker) -> String {
    let what = what(&blocker.reason);
    if matches!(blocker.reason, BlockerReason::UnknownReference { .. }) {
        return what;
    }
    if blocker.reason == BlockerReason::NothingToPush {
        return format!("project {}: {what}", escape::line(&blocker.address.name));
    }
    format!("{}: {what}", object::full_name(&blocker.address))
}

/// What stands in the way.
pub(crate) fn what(reason: &BlockerReason) -> String {
    let safe = |text: &str| escape::line(text).into_owned();
    match reason {
        BlockerReason::Foreign { name, owner, adoptable: _ } => {
            format!("the name {} is taken by {}", safe(name), safe(owner))
        }
        BlockerReason::ExternalMissing { name } => {
            format!("it is declared external, and there is no {}", safe(name))
        }
        BlockerReason::ContainerMissing { name } => {
            format!("it uses the container {}, which is not there", safe(name))
        }
        BlockerReason::Ambiguous { name, ids } => {
            let ids: Vec<_> = ids.iter().map(|id| safe(id.get(..12).unwrap_or(id))).collect();
            format!("there are several named {}: {}", safe(name), words::and_list(&ids))
        }
        BlockerReason::VolumeDiverged { name, .. } => {
            format!("{} is not as declared", safe(name))
        }
        BlockerReason::ImageMissing { reference } => {
            format!("{} is not there, and may not be pulled", safe(reference))
        }
        BlockerReason::PortHeld { port, holder } => {
            format!("port {} of the host is held by {}", safe(port), safe(holder))
        }
        BlockerReason::OrphanHolds { what, holder } => {
            format!("{} is held by {}, which the file does not declare", safe(what), safe(holder))
        }
        BlockerReason::UnknownReference { reference, .. } => {
            format!("there is no `{}` in this project", safe(reference))
        }
        BlockerReason::NothingToPush => "no image of it is declared with `push: true`".to_owned(),
        BlockerReason::NoRegistry { reference } => {
            format!("{} names no registry, and would go to Docker Hub", safe(reference))
        }
        BlockerReason::NotPushable { reference } => {
            format!("{} is not built here: it comes from its registry", safe(reference))
        }
        BlockerReason::NotBuilt { reference } => format!("{} is not there", safe(reference)),
        BlockerReason::NothingBefore => {
            "it is not known what ran before it: nothing to go back to".to_owned()
        }
        BlockerReason::NoHealthcheck { on } => {
            format!(
                "it waits until {} is healthy, which has no health check",
                safe(&on.to_string())
            )
        }
        BlockerReason::StartFirstImpossible { why } => {
            format!("`update.order: start-first` is impossible: {}", safe(why))
        }
    }
}
