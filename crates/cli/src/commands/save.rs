//! `windlass save`: an image as a tar, for `docker load` elsewhere.
//!
//! Invariant: a file under the name that was asked for is whole.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use windlass::engine::stream::EngineStream;
use windlass::engine::{Engine, EngineError};
use windlass::model::project::Project;

use crate::args::Save;
use crate::exit::Exit;
use crate::hint;
use crate::image_word;
use crate::invocation::{self, Invocation};
use crate::render::{escape, json};
use crate::session::Session;
use crate::signals::Signals;
use crate::tar_file::TarFile;
use crate::trouble::{Result, Trouble};
use crate::words;

pub(super) fn run(invocation: &Invocation, args: &Save) -> Result<Exit> {
    let out = args.out.as_deref().filter(|file| *file != Path::new("-"));
    if out.is_none() && invocation.environment.stdout_is_terminal {
        return Err(Trouble::usage(
            "an image is nothing for a terminal",
            "name a file: `-o image.tar`",
        ));
    }
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let built = session.project.images.get(&args.image);
        if built.is_none() {
            image_word::check(&args.image)?;
        }
        let reference = built.map_or(&args.image, |spec| &spec.reference);
        let engine = find(&session, &args.image, reference).await?;
        let refused = |error| Trouble::engine(doing(reference), error);
        let pieces = engine.save_image(reference).await.map_err(refused)?;
        let mut signals = Signals::listen()?;
        let write = async {
            match out {
                Some(file) => to_file(invocation, pieces, file, reference).await,
                None => to_stdout(invocation, pieces).await.map_err(refused),
            }
        };
        // What is half written goes with what writes it.
        tokio::select! {
            written = write => written,
            number = signals.next() => Ok(Exit::Signal(number)),
        }
    })
}

fn doing(reference: &str) -> String {
    format!("save {}", escape::line(reference))
}

/// The first engine that has it.
async fn find(session: &Session, word: &str, reference: &str) -> Result<Arc<dyn Engine>> {
    for engine in session.engines.values() {
        match engine.inspect_image(reference).await {
            Ok(_) => return Ok(Arc::clone(engine)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(Trouble::engine(doing(reference), error)),
        }
    }
    Err(missing(&session.project, word, reference))
}

/// No engine has an image; `word`: as it was named.
pub(super) fn missing(project: &Project, word: &str, reference: &str) -> Trouble {
    let keys: Vec<String> = project.images.keys().cloned().collect();
    let hint = match hint::closest(word, &keys) {
        Some(_) if project.images.contains_key(word) => {
            format!("make it first: `windlass build {}`", escape::line(word))
        }
        Some(_) => hint::unknown_reference(word, &keys),
        None => "`windlass images` shows those of the project".to_owned(),
    };
    let message = format!("there is no image {}", escape::line(reference));
    Trouble::Failed { message, hint: Some(hint) }
}

async fn to_stdout(
    invocation: &Invocation,
    mut pieces: EngineStream<impl AsRef<[u8]>>,
) -> std::result::Result<Exit, EngineError> {
    while let Some(piece) = pieces.next().await {
        if !invocation.console.results.write(piece?.as_ref()) {
            break;
        }
    }
    Ok(Exit::Done)
}

async fn to_file(
    invocation: &Invocation,
    mut pieces: EngineStream<impl AsRef<[u8]>>,
    place: &Path,
    reference: &str,
) -> Result<Exit> {
    let mut file = TarFile::create(place)?;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Trouble::engine(doing(reference), error))?;
        file.push(piece.as_ref())?;
    }
    let bytes = file.keep()?;
    let console = &invocation.console;
    if console.is_json {
        let fields = serde_json::json!({"image": reference, "bytes": bytes});
        console.json(&json::object("saved", fields));
    }
    let place = place.to_string_lossy();
    console.say(&format!("{} in {}\n", words::bytes(bytes), escape::line(&place)));
    Ok(Exit::Done)
}
