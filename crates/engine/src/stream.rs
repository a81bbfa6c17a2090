//! What engines send piece by piece, and what is sent to them so.
//!
//! Invariant: a stream that ends early ends with an error, never as if it were whole.

use crate::error::Result;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::collections::BTreeMap;
use tokio::io::{AsyncRead, AsyncWrite};
use windlass_model::event::Progress;
use windlass_model::name::ContainerId;

/// Receives progress while a call runs.
pub type ProgressSink<'a> = &'a (dyn Fn(CallProgress) + Send + Sync);

/// What a long call says while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallProgress {
    Progress(Progress),
    /// A line of output, as it came.
    Line(String),
}

/// A stream of an engine.
pub type EngineStream<T> = BoxStream<'static, Result<T>>;

/// Bytes on their way to an engine, such as a tar.
pub type Upload = BoxStream<'static, std::io::Result<Bytes>>;

/// Where a piece of output came from. A terminal has only `Stdout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    Stdout,
    Stderr,
}

/// A piece of output, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub channel: Channel,
    pub bytes: Bytes,
}

/// Which part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    pub follow: bool,
    /// The last lines; `None` is all.
    pub tail: Option<u64>,
    /// Seconds since the epoch, by the engine's clock; with a fraction if need be.
    pub since: Option<String>,
    pub until: Option<String>,
    pub timestamps: bool,
    /// Whether the container has a terminal: its log is then raw.
    pub tty: bool,
}

/// A change on an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// `container`, `network`, `volume`, `image`.
    pub kind: String,
    /// `start`, `die`, `health_status: healthy`…
    pub action: String,
    /// Id of the object; a volume's name.
    pub id: String,
    pub attributes: BTreeMap<String, String>,
    pub time_ns: i64,
}

impl EngineEvent {
    pub fn container(&self) -> Option<ContainerId> {
        (self.kind == "container").then(|| ContainerId::new(&self.id))
    }
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRequest {
    /// From this moment, seconds since the epoch by the engine's clock, past ones too.
    pub since: Option<String>,
    pub until: Option<String>,
    /// Label filters `key=value`, all of which must hold; empty is everything.
    pub labels: Vec<String>,
}

/// A command to run in a running container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    pub argv: Vec<String>,
    pub user: Option<String>,
    pub workdir: Option<String>,
    pub env: BTreeMap<String, String>,
    pub tty: bool,
    pub stdin: bool,
    pub privileged: bool,
    /// Keys of a terminal at which the engine lets go of it; `None`: the engine's own.
    pub detach_keys: Option<String>,
}

/// How to be attached to a container's main process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachRequest {
    pub tty: bool,
    pub stdin: bool,
    /// As for [`ExecRequest`].
    pub detach_keys: Option<String>,
}

/// A command that runs in a container now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunningExec {
    pub id: String,
    pub argv: Vec<String>,
    /// As it was asked for; empty is the container's.
    pub user: String,
}

/// Both directions of an attached process, raw.
pub trait RawStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> RawStream for T {}

/// An attached process. With a terminal, bytes pass as they are; else output comes in frames (see
/// `docker::stdcopy`), while input is raw in both cases.
pub struct Attached {
    /// The exec's id; empty for a container.
    pub exec_id: String,
    pub stream: Box<dyn RawStream>,
    pub tty: bool,
}
