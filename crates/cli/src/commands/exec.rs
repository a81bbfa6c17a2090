//! `windlass exec`: a command in a running container, as if it ran here.
//!
//! Invariant: its exit code is the program's; the terminal is always given back as it was.

use std::cell::Cell;
use std::sync::Arc;
use windlass::engine::Engine;
use windlass::engine::stream::ExecRequest;
use windlass::model::ContainerId;

use crate::args::{Exec, Talk};
use crate::conversation::{self, Heard, Partner};
use crate::detach_keys::DetachKeys;
use crate::environment::Size;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::escape;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Exec) -> Result<Exit> {
    let keys = DetachKeys::of(&invocation.environment, args.detach_keys.as_ref())?;
    let request = request(invocation, args, &keys)?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let (engine, container) = session.running(&args.reference).await?;
        let mut signals = Signals::listen()?;
        let (name, keys) = (args.reference.as_str(), &keys);
        let command =
            Command { name, engine: &engine, container: &container, request: &request, keys };
        follow(invocation, command, &mut signals).await
    })
}

/// A command in a container that runs.
pub(super) struct Command<'a> {
    /// The container, as it was named.
    pub name: &'a str,
    pub engine: &'a Arc<dyn Engine>,
    pub container: &'a ContainerId,
    pub request: &'a ExecRequest,
    pub keys: &'a DetachKeys,
}

/// Runs a command and talks with it to its end.
pub(super) async fn follow(
    invocation: &Invocation,
    command: Command<'_>,
    signals: &mut Signals,
) -> Result<Exit> {
    let Command { name, engine, container, request, keys } = command;
    let trouble = |error| Trouble::engine(format!("run the command in {name}"), error);
    let attached = engine.exec(container, request).await.map_err(trouble)?;
    let exec_id = attached.exec_id.clone();
    let resize = async |size: Size| {
        // A command that has just ended can't be resized, and need not be.
        drop(engine.resize_exec(&exec_id, size.rows, size.columns).await);
    };
    let detach = (request.tty && request.stdin).then_some(keys);
    let partner = Partner { name: None, stdin: request.stdin, detach, typed: &Cell::default() };
    let heard = tokio::select! {
        heard = conversation::talk(invocation, attached, partner, resize) => heard?,
        number = signals.next() => return Ok(Exit::Signal(number)),
    };
    if heard == Heard::Detached {
        let name = escape::line(name);
        invocation.console.say(&format!("\ndetached: the command goes on running in {name}\n"));
        return Ok(Exit::Detached);
    }
    let code = engine.exec_exit_code(&exec_id).await.map_err(trouble)?;
    // A code that the engine does not tell (podman, at times) is not taken for success.
    Ok(Exit::Process(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)))
}

fn request(invocation: &Invocation, args: &Exec, keys: &DetachKeys) -> Result<ExecRequest> {
    let here = &invocation.environment;
    let Talk { tty, stdin } =
        args.talk.on(here, here.stdin_is_terminal && here.stdout_is_terminal)?;
    Ok(ExecRequest {
        argv: args.argv.clone(),
        user: args.process.user.clone(),
        workdir: args.process.workdir.clone(),
        env: args.process.env_on(here, tty)?,
        tty,
        stdin,
        privileged: args.privileged,
        detach_keys: Some(keys.for_engine()),
    })
}
