//! Deadlines: how long an engine may take over each kind of call.
//!
//! Invariant: the only file that knows such a number, and every call has a row in it.

use std::time::Duration;

/// How long a call may take; `None` is as long as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// From the moment it is asked for (a connection and a turn included) until the answer begins.
    pub(crate) answer: Option<Duration>,
    /// Between two pieces of the answer.
    pub(crate) silence: Option<Duration>,
}

impl Deadline {
    const fn s(answer: u64, silence: u64) -> Self {
        Self {
            answer: Some(Duration::from_secs(answer)),
            silence: Some(Duration::from_secs(silence)),
        }
    }

    const fn open(answer: u64) -> Self {
        Self { answer: Some(Duration::from_secs(answer)), silence: None }
    }

    /// The engine is silent for as long as it has nothing to say.
    const NONE: Self = Self { answer: None, silence: None };
}

/// Until a connection is made: name look-up and handshakes included.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// Until it is known whether there is an engine at all: connection, question, answer.
pub(crate) const PING: Duration = Duration::from_secs(5);
/// The same over ssh, where keys and jump hosts take their time.
pub(crate) const PING_SSH: Duration = Duration::from_secs(15);
/// Between two tries of a ping.
pub(crate) const PING_PAUSE: Duration = Duration::from_millis(200);

pub(crate) const READ: Deadline = Deadline::s(30, 30);
pub(crate) const CHANGE: Deadline = Deadline::s(60, 30);
/// Volumes are mounted, and drivers are asked, which may be on another machine.
pub(crate) const START: Deadline = Deadline::s(120, 30);
/// A health check may take its time, and podman answers when it has ended.
pub(crate) const CHECK: Deadline = Deadline::s(120, 30);
/// A large writable layer takes an engine a while.
pub(crate) const REMOVE: Deadline = Deadline::s(120, 30);
/// Until the engine has unpacked it all.
pub(crate) const UPLOAD: Deadline = Deadline::s(600, 30);
pub(crate) const DOWNLOAD: Deadline = Deadline::s(30, 60);
/// A log that is not followed.
pub(crate) const LOG: Deadline = Deadline::s(30, 60);
/// Logs that are followed, events, attached processes: they speak when there is something to say.
pub(crate) const FOLLOW: Deadline = Deadline::open(30);
/// Pulls, pushes, imports and builds: the network, a large layer or a compiler may keep silent.
pub(crate) const TRANSFER: Deadline = Deadline::NONE;
pub(crate) const WAIT: Deadline = Deadline::NONE;

/// Until `BuildKit` takes a session and answers for the first time.
pub(crate) const BUILD_SESSION: Duration = Duration::from_secs(20);
/// For the words of a refusal, whose status is known already.
pub(crate) const FAILURE_WORDS: Duration = Duration::from_secs(5);

/// The grace that engines give a container which names none.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// What an engine may take for a stop beyond the grace.
const STOP_MARGIN: Duration = Duration::from_secs(30);

/// A stop, or a restart: the container's grace, and what the engine needs.
pub(crate) fn stop(grace: Duration) -> Deadline {
    Deadline { answer: Some(grace.saturating_add(STOP_MARGIN)), ..CHANGE }
}

/// When a connection over a network that has gone silent is asked whether the other side is there:
/// after how long, how often, and how many questions it may leave open.
pub(crate) mod keepalive {
    use std::time::Duration;

    pub(crate) const IDLE: Duration = Duration::from_secs(30);
    pub(crate) const INTERVAL: Duration = Duration::from_secs(10);
    pub(crate) const PROBES: u32 = 3;
}
