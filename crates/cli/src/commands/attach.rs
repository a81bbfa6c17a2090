//! `windlass attach`: this terminal for the main process of a container that runs.
//!
//! Invariant: leaving a container does nothing to it.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use windlass::engine::Engine;
use windlass::engine::stream::AttachRequest;
use windlass::model::ContainerId;
use windlass::model::observed::State;

use crate::args::Attach;
use crate::conversation::{self, Heard, Partner};
use crate::detach_keys::DetachKeys;
use crate::environment::{self, Size};
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::raw_terminal::RawTerminal;
use crate::render::escape;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

/// How long after its output's end a program may take to end.
const REST: Duration = Duration::from_secs(2);

pub(super) fn run(invocation: &Invocation, args: &Attach) -> Result<Exit> {
    let keys = DetachKeys::of(&invocation.environment, args.detach_keys.as_ref())?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let (engine, container) = find(&session, &args.reference).await?;
        follow(invocation, args, &engine, &container, &keys).await
    })
}

/// A declared container, or a one-off one by its name on the engine.
async fn find(session: &Session, reference: &str) -> Result<(Arc<dyn Engine>, ContainerId)> {
    if session.project.named(reference).is_empty() {
        let mut all = session.list().await?;
        all.retain(|(_, one)| one.name == reference && one.state == State::Running);
        if let Some((engine, summary)) = all.into_iter().next() {
            return Ok((engine, summary.id));
        }
    }
    session.running(reference).await
}

async fn follow(
    invocation: &Invocation,
    args: &Attach,
    engine: &Arc<dyn Engine>,
    container: &ContainerId,
    keys: &DetachKeys,
) -> Result<Exit> {
    let (console, name) = (&invocation.console, escape::line(&args.reference));
    let trouble = |error| Trouble::engine(format!("attach to {name}"), error);
    let seen = engine.inspect_container(container.as_str()).await.map_err(trouble)?;
    let (tty, stdin) = (seen.config.tty, seen.config.stdin_open && !args.no_stdin);
    let detach_keys = Some(keys.for_engine());
    let request = AttachRequest { tty, stdin, detach_keys };
    let mut signals = Signals::listen()?;
    let mut end = pin!(engine.wait_container(container));
    let attached = engine.attach(container, &request).await.map_err(trouble)?;
    let resize = async |size: Size| {
        drop(engine.resize(container, size.rows, size.columns).await);
    };
    if let Some(size) = environment::size(&std::io::stdout()).filter(|_| tty) {
        // A program draws again what it is only when the size changes.
        resize(Size { rows: size.rows + 1, ..size }).await;
    }
    // Without a terminal of its own nothing is typed into it but lines.
    let is_typed = invocation.environment.stdin_is_terminal && !args.no_stdin;
    let lines = (is_typed && !tty).then(|| RawTerminal::ended_by(keys.last()).ok()).flatten();
    let detach = ((tty && stdin) || lines.is_some()).then_some(keys);
    let way = detach.map_or_else(|| "Ctrl-C".to_owned(), DetachKeys::shown);
    console.say(&format!("attached to {name}: {way} leaves it to itself\n"));
    let partner = Partner { name: Some(&args.reference), stdin, detach, typed: &Cell::default() };
    let mut talk = pin!(conversation::talk(invocation, attached, partner, resize));
    let mut ended = None;
    let heard = loop {
        tokio::select! {
            heard = &mut talk => break heard?,
            code = &mut end, if ended.is_none() => ended = Some(code),
            number = signals.next() => {
                console.say(&format!("\n{name} goes on running\n"));
                return Ok(Exit::Signal(number));
            }
        }
    };
    match heard {
        Heard::Detached => {
            console.say(&format!("\ndetached: {name} goes on running\n"));
            return Ok(Exit::Detached);
        }
        Heard::Unread => return Ok(Exit::Failed),
        Heard::All => {}
    }
    if ended.is_none() {
        ended = timeout(REST, end).await.ok();
    }
    match ended {
        Some(code) => {
            let code = code.map_err(trouble)?;
            Ok(Exit::Process(u8::try_from(code).unwrap_or(255)))
        }
        None => Err(Trouble::failed(format!("the connection to {name} has ended, and it runs on"))),
    }
}
