//! What a run brought up: taken back when the run is over, or left to the user.
//!
//! Invariant: only what this process has marks on is looked for; the next run takes back what this one could not.

use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use windlass::model::Address;
use windlass::model::lock::Holder;
use windlass::model::request::{Options, Request, Verb};
use windlass::model::run_mark::RunMark;

use crate::apply::apply_in;
use crate::args::Consent;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::one_off::{LOCKED_S, PATIENCE};
use crate::process;
use crate::session::Session;
use crate::signals::Signals;
use crate::words;

/// How long it may take to stop and remove what was brought up, beside the stops themselves.
const LONGEST: Duration = Duration::from_mins(2);

/// Removes what this run brought up, but for what other runs need; with `leave` it is let go of, and stays.
pub(crate) async fn take_back(
    invocation: &Invocation,
    session: &Session,
    leave: bool,
    signals: &mut Signals,
) {
    let holder = process::holder(&invocation.environment, invocation.command);
    let marked = tokio::select! {
        marked = marked(session, &holder) => marked,
        () = tokio::time::sleep(PATIENCE) => return unsure(invocation),
        _ = signals.next() => return unsure(invocation),
    };
    if marked.is_empty() {
        return;
    }
    let names = words::and_list(&marked.iter().collect::<Vec<_>>());
    let options = Options { marks: Some(Box::new(holder)), leave, ..Options::default() };
    let request = Request { verb: Verb::Release, references: Vec::new(), options };
    let consent = Consent { yes: true, lock_timeout: LOCKED_S, ..Consent::default() };
    let quiet = invocation.quietly();
    if !leave {
        invocation.console.say(&format!("taking back what this run brought up: {names}\n"));
    }
    // It listens for signals itself.
    let applied = tokio::select! {
        applied = Box::pin(apply_in(&quiet, session, &request, consent)) => applied,
        () = tokio::time::sleep(LONGEST) => return unsure(invocation),
    };
    match applied {
        Ok(Exit::Done) if leave => {
            invocation.console.say(&format!("still up: {names}\n"));
        }
        Ok(Exit::Done) => {}
        Ok(_) => unsure(invocation),
        Err(trouble) => {
            trouble.show(&invocation.console);
            unsure(invocation);
        }
    }
}

fn unsure(invocation: &Invocation) {
    let text = "what this run brought up may still be there: the next run takes it back";
    invocation.console.warn(text);
}

/// What this process has marks on. An engine that can't be asked has no part in it.
async fn marked(session: &Session, holder: &Holder) -> BTreeSet<Address> {
    let project = &session.project.name;
    let on = session.engines.iter().map(|(name, engine)| async move {
        let volumes = engine.list_volumes().await.unwrap_or_default();
        let marks = volumes.iter().filter_map(|one| RunMark::read(project, name, one));
        let mine = marks.filter(|mark| holder.is_of_process(&mark.holder));
        mine.map(|mark| mark.address).collect::<Vec<_>>()
    });
    join_all(on).await.into_iter().flatten().collect()
}
