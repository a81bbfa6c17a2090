//! The user's wish to stop.
//!
//! Invariant: the first wish ends a run gently, the second at once; there is no way back.

use tokio::sync::watch;

/// How urgent it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    #[default]
    None,
    /// Start nothing more, let running steps end that would leave something half done.
    Gentle,
    /// Return now.
    Now,
}

/// The side that is interrupted: an execution.
#[derive(Clone, Debug)]
pub struct Interrupts(watch::Receiver<Urgency>);

/// The side that interrupts: whoever hears the signals.
#[derive(Clone, Debug)]
pub struct Interrupter(watch::Sender<Urgency>);

/// Both sides.
pub fn interrupts() -> (Interrupter, Interrupts) {
    let (sender, receiver) = watch::channel(Urgency::None);
    (Interrupter(sender), Interrupts(receiver))
}

impl Interrupter {
    /// Once: stop gently. Twice: now.
    pub fn interrupt(&self) {
        self.0.send_modify(|urgency| {
            *urgency = match urgency {
                Urgency::None => Urgency::Gentle,
                Urgency::Gentle | Urgency::Now => Urgency::Now,
            };
        });
    }
}

impl Interrupts {
    /// Nobody will interrupt.
    pub fn never() -> Self {
        interrupts().1
    }

    /// Waits until it is more urgent than `known`.
    pub(crate) async fn beyond(&mut self, known: Urgency) -> Urgency {
        // Copied out at once: what the channel lends would keep a run to one thread.
        let urgency = self.0.wait_for(|urgency| *urgency > known).await.map(|urgency| *urgency);
        match urgency {
            Ok(urgency) => urgency,
            // Whoever could interrupt is gone.
            Err(_) => std::future::pending().await,
        }
    }
}
