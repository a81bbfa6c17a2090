//! Looking: at what an action is done to, and at what became of a call whose reply was lost.
//!
//! Invariant: a look is repeated until the engine answers or `LOOK_TIME` is over; only its answer
//! decides.

use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::time::Instant;
use windlass_engine::{EngineError, Result};
use windlass_model::fault::Fault;

/// An engine that restarts is back within this time (2–13 s were measured).
const LOOK_TIME: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether the engine did not answer at all.
pub(crate) fn is_silent(fault: &Fault) -> bool {
    matches!(fault, Fault::Unreachable | Fault::ReplyLost | Fault::DeadlineExceeded)
}

/// Whether another attempt may be answered: what came may have been a gateway's page, or broken.
fn may_pass(fault: &Fault) -> bool {
    is_silent(fault) || *fault == Fault::Malformed
}

/// Asks until the engine answers. `ask` must change nothing, or nothing more when it is repeated.
pub(crate) async fn until_answered<'a, T>(ask: impl Fn() -> BoxFuture<'a, Result<T>>) -> Result<T> {
    let end = Instant::now() + LOOK_TIME;
    let mut pause = FIRST_PAUSE;
    loop {
        match ask().await {
            Err(error) if may_pass(&error.fault) && Instant::now() + pause < end => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            answer => return answer,
        }
    }
}

/// The same, where a missing object is an answer.
pub(crate) async fn if_there<'a, T>(
    ask: impl Fn() -> BoxFuture<'a, Result<T>>,
) -> Result<Option<T>> {
    match until_answered(ask).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first error, or what the look found out about it.
pub(crate) fn verdict(lost: EngineError, carried_out: Result<bool>) -> Result<()> {
    // Where nothing was found out, the reply is what was lost, and that is told.
    if carried_out.unwrap_or(false) { Ok(()) } else { Err(lost) }
}
