//! Output of containers: logs, and attaching to the main process.
//!
//! Invariant: bytes of a terminal pass as they are; nothing looks for frames in them.

use futures_util::StreamExt as _;
use windlass_model::fault::Fault;
use windlass_model::name::ContainerId;

use super::call::Call;
use super::deadline;
use super::engine::{DockerEngine, NOTHING};
use super::error;
use super::query::{Query, segment};
use super::reply::Reply;
use super::stdcopy::{Demux, FrameFault};
use crate::error::{EngineError, Result};
use crate::stream::{AttachRequest, Attached, Channel, Chunk, EngineStream, LogRequest};

impl DockerEngine {
    pub(super) async fn container_logs(
        &self,
        container: &ContainerId,
        request: &LogRequest,
    ) -> Result<EngineStream<Chunk>> {
        let LogRequest { follow, tail, since, until, timestamps, tty } = request;
        let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let query = Query::new()
            .with_flag("stdout", true)
            .with_flag("stderr", true)
            .with_flag("follow", *follow)
            .with_flag("timestamps", *timestamps)
            .with("tail", &tail)
            .with_some("since", since.as_deref())
            .with_some("until", until.as_deref());
        let path = format!("/containers/{}/logs", segment(container.as_str()));
        let deadline = if *follow { deadline::FOLLOW } else { deadline::LOG };
        let call = Call::get(path).query(query).deadline(deadline);
        let reply = self.send(call).await?.streaming();
        Ok(if *tty { raw(reply) } else { framed(reply) })
    }

    pub(super) async fn container_attach(
        &self,
        container: &ContainerId,
        request: &AttachRequest,
    ) -> Result<Attached> {
        let AttachRequest { tty, stdin, detach_keys } = request;
        let query = Query::new()
            .with_flag("stream", true)
            .with_flag("stdout", true)
            .with_flag("stderr", true)
            .with_flag("stdin", *stdin)
            .with_some("detachKeys", detach_keys.as_deref());
        let path = format!("/containers/{}/attach", segment(container.as_str()));
        let stream = self.wire.upgrade(Call::post(path).query(query), "tcp").await?;
        Ok(Attached { exec_id: String::new(), stream, tty: *tty })
    }

    /// Tells a terminal its size; `kind` is `containers` or `exec`.
    pub(super) async fn terminal_resize(
        &self,
        kind: &str,
        id: &str,
        rows: u16,
        columns: u16,
    ) -> Result<()> {
        let query = Query::new().with("h", &rows.to_string()).with("w", &columns.to_string());
        let path = format!("/{kind}/{}/resize", segment(id));
        self.carry_out(Call::post(path).query(query).json(&NOTHING)).await
    }
}

fn raw(reply: Reply) -> EngineStream<Chunk> {
    let chunk = |bytes| Chunk { channel: Channel::Stdout, bytes };
    reply.into_stream().map(move |bytes| bytes.map(chunk)).boxed()
}

fn framed(reply: Reply) -> EngineStream<Chunk> {
    let state = Some((reply, Demux::default()));
    let chunks = futures_util::stream::unfold(state, |state| async {
        let (mut reply, mut demux) = state?;
        match next(&mut reply, &mut demux).await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some((reply, demux)))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    chunks.boxed()
}

async fn next(reply: &mut Reply, demux: &mut Demux) -> Result<Option<Chunk>> {
    loop {
        let label = reply.label().to_owned();
        let fault = |source| frame_error(&label, source);
        if let Some(chunk) = demux.chunk().map_err(fault)? {
            return Ok(Some(chunk));
        }
        let Some(bytes) = reply.chunk().await? else {
            demux.finish().map_err(fault)?;
            return Ok(None);
        };
        demux.push(&bytes);
    }
}

fn frame_error(label: &str, source: FrameFault) -> EngineError {
    match source {
        FrameFault::Engine(message) => EngineError::new(Fault::Other, message),
        FrameFault::Truncated => error::cut(label).with_source(source),
        FrameFault::NotFramed | FrameFault::TooLarge(_) => {
            error::malformed(label, "the output is garbled").with_source(source)
        }
    }
}
