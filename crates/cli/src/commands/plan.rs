//! `windlass plan`: what a command would do, and why.
//!
//! Invariant: nothing is changed; with `--offline` no engine is asked.

use windlass::model::request::Options;

use crate::args::Plan;
use crate::exit::Exit;
use crate::hint;
use crate::invocation::{self, Invocation};
use crate::lock;
use crate::preview;
use crate::render::{json, plan};
use crate::session::Session;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Plan) -> Result<Exit> {
    let options = Options { remove_orphans: args.remove_orphans, ..args.how.options() };
    let request = args.common.request(args.verb, args.what.add_to(options));
    let console = &invocation.console;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let observed = if args.offline {
            session.observe_offline(&request).await?
        } else {
            session.observe(invocation, &request).await?.0
        };
        lock::tell(invocation, &session, &observed);
        let made = windlass::plan(&session.project, &observed, &request)
            .map_err(|blocked| session.blocked(blocked))?;
        if console.is_json {
            console.json(&json::plan(&made, &session.origin, session.project.name.as_str()));
        } else if !console.quiet {
            console.result(&plan::plan(
                &made,
                Some(&session.origin),
                console.stdout,
                console.verbose,
            ));
        }
        if let Some(hint) = hint::nothing_to_do(&session.project, request.verb, &made) {
            console.say(&format!("{hint}\n"));
        }
        if !args.offline && !preview::show(invocation, &session, &made).await {
            return Ok(Exit::Failed);
        }
        Ok(if args.exit_code && made.has_changes() { Exit::Changes } else { Exit::Done })
    })
}
