//! `windlass shell`: a shell in a container that runs, or in a new one of an image.
//!
//! Invariant: that there is no shell is said in plain words, before anything else is tried.

use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use windlass::engine::Engine;
use windlass::engine::stream::ExecRequest;
use windlass::model::ContainerId;
use windlass::model::container::ContainerSpec;
use windlass::model::image::ImageUse;

use super::exec::{self, Command};
use super::run::of_image;
use crate::args;
use crate::brought;
use crate::detach_keys::DetachKeys;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::one_off::{self, Errand};
use crate::runnable::Runnable;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

const KINDS: [&str; 2] = ["container", "image"];

/// The better one first.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// Bash where there is one.
const BETTER: &str = "command -v bash >/dev/null 2>&1 && exec bash; exec sh";

pub(super) fn run(invocation: &Invocation, args: &args::Shell) -> Result<Exit> {
    let keys = DetachKeys::of(&invocation.environment, args.one_off.detach_keys.as_ref())?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut signals = Signals::listen()?;
        let like = match Runnable::find(invocation, &session, &args.reference, &KINDS)? {
            Runnable::Container(_) if !args.new => {
                return in_running(invocation, &session, args, &keys, &mut signals).await;
            }
            Runnable::Container(spec) => spec.clone(),
            Runnable::Image(ImageUse::Project(key)) => {
                of_image(&session, &key, ImageUse::Project(key.clone()))
            }
            Runnable::Image(image) => of_image(&session, "image", image),
            Runnable::Task(_) => unreachable!("invariant: tasks were not looked for"),
        };
        in_new(invocation, session, &like, args, keys, &mut signals).await
    })
}

async fn in_new(
    invocation: &Invocation,
    session: Session,
    like: &ContainerSpec,
    args: &args::Shell,
    keys: DetachKeys,
    signals: &mut Signals,
) -> Result<Exit> {
    let better = || ["sh", "-c", BETTER].map(str::to_owned).to_vec();
    let words = args.program.as_ref().map_or_else(better, |shell| vec![shell.clone()]);
    let errand = Errand { argv: words, script: None, reads_stdin: true, wants_tty: false };
    let one_off = args::OneOff { detach_keys: Some(keys), is_shell: true, ..args.one_off.clone() };
    let mut stage = session;
    stage.project.containers.insert(like.address.clone(), like.clone());
    let of = (like.address.name.as_str(), like);
    let ran = one_off::run_in(invocation, &stage, of, errand, &one_off, signals).await;
    let leave = matches!(ran, Ok(Exit::Detached));
    brought::take_back(invocation, &stage, leave, signals).await;
    ran
}

async fn in_running(
    invocation: &Invocation,
    session: &Session,
    args: &args::Shell,
    keys: &DetachKeys,
    signals: &mut Signals,
) -> Result<Exit> {
    let name = &args.reference;
    refuse_options_of_new_ones(args)?;
    let (engine, container) = session.running(name).await?;
    let shell = match &args.program {
        Some(shell) => shell.clone(),
        None => shell_of(&engine, &container, name).await?,
    };
    let here = &invocation.environment;
    let by_default = here.stdin_is_terminal && here.stdout_is_terminal;
    let args::Talk { tty, stdin } = args.one_off.talk.on(here, by_default)?;
    let request = ExecRequest {
        argv: vec![shell],
        user: args.one_off.process.user.clone(),
        workdir: args.one_off.process.workdir.clone(),
        env: args.one_off.process.env_on(here, tty)?,
        tty,
        stdin,
        detach_keys: Some(keys.for_engine()),
        ..ExecRequest::default()
    };
    let command = Command { name, engine: &engine, container: &container, request: &request, keys };
    exec::follow(invocation, command, signals).await
}

/// What only a container of its own could have.
fn refuse_options_of_new_ones(args: &args::Shell) -> Result<()> {
    let args::OneOff { deadline, publish, keep, no_deps, timeout, .. } = &args.one_off;
    if deadline.is_some() || *publish || *keep || *no_deps || timeout.is_some() {
        let message = "this is for a new container, and the shell runs in one that is there";
        return Err(Trouble::usage(message, "add `--new` for one like it, or leave it out"));
    }
    Ok(())
}

/// The shell that a container has.
async fn shell_of(engine: &Arc<dyn Engine>, id: &ContainerId, name: &str) -> Result<String> {
    for shell in SHELLS {
        let argv = [shell, "-c", "exit 0"].map(str::to_owned).to_vec();
        let request = ExecRequest { argv, ..ExecRequest::default() };
        let trouble = |error| Trouble::engine(format!("look for a shell in {name}"), error);
        // An engine may say already now that there is no such program.
        let Ok(mut attached) = engine.exec(id, &request).await else { continue };
        let mut said = Vec::new();
        drop(attached.stream.read_to_end(&mut said).await);
        if engine.exec_exit_code(&attached.exec_id).await.map_err(trouble)? == Some(0) {
            return Ok(shell.to_owned());
        }
    }
    Err(Trouble::Failed {
        message: format!("{name} has no shell: neither bash nor sh"),
        hint: Some(format!("run a program that it has: `windlass exec {name} -- PROGRAM`")),
    })
}
