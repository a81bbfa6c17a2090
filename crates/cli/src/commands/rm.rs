//! `windlass rm`.
//!
//! Invariant: only words become options here; the planner decides. One-off containers, which no plan knows by their name,
//! are removed only if they are the project's.

use windlass::OneOffContainer;
use windlass::model::one_off;
use windlass::model::request::{Options, Verb};

use crate::apply::apply_in;
use crate::args::Rm;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::escape;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Rm) -> Result<Exit> {
    let options = Options { force: args.force, ..Options::default() };
    let mut request = args.common.request(Verb::Remove, options);
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let is_one_off = |name: &&String| {
            session.project.named(name).is_empty() && name.contains(one_off::INFIX)
        };
        let names: Vec<String> = request.references.iter().filter(is_one_off).cloned().collect();
        request.references.retain(|name| !names.contains(name));
        for name in &names {
            one(invocation, &session, name, args).await?;
        }
        // Nothing at all would be everything.
        if !names.is_empty() && request.references.is_empty() {
            return Ok(Exit::Done);
        }
        apply_in(invocation, &session, &request, args.consent).await
    })
}

/// Removes a one-off container of the project, by its name on the engine.
async fn one(invocation: &Invocation, session: &Session, name: &str, args: &Rm) -> Result<()> {
    let shown = escape::line(name);
    for (engine, seen) in session.list().await? {
        let is_it = seen.name == name && one_off::is_of(&session.project.name, name, &seen.labels);
        if !is_it {
            continue;
        }
        if seen.state.is_up() && !args.force {
            return Err(Trouble::Failed {
                message: format!("{shown} runs"),
                hint: Some(format!("remove it all the same: `windlass rm --force {shown}`")),
            });
        }
        if args.consent.dry_run {
            invocation.console.say(&format!("{shown} would be removed\n"));
            return Ok(());
        }
        let found = OneOffContainer::find(&engine, &session.project.name, name).await;
        let found = found.map_err(|error| Trouble::engine(format!("find {name}"), error))?;
        if let Some(container) = found {
            container.remove().await;
            invocation.console.say(&format!("removed: container {shown}\n"));
        }
        return Ok(());
    }
    Err(Trouble::usage(
        format!("there is no container `{shown}` of this project"),
        "look which ones there are: `windlass ps`",
    ))
}
