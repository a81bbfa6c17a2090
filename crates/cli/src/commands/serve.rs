//! `windlass serve`: containers for test suites over HTTP, and the project's page.
//!
//! Invariant: before it says that it serves, it was looked whether every engine answers.

use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use windlass_serve::{Access, Keeper, Limits, Server, random_word};

use crate::args::Serve;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::{escape, json};
use crate::serve::{Notice, ProjectKeeper};
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Bytes of the token.
const TOKEN: usize = 32;

/// Open files for each connection.
const FILES_EACH: u64 = 4;

pub(super) fn run(invocation: &Invocation, args: &Serve) -> Result<Exit> {
    check(invocation, args)?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut signals = Signals::listen()?;
        tokio::select! {
            listed = session.list() => drop(listed?),
            number = signals.next() => return Ok(Exit::Signal(number)),
        }
        serve(invocation, session, args, &mut signals).await
    })
}

fn check(invocation: &Invocation, args: &Serve) -> Result<()> {
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        let message = format!("other machines could ask at {}", args.listen);
        let way =
            "listen on 127.0.0.1, or agree to it with `--allow-remote`: HTTP is not encrypted";
        return Err(Trouble::usage(message, way));
    }
    if args.token_place().is_none() && !invocation.environment.stderr_is_terminal {
        let way = "name a file with `--token-file FILE` or `--port-file FILE`";
        return Err(Trouble::usage("nobody would learn the token: there is no terminal here", way));
    }
    Ok(())
}

async fn serve(
    invocation: &Invocation,
    session: Session,
    args: &Serve,
    signals: &mut Signals,
) -> Result<Exit> {
    let project = session.project.name.to_string();
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.map_err(|error| unheard(args.listen, &error))?;
    let address = listener.local_addr().map_err(|error| unheard(args.listen, &error))?;
    let token = random_word(TOKEN);
    // The token first: whoever sees the port can ask at once.
    let token_file = args.token_place();
    if token_file.is_some() && token_file == args.port_file {
        let message = "the port and the token can't be in one file";
        return Err(Trouble::usage(message, "name another file with `--token-file`"));
    }
    let written = token_file.as_deref().map(|place| Notice::write(place, &token, 0o600));
    let _token_notice = written.transpose()?;
    let port = address.port().to_string();
    let written = args.port_file.as_deref().map(|place| Notice::write(place, &port, 0o644));
    let _port_notice = written.transpose()?;
    let access = Arc::new(Access::new(token.clone(), address));
    let keeper = Arc::new(ProjectKeeper::new(invocation, session));
    let limits = Limits { connections: connections(), ..Limits::default() };
    let asked = Arc::clone(&keeper) as Arc<dyn Keeper>;
    let server = Server::new(listener, Arc::clone(&access), asked, limits);
    say(invocation, args, &project, &access, &token);
    let leases = server.leases();
    let console = &invocation.console;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async {
        // Nobody but this function can stop it.
        let _ = stopped.await;
    };
    let mut running = std::pin::pin!(server.run(stopped));
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            () = &mut running => break,
            number = signals.next() => match stop.take() {
                Some(stop) => {
                    let count = leases.all().len();
                    if count > 0 {
                        console.say(&format!("ending {}\n", words::count(count, "lease")));
                    }
                    // It hears it, or has ended.
                    let _ = stop.send(());
                }
                None => return Ok(Exit::Signal(number)),
            },
        }
    }
    keeper.take_back(signals).await;
    Ok(Exit::Done)
}

/// How many connections the process can have: each may need another one to an engine, and leases need some, too.
fn connections() -> u32 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let known = getrlimit(Resource::Nofile);
    let more = Rlimit { current: known.maximum, ..known };
    // Where it can't have more, it serves fewer.
    let limit = setrlimit(Resource::Nofile, more).map_or(known.current, |()| more.current);
    let most = limit.map_or(u64::MAX, |limit| limit / FILES_EACH);
    Limits::default().connections.min(u32::try_from(most).unwrap_or(u32::MAX)).max(1)
}

fn say(invocation: &Invocation, args: &Serve, project: &str, access: &Access, token: &str) {
    let console = &invocation.console;
    let url = access.url();
    let shown = |place: &std::path::Path| escape::line(&place.to_string_lossy()).into_owned();
    let token_file = args.token_place().as_deref().map(shown);
    if console.is_json {
        let port_file = args.port_file.as_deref().map(shown);
        let fields = json!({"project": project, "url": url, "token_file": token_file, "port_file": port_file});
        console.json(&json::object("serving", fields));
        return;
    }
    console.say(&format!("Serving {} on {url}\n", escape::line(project)));
    // Both open everything: they are for whoever sits here, and for no log.
    if invocation.environment.stderr_is_terminal {
        console.complain(&format!("  page   {}  (opens once)\n", access.link()));
        if token_file.is_none() {
            console.complain(&format!("  token  {token}\n"));
        }
    }
    if let Some(place) = token_file {
        console.say(&format!("  token  in {place}\n"));
    }
    console.say("Ctrl-C ends all leases and the server.\n");
}

fn unheard(address: SocketAddr, error: &std::io::Error) -> Trouble {
    Trouble::Failed {
        message: format!("could not listen on {address}: {error}"),
        hint: Some("name another one with `--listen`; port 0 is any that is free".to_owned()),
    }
}
