//! One-off containers: made by a plan, talked with, and removed whatever happens.
//!
//! Invariant: the container is gone when the program ends, unless it is kept; if the program is killed,
//! the next run removes it.

use futures_util::FutureExt as _;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::image::{ImageUse, PullPolicy};
use windlass::model::one_off::OneOff;
use windlass::model::project::Project;
use windlass::model::request::{Options, Request, Verb};
use windlass::model::update::UpdateSpec;
use windlass::model::{Address, Digest, EngineName};
use windlass::{OneOffContainer, Script};

use crate::apply::apply_in;
use crate::args;
use crate::args::{Consent, Talk};
use crate::attendance::Attendance;
use crate::exit::Exit;
use crate::intervention::FailedRun;
use crate::invocation::{self, Invocation};
use crate::process;
use crate::render::escape;
use crate::select;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};
use crate::words;

/// How long an engine may take for what is done on the way out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Runs of one project only make their containers one after the other, which takes no time; what one has brought up it
/// may have to stop, which does.
pub(crate) const LOCKED_S: u32 = 150;

/// What is run in it.
pub(crate) struct Errand {
    /// The whole command; the first word is the program. Empty: as the container is declared.
    pub argv: Vec<String>,
    /// What is put into it, and where.
    pub script: Option<(String, Script)>,
    /// Whether standard input is the program's.
    pub reads_stdin: bool,
    /// Whether it has a terminal also where there is none here.
    pub wants_tty: bool,
}

/// Makes a container like the one that is referred to, runs the errand in it, and removes it.
pub(crate) fn run(
    invocation: &Invocation,
    reference: &str,
    errand: impl FnOnce(&ContainerSpec) -> Result<Errand>,
    args: &args::OneOff,
) -> Result<Exit> {
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let like = one(&session, reference)?;
        let errand = errand(like)?;
        let mut signals = Signals::listen()?;
        run_in(invocation, &session, (reference, like), errand, args, &mut signals).await
    })
}

/// The same for a container of the session's project, and the word that refers to it.
pub(crate) async fn run_in(
    invocation: &Invocation,
    session: &Session,
    (reference, like): (&str, &ContainerSpec),
    errand: Errand,
    args: &args::OneOff,
    signals: &mut Signals,
) -> Result<Exit> {
    let talk = talk(invocation, &errand, args)?;
    let one_off = declare(invocation, &errand, talk, args)?;
    let name = one_off.name(&like.name);
    let mut request = request(reference, one_off, args);
    if errand.script.is_none() {
        let holder = process::holder(&invocation.environment, invocation.command);
        request.options.marks = Some(Box::new(holder));
    }
    let made = make(invocation, session, like, &request, args.consent, signals).await?;
    let container = match made {
        Made::There(container) => container,
        Made::Over(exit) => return Ok(exit),
    };
    let typed = Cell::new(false);
    let attendance = Attendance { invocation, container: &container, like, talk, args, typed };
    let result = attendance.attend(errand.script, signals).await;
    if let Some(failed) = FailedRun::of(&attendance, &result) {
        let offer = failed.offer(invocation, session, args.consent, signals);
        if let Err(trouble) = offer.await {
            trouble.show(&invocation.console);
        }
    }
    if matches!(result, Ok(Exit::Detached)) {
        leave(invocation, &container, &name, args).await?;
    } else if args.keep {
        invocation.console.say(&format!("kept: container {}\n", escape::line(&name)));
    } else {
        remove(container, signals).await;
    }
    result
}

/// Leaves it to itself, and says how to come back to it.
async fn leave(
    invocation: &Invocation,
    container: &OneOffContainer,
    name: &str,
    args: &args::OneOff,
) -> Result<()> {
    let trouble = |error| Trouble::engine(format!("leave {name} to itself"), error);
    let name =
        if args.keep { name.to_owned() } else { container.leave(name).await.map_err(trouble)? };
    let name = escape::line(&name);
    if invocation.console.quiet {
        // What a script takes it up again by.
        invocation.console.result(&format!("{name}\n"));
    }
    invocation.console.say(&format!(
        "\ndetached: it goes on as container {name}\n  \
         attach again:  windlass attach {name}\n  remove it:     windlass rm --force {name}\n"
    ));
    Ok(())
}

/// A container of an image alone, for a one-off container to be like.
pub(crate) fn bare(
    project: &Project,
    engine: &EngineName,
    key: &str,
    (image, pull): (ImageUse, PullPolicy),
    config: ContainerConfig,
) -> ContainerSpec {
    ContainerSpec {
        address: Address::container(engine, key),
        key: key.into(),
        instance: None.into(),
        name: format!("{}.{key}", project.name).into(),
        image,
        pull,
        config: config.into(),
        secrets: Vec::new().into(),
        depends_on: Vec::new(),
        wait: None.into(),
        update: UpdateSpec::default().into(),
        exec_commands: Vec::new().into(),
        start_delay_ms: 0,
        persistent: false,
        profiles: BTreeSet::new().into(),
        needs: BTreeSet::new().into(),
    }
}

/// What came of a request for a one-off container.
pub(crate) enum Made {
    There(OneOffContainer),
    /// There is none, and it was said why.
    Over(Exit),
}

/// Brings up what a one-off container like this one needs, and makes it, created and not started.
pub(crate) async fn make(
    invocation: &Invocation,
    session: &Session,
    like: &ContainerSpec,
    request: &Request,
    consent: Consent,
    signals: &mut Signals,
) -> Result<Made> {
    let one_off = request.options.one_off.as_ref();
    let name = one_off.expect("invariant: it is asked for").name(&like.name);
    let engine = Arc::clone(&session.engines[&like.address.engine]);
    let patient = Consent { lock_timeout: consent.lock_timeout.max(LOCKED_S), ..consent };
    let applied = apply_in(invocation, session, request, patient).await;
    if consent.dry_run {
        return applied.map(Made::Over);
    }
    if matches!(applied, Ok(Exit::Signal(_))) {
        // It was heard here, too.
        let _ = signals.next().now_or_never();
    }
    let finding = OneOffContainer::find(&engine, &session.project.name, &name);
    let found = tokio::select! {
        found = finding => found,
        number = signals.next() => return Ok(Made::Over(Exit::Signal(number))),
    };
    match (applied, found) {
        (Ok(Exit::Done), Ok(Some(container))) => Ok(Made::There(container)),
        (Ok(Exit::Done), Ok(None)) => Err(gone(&name)),
        (Ok(Exit::Done), Err(error)) => Err(Trouble::engine(format!("find {name}"), error)),
        (applied, found) => {
            if let Ok(Some(container)) = found {
                remove(container, signals).await;
            }
            applied.map(Made::Over)
        }
    }
}

/// An engine that does not answer, and whoever interrupts, are not waited for: the next run removes it.
pub(crate) async fn remove(container: OneOffContainer, signals: &mut Signals) {
    tokio::select! {
        () = container.remove() => {}
        () = sleep(PATIENCE) => {}
        _ = signals.next() => {}
    }
}

/// The program's two outputs are kept apart unless they end on one terminal.
fn talk(invocation: &Invocation, errand: &Errand, args: &args::OneOff) -> Result<Talk> {
    let here = &invocation.environment;
    let on_terminal = here.stdin_is_terminal && here.stdout_is_terminal && here.stderr_is_terminal;
    let by_default = on_terminal && errand.reads_stdin && !invocation.console.is_json;
    let Talk { tty, stdin } = args.talk.on(here, by_default)?;
    if errand.wants_tty && !tty && !args.talk.no_tty && !invocation.console.is_json {
        // A terminal has no end of input that could be passed on.
        return Ok(Talk { tty: true, stdin: args.talk.interactive });
    }
    Ok(Talk { tty, stdin: stdin && errand.reads_stdin })
}

fn gone(name: &str) -> Trouble {
    Trouble::failed(format!("container {name} is gone: somebody removed it before it was started"))
}

/// The one declared container that a reference names.
pub(crate) fn one<'a>(session: &'a Session, reference: &str) -> Result<&'a ContainerSpec> {
    let found = select::containers(&session.project, &[reference.to_owned()])?;
    let found: Vec<_> = found.iter().collect();
    match found.as_slice() {
        [address] => Ok(&session.project.containers[*address]),
        several => {
            let names: Vec<_> = several.iter().map(|address| &address.name).collect();
            let message = format!("{reference} is {} containers", several.len());
            let engines: Vec<_> = several.iter().map(|address| &address.engine).collect();
            let are_one = names.iter().all(|name| name == &names[0]);
            let way = if are_one {
                format!("choose one with `--engine`: {}", words::and_list(&engines))
            } else {
                format!("name one of {}", words::and_list(&names))
            };
            Err(Trouble::usage(message, way))
        }
    }
}

/// One that goes with this run.
pub(crate) fn of_this_run(invocation: &Invocation) -> OneOff {
    let holder = process::holder(&invocation.environment, invocation.command);
    let id = Digest::of([holder.token.as_str()]).0.chars().take(8).collect();
    OneOff { id, run: Some(holder), ..OneOff::default() }
}

fn declare(
    invocation: &Invocation,
    errand: &Errand,
    talk: Talk,
    args: &args::OneOff,
) -> Result<OneOff> {
    let bare = of_this_run(invocation);
    let program = errand.argv.split_first();
    Ok(OneOff {
        id: bare.id,
        run: bare.run.filter(|_| !args.keep),
        entrypoint: program.map(|(program, _)| vec![program.clone()]),
        command: program.map(|(_, arguments)| arguments.to_vec()).filter(|rest| !rest.is_empty()),
        env: args.process.env_on(&invocation.environment, talk.tty)?,
        user: args.process.user.clone(),
        workdir: args.process.workdir.clone(),
        tty: talk.tty,
        stdin: talk.stdin,
        publish: args.publish,
        directory: errand.script.as_ref().map(|(directory, _)| directory.clone()),
        serves: false,
    })
}

fn request(reference: &str, one_off: OneOff, args: &args::OneOff) -> Request {
    let options = Options {
        no_deps: args.no_deps,
        timeout_s: args.timeout,
        one_off: Some(Box::new(one_off)),
        ..Options::default()
    };
    Request { verb: Verb::Run, references: vec![reference.to_owned()], options }
}
