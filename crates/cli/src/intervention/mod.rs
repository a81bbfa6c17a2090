//! Intervention: a shell in the state in which a build or a run failed.
//!
//! Invariant: nothing of it is left when the shell ends.

mod build;
mod run;

pub(crate) use build::{FailedBuild, offer};
pub(crate) use run::FailedRun;

use windlass::model::container::ContainerSpec;

use crate::args::{self, Consent, Intervene, Terminal};
use crate::consent;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::one_off::{self, Errand};
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

/// What the shell's container is like; its own name begins so.
const KEY: &str = "intervention";

/// Refuses what nobody could answer.
pub(crate) fn check(invocation: &Invocation, consent: Consent) -> Result<()> {
    if consent.intervene == Intervene::Always && !can_talk(invocation) {
        let message = "`--intervene always` needs a terminal for the shell";
        return Err(Trouble::usage(message, "leave it out: without a terminal nothing is asked"));
    }
    Ok(())
}

fn can_talk(invocation: &Invocation) -> bool {
    let (here, console) = (&invocation.environment, &invocation.console);
    let is_terminal = here.stdin_is_terminal && here.stdout_is_terminal && here.stderr_is_terminal;
    is_terminal && !console.is_json
}

/// Whether there is anybody to ask, who did not say that nothing is to be asked.
fn may_be_wanted(invocation: &Invocation, consent: Consent) -> bool {
    let is_wanted = match consent.intervene {
        Intervene::Ask => !consent.yes && !invocation.console.quiet,
        Intervene::Always => true,
        Intervene::Never => false,
    };
    is_wanted && can_talk(invocation)
}

/// Asks, unless it was said before.
async fn is_wanted(
    invocation: &Invocation,
    consent: Consent,
    question: &str,
    signals: &mut Signals,
) -> bool {
    if consent.intervene == Intervene::Always {
        return true;
    }
    tokio::select! {
        wanted = consent::answers_yes(invocation, '?', question) => wanted,
        _ = signals.next() => false,
    }
}

/// A container like this one, with a terminal, from which nobody intervenes again.
async fn shell(
    invocation: &Invocation,
    stage: &Session,
    like: &ContainerSpec,
    errand: Errand,
    consent: Consent,
    signals: &mut Signals,
) -> Result<Exit> {
    let args = args::OneOff {
        talk: Terminal { interactive: true, tty: true, no_tty: false },
        consent: Consent { intervene: Intervene::Never, dry_run: false, ..consent },
        ..args::OneOff::default()
    };
    invocation.console.say("the shell ends with `exit` or Ctrl-D; then all of it is removed\n");
    let quiet = invocation.quietly();
    let reference = like.address.name.to_string();
    Box::pin(one_off::run_in(&quiet, stage, (&reference, like), errand, &args, signals)).await
}
