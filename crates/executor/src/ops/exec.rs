//! Commands run in a started container.
//!
//! Invariant: a command is never run twice: whether it ran after all can't be looked up, but whether it
//! still runs can.

use crate::failure;
use crate::lines::{Lines, keep};
use crate::lookup;
use crate::step::{Result, StepContext};
use futures_util::StreamExt as _;
use std::collections::VecDeque;
use tokio::io::AsyncReadExt as _;
use windlass_engine::docker::stdcopy::Demux;
use windlass_engine::stream::{Attached, CallProgress, EngineEvent, EventRequest, ExecRequest};
use windlass_engine::{Engine, EngineError};
use windlass_model::fault::Fault;
use windlass_model::name::ContainerId;
use windlass_model::plan::{Cause, ContainerRef};
use windlass_model::report::FailureKind;
use windlass_model::wait::ExecSpec;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) code: i64,
    /// The last of them.
    pub(crate) lines: Vec<String>,
}

impl Output {
    /// The shell's codes for a program that is not there or can't be run; engines use them too.
    pub(crate) fn is_missing_program(&self) -> bool {
        matches!(self.code, 126 | 127)
    }
}

pub(crate) async fn run(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    spec: &ExecSpec,
) -> Result<()> {
    let id = ctx.container(container)?;
    let ExecSpec { argv, user, workdir, env, policy: _ } = spec;
    let request = ExecRequest {
        argv: argv.clone(),
        user: user.clone(),
        workdir: workdir.clone(),
        env: env.clone(),
        ..ExecRequest::default()
    };
    let output = if let Some(exec_id) = running(ctx, &id, &request).await? {
        end(ctx.engine.as_ref(), &id, &exec_id).await
    } else {
        let mut say = |line: &str| ctx.say(CallProgress::Line(line.to_owned()));
        capture(ctx.engine.as_ref(), &id, &request, &mut say).await
    };
    let output = output.map_err(failure::from_engine)?;
    if output.code == 0 {
        return Ok(());
    }
    let message = format!("{:?} ended with exit code {}", argv.join(" "), output.code);
    let mut failure = failure::of(FailureKind::Exec { code: output.code }, message);
    failure.detail = output.lines;
    Err(failure)
}

/// The same command, which a run that was cut short left running.
async fn running(
    ctx: StepContext<'_>,
    container: &ContainerId,
    request: &ExecRequest,
) -> Result<Option<String>> {
    if ctx.step.cause != Cause::Leftover {
        return Ok(None);
    }
    let user = request.user.as_deref().unwrap_or_default();
    let all = lookup::until_answered(|| ctx.engine.running_execs(container)).await;
    let mut all = all.map_err(failure::from_engine)?.into_iter();
    Ok(all.find(|one| one.argv == request.argv && one.user == user).map(|one| one.id))
}

/// How a command ends that somebody else runs. What it writes is heard by nobody.
async fn end(
    engine: &dyn Engine,
    container: &ContainerId,
    exec_id: &str,
) -> windlass_engine::Result<Output> {
    loop {
        let mut events = engine.events(&EventRequest::default()).await?;
        // Only now nothing is missed.
        if let Some(code) = engine.exec_exit_code(exec_id).await? {
            return Ok(Output { code, lines: Vec::new() });
        }
        let may_be_its_end = |event: &EngineEvent| {
            event.id == container.as_str() && matches!(event.action.as_str(), "exec_die" | "die")
        };
        // A subscription that breaks off tells nothing: it is looked at again.
        while events.next().await.transpose()?.is_some_and(|event| !may_be_its_end(&event)) {}
    }
}

/// Runs a command, without a terminal, to its end.
pub(crate) async fn capture(
    engine: &dyn Engine,
    container: &ContainerId,
    request: &ExecRequest,
    say: &mut (dyn FnMut(&str) + Send),
) -> windlass_engine::Result<Output> {
    let Attached { exec_id, mut stream, .. } = engine.exec(container, request).await?;
    let (mut demux, mut lines, mut last) = (Demux::default(), Lines::default(), VecDeque::new());
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let broken = |e| EngineError::new(Fault::ReplyLost, "the output broke off").with_source(e);
        let length = stream.read(&mut buffer).await.map_err(broken)?;
        if length == 0 {
            break;
        }
        demux.push(&buffer[..length]);
        while let Some(chunk) = demux.chunk().map_err(unframed)? {
            for line in lines.push(&chunk.bytes) {
                say(&line);
                keep(&mut last, line);
            }
        }
    }
    demux.finish().map_err(unframed)?;
    if let Some(line) = lines.finish() {
        say(&line);
        keep(&mut last, line);
    }
    match engine.exec_exit_code(&exec_id).await? {
        Some(code) => Ok(Output { code, lines: last.into() }),
        None => Err(EngineError::new(Fault::ReplyLost, "its exit code is not known")),
    }
}

pub(crate) fn unframed(fault: windlass_engine::docker::stdcopy::FrameFault) -> EngineError {
    EngineError::new(Fault::Malformed, "its output can't be read").with_source(fault)
}
