//! One build from start to end: solve, follow its progress, tell how it went.
//! Invariant: dropping the run cancels the build on the engine, because its streams are dropped with it.

use std::error::Error as _;
use std::pin::pin;
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::{
    SolveRequest, SolveResponse, StatusRequest, StatusResponse,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tonic::{Code, Response, Status};

use super::control::Control;
use super::error::BuildError;
use super::progress::{BuildEvent, Progress};
use super::request::BuildResult;
use super::session::Session;

/// How long the last progress may trail behind the end of the build.
const DRAIN_DEADLINE: Duration = Duration::from_secs(3);
/// How long a build may go on after its session has ended.
const SESSION_GRACE: Duration = Duration::from_secs(3);
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
const UPDATES_AHEAD: usize = 64;
/// Where the exporter names the image. On every image store this is the id that the image endpoints know.
const IMAGE_KEY: &str = "containerimage.digest";

type Solved = Result<Response<SolveResponse>, Status>;

pub(super) struct Run<E> {
    session: Session,
    progress: Progress,
    reported: (u64, u64),
    events: E,
}

impl<E: FnMut(BuildEvent)> Run<E> {
    pub(super) fn new(session: Session, events: E) -> Self {
        Self { session, progress: Progress::default(), reported: (0, 0), events }
    }

    pub(super) async fn solve(
        mut self,
        mut control: Control,
        request: SolveRequest,
    ) -> Result<BuildResult, BuildError> {
        let (updates, receiver) = mpsc::channel(UPDATES_AHEAD);
        // Dropped, and with it aborted, when this function ends or is cancelled.
        let mut status = JoinSet::new();
        status.spawn(watch(control.clone(), request.r#ref.clone(), updates));
        let solved = self.wait(&mut control, request, receiver).await;
        self.report();
        self.progress.finish(&mut self.events);
        match solved {
            None => Err(BuildError::SessionClosed),
            Some(Err(status)) => Err(self.failure(status)),
            Some(Ok(response)) => self.result(response.into_inner()),
        }
    }

    /// None when the session ended and the build did not.
    async fn wait(
        &mut self,
        control: &mut Control,
        request: SolveRequest,
        mut updates: mpsc::Receiver<StatusResponse>,
    ) -> Option<Solved> {
        let mut solve = pin!(control.solve(request));
        let mut solved: Option<Solved> = None;
        let mut updates_end = false;
        let mut deadline: Option<Instant> = None;
        let mut report = interval(REPORT_INTERVAL);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while solved.is_none() || !updates_end {
            let until = deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                result = &mut solve, if solved.is_none() => {
                    solved = Some(result);
                    deadline = Some(Instant::now() + DRAIN_DEADLINE);
                }
                update = updates.recv(), if !updates_end => match update {
                    Some(update) => self.progress.apply(update, &mut self.events),
                    None => updates_end = true,
                },
                () = self.session.closed(), if deadline.is_none() => {
                    deadline = Some(Instant::now() + SESSION_GRACE);
                }
                () = sleep_until(until), if deadline.is_some() => break,
                _ = report.tick() => self.report(),
            }
        }
        solved
    }

    /// Tells of what was sent since the last time.
    fn report(&mut self) {
        let (files, bytes) = self.session.sent.totals();
        if self.reported != (files, bytes) {
            self.reported = (files, bytes);
            (self.events)(BuildEvent::ContextSent { files, bytes });
        }
    }

    fn result(&self, response: SolveResponse) -> Result<BuildResult, BuildError> {
        let mut exported = response.exporter_response;
        let image_id = exported.remove(IMAGE_KEY).ok_or(BuildError::NoImage)?;
        let (files_sent, bytes_sent) = self.session.sent.totals();
        Ok(BuildResult { image_id, files_sent, bytes_sent })
    }

    /// The most specific account of why the build failed.
    fn failure(&self, status: Status) -> BuildError {
        if let Some((path, source)) = self.session.failure.take() {
            return BuildError::Context { path, source };
        }
        // A status that came over the wire has no source; one that stands for a broken wire has.
        if status.source().is_some() {
            return BuildError::Lost(status.into());
        }
        if let Some(failed) = self.progress.failure(status.message()) {
            let message = plain(&failed.message).to_owned();
            return BuildError::Vertex { vertex: failed.name, message, log: failed.log };
        }
        if status.code() == Code::Cancelled {
            return BuildError::Cancelled;
        }
        BuildError::Refused { message: plain(status.message()).to_owned() }
    }
}

/// Follows the status stream into the channel. It ends with the build; when it ends early, the build goes on unseen.
async fn watch(mut control: Control, build: String, updates: mpsc::Sender<StatusResponse>) {
    let Ok(response) = control.status(StatusRequest { r#ref: build }).await else { return };
    let mut stream = response.into_inner();
    while let Ok(Some(update)) = stream.message().await {
        if updates.send(update).await.is_err() {
            return;
        }
    }
}

/// Layers of the engine that say only that they pass an error on.
const WRAPPERS: [&str; 6] = [
    "rpc error: code = Unknown desc = ",
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve: ",
    "failed to create LLB definition: ",
    "failed to build LLB: ",
    "failed to compute cache key: ",
];

/// The same, with an internal name before the colon.
const CHECKSUM: &str = "failed to calculate checksum of ref ";

fn plain(mut message: &str) -> &str {
    loop {
        let wrapper = WRAPPERS.iter().find_map(|wrapper| message.strip_prefix(wrapper));
        let checksum = || message.strip_prefix(CHECKSUM)?.split_once(": ").map(|(_, rest)| rest);
        match wrapper.or_else(checksum) {
            Some(rest) => message = rest,
            None => return message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_taken_off() {
        let cases = [
            ("a", "a"),
            ("failed to solve: a: failed to solve: b", "a: failed to solve: b"),
            (
                "failed to solve with frontend dockerfile.v0: failed to create LLB definition: line 1",
                "line 1",
            ),
        ];
        let checksum = "failed to compute cache key: failed to calculate checksum of ref a::b: ";
        assert_eq!(plain(&format!("{checksum}\"/x\": not found")), "\"/x\": not found");
        for (message, expected) in cases {
            assert_eq!(plain(message), expected);
        }
    }
}
