//! Keeper: who makes containers, removes them and says what runs.
//!
//! Invariant: the server decides when a lease begins and ends; how a container comes and goes is the keeper's business alone.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio::sync::watch;

use crate::lease::Served;
use crate::problem::Problem;
use crate::wish::Wish;

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `stdout` or `stderr`.
    pub channel: &'static str,
    /// RFC 3339, by the engine's clock.
    pub time: Option<String>,
    /// Without its end; may hold anything.
    pub line: String,
}

/// Which part of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// Whether what is written from now on is waited for.
    pub follow: bool,
    /// So many of the last lines; `None` is all.
    pub tail: Option<u64>,
}

/// Nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct Cancelled(pub(crate) watch::Receiver<bool>);

impl Cancelled {
    /// Waits until nobody does.
    pub async fn wait(&mut self) {
        // A table that is gone wants nothing either.
        let _ = self.0.wait_for(|cancelled| *cancelled).await;
    }
}

/// Who makes containers, removes them and says what runs.
#[async_trait]
pub trait Keeper: Send + Sync + 'static {
    /// Makes a container as it is wished, and returns when it is ready. `lease`: what tells it from all others, eight hexadecimal
    /// digits. `says`: hears what is waited for.
    ///
    /// # Errors
    ///
    /// Why there is none; nothing of it is left then, also after a cancellation.
    async fn start(
        &self,
        lease: &str,
        wish: &Wish,
        says: &(dyn Fn(String) + Send + Sync),
        cancelled: Cancelled,
    ) -> Result<Served, Problem>;

    /// Waits until its program has ended: its exit code, if that is known.
    async fn exit(&self, _: &Served) -> Option<i64> {
        std::future::pending().await
    }

    /// Removes it, whatever it does.
    async fn stop(&self, served: &Served);

    /// What a container of the project wrote, and writes. `container`: its id.
    async fn logs(
        &self,
        container: &str,
        request: LogRequest,
    ) -> Result<BoxStream<'static, LogLine>, Problem>;

    /// What runs, as the page shows it.
    async fn state(&self) -> Result<Value, Problem>;

    /// An item for each change of what runs.
    async fn changes(&self) -> Result<BoxStream<'static, ()>, Problem>;
}
