//! `windlass lock`: the digests of the images that a project has from outside, into its lock file.
//!
//! Invariant: the file is written whole, and only if every digest is known.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use windlass::config::lock_file_text;
use windlass::engine::{Engine, EngineError};
use windlass::model::EngineName;
use windlass::model::fault::Fault;
use windlass::model::pins::Pins;

use crate::args::Lock;
use crate::exit::Exit;
use crate::hint;
use crate::invocation::{self, Invocation};
use crate::pins;
use crate::render::{escape, json};
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble, with_causes};
use crate::whole_file::{WholeFile, unwritten};
use crate::words;

const ONLY_HERE: &str =
    "push it to a registry, or say `pull: never` of what is on the engine only: that is not locked";

/// How many registries are asked at once.
const AT_ONCE: usize = 8;

pub(super) fn run(invocation: &Invocation, args: Lock) -> Result<Exit> {
    // What is written now is not what the last one says.
    let mut invocation = invocation.clone();
    invocation.global.locked = false;
    let invocation = &invocation;
    if invocation.global.engine.as_ref().is_some_and(|engine| !engine.contains("://")) {
        let message = "a lock file is of all engines of a project";
        return Err(Trouble::usage(message, "leave `--engine` out"));
    }
    let place = pins::place(invocation)?;
    let path = invocation.environment.directory.join(&place);
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        let message = format!("{} is not a file", escape::line(&place.to_string_lossy()));
        return Err(Trouble::files(message, "remove it: `windlass lock` writes the file"));
    }
    // One that can't be read is written anew, and was said to be wrong.
    let before = match pins::read(invocation, &place) {
        Ok(found) => found,
        Err(_) if !args.check => None,
        Err(trouble) => return Err(trouble),
    };
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let wrong = windlass::check_inputs(&session.project);
        if !wrong.is_empty() {
            return Err(session.unreadable(&wrong, &[]));
        }
        let used = session.project.outside_images(&windlass::image_bases(&session.project));
        let mut signals = Signals::listen()?;
        let now = tokio::select! {
            now = resolve(&session, used) => now?,
            number = signals.next() => return Ok(Exit::Signal(number)),
        };
        conclude(invocation, args, &place, before, &now)
    })
}

/// Says what changed, and writes it.
fn conclude(
    invocation: &Invocation,
    args: Lock,
    place: &Path,
    before: Option<Pins>,
    now: &Pins,
) -> Result<Exit> {
    let console = &invocation.console;
    let is_same = before.as_ref() == Some(now);
    let before = before.unwrap_or_default();
    let mut references: Vec<&String> = before.0.keys().chain(now.0.keys()).collect();
    references.sort();
    references.dedup();
    for reference in references {
        let (was, is) = (before.0.get(reference), now.0.get(reference));
        if console.is_json {
            let fields = serde_json::json!({"reference": reference, "was": was, "digest": is});
            console.json(&json::object("pin", fields));
            continue;
        }
        let name = escape::line(reference);
        console.say(&match (was, is) {
            (None, Some(is)) => format!("+ {name} {is}\n"),
            (Some(was), None) => format!("- {name} {was}\n"),
            (Some(was), Some(is)) if was != is => format!("~ {name} {was} → {is}\n"),
            _ => continue,
        });
    }
    let name = place.to_string_lossy();
    let (name, count) = (escape::line(&name), words::count(now.0.len(), "image"));
    if is_same {
        console.say(&format!("{name} is as it should be: {count}\n"));
        return Ok(Exit::Done);
    }
    if args.check {
        console.complain(&format!("{name} is out of date: `windlass lock` writes it\n"));
        return Ok(Exit::Changes);
    }
    let path = invocation.environment.directory.join(place);
    let mut file = WholeFile::create(&path)?;
    file.write_all(lock_file_text(now).as_bytes()).map_err(|error| unwritten(place, &error))?;
    file.keep()?;
    console.say(&format!("wrote {name}: {count}\n"));
    Ok(Exit::Done)
}

async fn resolve(session: &Session, used: BTreeMap<String, EngineName>) -> Result<Pins> {
    let asked = used.into_iter().map(|(reference, engine)| async move {
        let engine = &session.engines[&engine];
        match engine.image_digest(&reference).await {
            Ok(digest) => Ok(Ok((reference, digest))),
            Err(error) if matches!(error.fault, Fault::Unreachable | Fault::PermissionDenied) => {
                Err(Trouble::engine("ask for digests", error))
            }
            Err(error) => Ok(Err(unresolved(engine.as_ref(), &reference, &error).await)),
        }
    });
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut pins = Pins::default();
    let (mut unknown, mut hints) = (Vec::new(), BTreeSet::new());
    for answer in answers {
        match answer {
            Ok((reference, digest)) => drop(pins.0.insert(reference, digest)),
            Err((message, hint)) => {
                unknown.push(message);
                hints.extend(hint);
            }
        }
    }
    if unknown.is_empty() {
        return Ok(pins);
    }
    Err(Trouble::Failed {
        message: unknown.join("; "),
        hint: Some(hints.into_iter().collect::<Vec<_>>().join("; "))
            .filter(|hints| !hints.is_empty()),
    })
}

/// Why there is no digest of a reference, and what to do.
async fn unresolved(
    engine: &dyn Engine,
    reference: &str,
    error: &EngineError,
) -> (String, Option<String>) {
    let name = escape::line(reference);
    let here = engine.inspect_image(reference).await;
    let is_local =
        here.is_ok_and(|image| !image.references.iter().any(|reference| reference.contains('@')));
    let why = with_causes(error);
    let next = hint::fault(&error.fault, None).next;
    let only_here = Some(ONLY_HERE.to_owned());
    // Nobody knows whether it is in the registry, too.
    if matches!(error.fault, Fault::RegistryUnreachable | Fault::RegistryFailing) {
        (format!("the registry of {name} could not be asked: {why}"), next)
    } else if is_local {
        (format!("{name} is on the engine only, and has no digest of a registry: {why}"), only_here)
    } else if error.fault == Fault::RegistryDenied {
        (format!("the registry refuses to tell the digest of {name}: {why}"), next)
    } else {
        let is_absent = error.fault == Fault::RegistryNotFound;
        let hint = if is_absent { only_here } else { next };
        (format!("there is no digest of {name}: {why}"), hint)
    }
}
