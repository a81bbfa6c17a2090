//! `windlass cp`: files out of a container and into it.
//!
//! Invariant: of what a container gives, nothing is written but below the path that was named.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::{Receiver, channel};
use windlass::engine::{Engine, EngineError};
use windlass::model::ContainerId;
use windlass::{CopyError, LeftOut, Unpacked};

use crate::args::{Cp, in_container};
use crate::console::Console;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::{escape, json};
use crate::session::Session;
use crate::trouble::{Result, Trouble, with_causes};
use crate::words;

/// Standard input and output.
const STREAM: &str = "-";
/// How much of standard input is sent at once.
const PIECE: usize = 1 << 16;
const PIECES: usize = 4;
const HOW: &str = "write `windlass cp web:/path here` or `windlass cp here web:/path`";

pub(super) fn run(invocation: &Invocation, args: &Cp) -> Result<Exit> {
    let (from, to) = (in_container(&args.from), in_container(&args.to));
    invocation::block_on(async {
        match (from, to) {
            (Some((reference, path)), None) => out(invocation, reference, path, &args.to).await,
            (None, Some((reference, path))) => into(invocation, &args.from, reference, path).await,
            (Some(_), Some(_)) => {
                Err(Trouble::usage("both are in a container", "copy it to this machine first"))
            }
            (None, None) => Err(Trouble::usage("neither is in a container", HOW)),
        }
    })
}

async fn out(invocation: &Invocation, reference: &str, path: &str, to: &str) -> Result<Exit> {
    let console = &invocation.console;
    let (engine, container) = find(invocation, reference).await?;
    if to == STREAM {
        if invocation.environment.stdout_is_terminal {
            return Err(Trouble::usage(
                "a tar is nothing for a terminal",
                "add `| tar -tv`, for example",
            ));
        }
        let path = format!("/{}", path.trim_start_matches('/'));
        let refused = |error| refused(reference, &path, error);
        let mut pieces = engine.get_archive(&container, &path).await.map_err(refused)?;
        while let Some(piece) = pieces.next().await {
            if !console.results.write(&piece.map_err(refused)?) {
                break;
            }
        }
        return Ok(Exit::Done);
    }
    let copied = windlass::copy_out(&*engine, &container, path, Path::new(to)).await;
    let copied = copied.map_err(|error| trouble(reference, error))?;
    Ok(say(console, &copied))
}

/// Says what came out.
pub(super) fn say(console: &Console, copied: &Unpacked) -> Exit {
    if console.is_json {
        let fields = serde_json::json!({"files": copied.files, "bytes": copied.bytes});
        console.json(&json::object("copied", fields));
    }
    let files = words::count(usize::try_from(copied.files).unwrap_or(usize::MAX), "file");
    console.say(&format!("copied {files}, {}\n", words::bytes(copied.bytes)));
    tell(console, &copied.left_out)
}

async fn into(invocation: &Invocation, from: &str, reference: &str, path: &str) -> Result<Exit> {
    let (engine, container) = find(invocation, reference).await?;
    if from == STREAM {
        let pieces = read_input();
        let tar = stream::unfold(pieces, async |mut pieces: Receiver<io::Result<Vec<u8>>>| {
            let piece = pieces.recv().await?;
            Some((piece.map(Into::into), pieces))
        });
        let path = format!("/{}", path.trim_start_matches('/'));
        let put = engine.put_archive(&container, &path, tar.boxed()).await;
        return put.map(|()| Exit::Done).map_err(|error| refused(reference, &path, error));
    }
    let copied = windlass::copy_in(&*engine, &container, Path::new(from), path).await;
    Ok(tell(&invocation.console, &copied.map_err(|error| trouble(reference, error))?))
}

/// Standard input, which is read on a thread of its own: nothing else may wait for it.
fn read_input() -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel(PIECES);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut piece = vec![0; PIECE];
            let read = stdin.read(&mut piece).map(|length| piece.truncate(length));
            let is_last = read.is_err() || piece.is_empty();
            if (read.is_err() || !piece.is_empty())
                && sender.blocking_send(read.map(|()| piece)).is_err()
                || is_last
            {
                break;
            }
        }
    });
    receiver
}

async fn find(invocation: &Invocation, reference: &str) -> Result<(Arc<dyn Engine>, ContainerId)> {
    Session::open(invocation)?.one(reference).await
}

fn doing(reference: &str) -> String {
    format!("copy files of {}", escape::line(reference))
}

pub(super) fn trouble(reference: &str, error: CopyError) -> Trouble {
    let failed = |message: &str| Trouble::failed(escape::line(message).into_owned());
    match error {
        CopyError::Engine { source } => Trouble::engine(doing(reference), source),
        CopyError::NotThere { path } => failed(&format!("there is no {path} in {reference}")),
        CopyError::Inside { path, problem } => failed(&format!("{reference}:{path} {problem}")),
        CopyError::Local { .. } | CopyError::Here { .. } => failed(&with_causes(&error)),
    }
}

/// As [`trouble`], of a tar that passes through.
pub(super) fn refused(reference: &str, path: &str, error: EngineError) -> Trouble {
    trouble(
        reference,
        if error.is_not_found() {
            CopyError::NotThere { path: path.to_owned() }
        } else {
            CopyError::Engine { source: error }
        },
    )
}

/// What was left out is said, and not taken for success.
fn tell(console: &Console, left_out: &[LeftOut]) -> Exit {
    for one in left_out {
        let path = one.path.to_string_lossy();
        if console.is_json {
            let fields = serde_json::json!({"path": path, "why": one.why});
            console.json(&json::object("left_out", fields));
        } else {
            console.complain(&format!("left out: {}: {}\n", escape::line(&path), one.why));
        }
    }
    if left_out.is_empty() { Exit::Done } else { Exit::Failed }
}
