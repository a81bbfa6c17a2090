//! `windlass unlock`: frees the lock of a run that is no more.
//!
//! Invariant: only the lock that is named is freed, so that a new holder is never robbed.

use windlass::LockError;

use crate::args::Unlock;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::lock::who;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Unlock) -> Result<Exit> {
    if args.id.len() < 4 || !args.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("{} is not the id of a lock", args.id);
        return Err(Trouble::usage(message, "it is in the message of the run that was refused"));
    }
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let freed = windlass::unlock(&session.engines, &session.project.name, &args.id).await;
        match freed.map_err(trouble)? {
            Some(held) => {
                invocation.console.say(&format!("freed: it was held by {}\n", who(&held)));
                Ok(Exit::Done)
            }
            None => Err(not_held(&session, args).await?),
        }
    })
}

async fn not_held(session: &Session, args: &Unlock) -> Result<Trouble> {
    let held = windlass::locks(&session.engines, &session.project.name).await.map_err(trouble)?;
    let project = &session.project.name;
    Ok(match held.first() {
        None => Trouble::failed(format!("project {project} is not locked")),
        Some(other) => Trouble::Failed {
            message: format!("project {project} has another lock than {}", args.id),
            hint: Some(format!("{} is held by {}", other.container.short(), who(other))),
        },
    })
}

fn trouble(error: LockError) -> Trouble {
    match error {
        LockError::Engine { source, .. } => Trouble::engine("free the project", source),
        LockError::Held(_) => Trouble::failed("somebody holds the project"),
    }
}
