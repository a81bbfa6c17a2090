//! `windlass retrieve`: files out of an image.
//!
//! Invariant: nothing of the image is run, and the container that the files come out of is gone when the program ends; if
//! that is killed, the next run removes it.

use std::path::Path;

use futures_util::StreamExt as _;
use windlass::OneOffContainer;
use windlass::model::EngineName;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::endpoint::NetworkMode;
use windlass::model::image::{ImageUse, PullPolicy, familiar_reference};
use windlass::model::project::Project;
use windlass::model::request::{Options, Request, Verb};

use super::{context, cp, save};
use crate::args::Retrieve;
use crate::exit::Exit;
use crate::image_word;
use crate::invocation::{self, Invocation};
use crate::one_off::{self, Made};
use crate::render::{escape, json};
use crate::session::Session;
use crate::signals::Signals;
use crate::tar_file::TarFile;
use crate::trouble::{Result, Trouble};
use crate::words;

/// What the container is like that the files come out of; its own name begins so.
const KEY: &str = "retrieve";

/// Where the files go.
enum Target<'a> {
    Files(&'a Path),
    Tar(&'a Path),
    Stdout,
}

pub(super) fn run(invocation: &Invocation, args: &Retrieve) -> Result<Exit> {
    let target = target(invocation, args)?;
    invocation::block_on(async {
        let mut session = Session::open(invocation)?;
        let (engine, image, pull) = image(&session, args).await?;
        let like = like(&session.project, &engine, image, pull);
        // Nothing else of the project is looked at, or must be right.
        session.project.containers = [(like.address.clone(), like.clone())].into_iter().collect();
        let one_off = Some(Box::new(one_off::of_this_run(invocation)));
        let request = Request {
            verb: Verb::Run,
            references: vec![KEY.to_owned()],
            options: Options { one_off, pull_never: args.no_build, ..Options::default() },
        };
        let mut signals = Signals::listen()?;
        let making =
            one_off::make(invocation, &session, &like, &request, args.consent, &mut signals);
        let container = match making.await? {
            Made::There(container) => container,
            Made::Over(exit) => return Ok(exit),
        };
        let exit = tokio::select! {
            exit = copy(invocation, &container, args, &target) => exit,
            number = signals.next() => Ok(Exit::Signal(number)),
        };
        one_off::remove(container, &mut signals).await;
        exit
    })
}

fn target<'a>(invocation: &Invocation, args: &'a Retrieve) -> Result<Target<'a>> {
    let out = args.out.as_deref();
    let is_stdout = out.is_none_or(|out| out == Path::new("-"));
    Ok(match out {
        _ if args.untar && out.is_some() && is_stdout => {
            let message = "files can't be written to standard output";
            return Err(Trouble::usage(message, "name a directory, or leave `--untar` out"));
        }
        _ if args.untar => Target::Files(out.unwrap_or(Path::new("."))),
        Some(out) if !is_stdout => Target::Tar(out),
        _ if args.consent.dry_run => Target::Stdout,
        _ if invocation.environment.stdout_is_terminal || invocation.console.is_json => {
            let message = context::nothing_for(invocation.console.is_json);
            let way = "name a file: `-o files.tar.gz`, or add `--untar`";
            return Err(Trouble::usage(message, way));
        }
        _ => Target::Stdout,
    })
}

/// The image, on the engine that has it or shall have it.
async fn image(session: &Session, args: &Retrieve) -> Result<(EngineName, ImageUse, PullPolicy)> {
    let declared = declared(&session.project, &args.image);
    let reference = match declared {
        Some(found) if !args.no_build => return Ok(found),
        Some((_, image, _)) => session.image_reference(&image),
        None => {
            image_word::check(&args.image)?;
            args.image.clone()
        }
    };
    for (name, engine) in &session.engines {
        match engine.inspect_image(&reference).await {
            Ok(image) => {
                let image = ImageUse::External(image.id.as_str().into());
                return Ok((name.clone(), image, PullPolicy::Never));
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                return Err(Trouble::engine(format!("look for {}", args.image), error));
            }
        }
    }
    Err(save::missing(&session.project, &args.image, &reference))
}

/// An image that the project knows by a word: by its key or reference, or because a container has it.
fn declared(project: &Project, word: &str) -> Option<(EngineName, ImageUse, PullPolicy)> {
    let familiar = familiar_reference(word);
    let is_meant = |reference: &str| familiar_reference(reference) == familiar;
    let by_reference = || project.images.values().find(|spec| is_meant(&spec.reference));
    let spec = project.images.get(word).or_else(by_reference);
    let key = spec.map(|spec| ImageUse::Project(spec.key.clone()));
    let container = project.containers.values().find(|container| match (&key, &container.image) {
        (Some(key), image) => key == image,
        (None, ImageUse::External(reference)) => is_meant(reference),
        (None, ImageUse::Project(_)) => false,
    });
    match (key, container) {
        (Some(key), container) => {
            let engine = container.map(|container| container.address.engine.clone());
            Some((engine.unwrap_or(project.default_engine()), key, PullPolicy::Missing))
        }
        (None, Some(container)) => {
            let engine = container.address.engine.clone();
            Some((engine, container.image.clone(), container.pull))
        }
        (None, None) => None,
    }
}

/// A container of the image that nothing is started in.
fn like(
    project: &Project,
    engine: &EngineName,
    image: ImageUse,
    pull: PullPolicy,
) -> ContainerSpec {
    let config = ContainerConfig {
        // An engine makes no container without one, also of an image that has none.
        command: Some(vec!["-".to_owned()]),
        network_mode: NetworkMode::None,
        ..ContainerConfig::default()
    };
    one_off::bare(project, engine, KEY, (image, pull), config)
}

async fn copy(
    invocation: &Invocation,
    container: &OneOffContainer,
    args: &Retrieve,
    target: &Target<'_>,
) -> Result<Exit> {
    let (engine, id) = (container.engine(), container.id());
    let console = &invocation.console;
    let place = match target {
        Target::Files(place) => {
            let copied = windlass::copy_out(engine, id, &args.path, place).await;
            let copied = copied.map_err(|error| cp::trouble(&args.image, error))?;
            return Ok(cp::say(console, &copied));
        }
        Target::Tar(place) => Some(*place),
        Target::Stdout => None,
    };
    let path = format!("/{}", args.path.trim_start_matches('/'));
    let refused = |error| cp::refused(&args.image, &path, error);
    let mut pieces = engine.get_archive(id, &path).await.map_err(refused)?;
    let Some(place) = place else {
        while let Some(piece) = pieces.next().await {
            if !console.results.write(&piece.map_err(refused)?) {
                break;
            }
        }
        return Ok(Exit::Done);
    };
    let mut file = TarFile::create(place)?;
    let mut end = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(refused)?;
        remember(&mut end, &piece);
        file.push(&piece)?;
    }
    if end.len() < END_BYTES || end.iter().any(|byte| *byte != 0) {
        let message = format!("the engine did not send all of {}", escape::line(&path));
        return Err(Trouble::failed(message));
    }
    let bytes = file.keep()?;
    if console.is_json {
        let fields = serde_json::json!({"image": args.image, "path": args.path, "bytes": bytes});
        console.json(&json::object("retrieved", fields));
    }
    let (size, place) = (words::bytes(bytes), place.to_string_lossy());
    console.say(&format!("{size} in {}\n", escape::line(&place)));
    Ok(Exit::Done)
}

/// Two blocks of zeros end a tar; without them an engine broke off, which it can't say otherwise.
const END_BYTES: usize = 1024;

/// Keeps the last bytes of what was sent.
fn remember(end: &mut Vec<u8>, piece: &[u8]) {
    end.extend_from_slice(&piece[piece.len().saturating_sub(END_BYTES)..]);
    end.drain(..end.len().saturating_sub(END_BYTES));
}
