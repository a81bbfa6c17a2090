//! `windlass build`.
//!
//! Invariant: only words become options here; the planner decides. What is in an image is written down once it is built.

use std::path::Path;

use windlass::SbomDocument;
use windlass::engine::Engines;
use windlass::model::image::ImageSpec;
use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Build;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::load::quietly;
use crate::render::{escape, json};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use crate::whole_file::{WholeFile, unwritten};
use crate::words;

/// The moment of a document, if the environment says none: that of images which are made here.
const MOMENT_S: u64 = 1;

pub(super) fn run(invocation: &Invocation, args: &Build) -> Result<Exit> {
    let options = Options {
        build: args.force || args.no_cache,
        no_cache: args.no_cache,
        pull_always: args.pull,
        no_deps: args.no_deps,
        ..Options::default()
    };
    let request = args.common.request(Verb::Build, options);
    let Some(place) = &args.sbom else { return apply(invocation, &request, args.consent) };
    let image = match args.common.select.references.as_slice() {
        [image] => image.clone(),
        [] => only_image(invocation)?,
        [_, _, ..] => return Err(not_one()),
    };
    let moment = moment(invocation)?;
    let is_printed = place == Path::new("-");
    if is_printed && invocation.console.is_json {
        let message = "a document can't go where JSON goes: `--output json` needs standard output";
        return Err(Trouble::usage(message, "name a file: `--sbom sbom.json`"));
    }
    let file = (!is_printed).then(|| WholeFile::create(place)).transpose()?;
    let ended = apply(invocation, &request, args.consent)?;
    if !matches!(ended, Exit::Done) {
        return Ok(ended);
    }
    describe(invocation, &image, file.map(|file| (file, place.as_path())), moment)?;
    Ok(Exit::Done)
}

fn not_one() -> Trouble {
    let message = "`--sbom` describes one image, and so many are not named";
    Trouble::usage(message, "name it: `windlass build IMAGE --sbom FILE`")
}

/// The one that a project has.
fn only_image(invocation: &Invocation) -> Result<String> {
    let project = quietly(invocation)?.ok_or(Trouble::Diagnosed)?;
    let mut keys = project.images.into_keys();
    keys.next().filter(|_| keys.next().is_none()).ok_or_else(not_one)
}

fn moment(invocation: &Invocation) -> Result<u64> {
    let said = invocation.environment.variables.get("SOURCE_DATE_EPOCH");
    let Some(said) = said.filter(|said| !said.is_empty()) else { return Ok(MOMENT_S) };
    // The last second that has a date of four digits.
    said.parse().ok().filter(|seconds| *seconds <= 253_402_300_799).ok_or_else(|| {
        let message = format!("SOURCE_DATE_EPOCH is no moment: {}", escape::line(said));
        Trouble::usage(message, "it is a number of seconds since 1970")
    })
}

/// Writes what is in an image that is there.
fn describe(
    invocation: &Invocation,
    image: &str,
    file: Option<(WholeFile, &Path)>,
    moment: u64,
) -> Result<()> {
    use std::io::Write as _;
    let session = Session::open(invocation)?;
    let name = image.strip_prefix("image:").unwrap_or(image);
    let Some(spec) = session.project.images.get(name) else {
        let message = format!("`--sbom` is of one image, and {} is none", escape::line(image));
        return Err(Trouble::usage(message, "name it by its key of `images`"));
    };
    let document = invocation::block_on(looked_at(&session, &session.engines, spec, moment))?;
    let SbomDocument { json: document, unread } = document;
    let (packages, files) = (count(&document, "packages"), count(&document, "files"));
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    let console = &invocation.console;
    let Some((mut file, place)) = file else {
        console.result(&text);
        return Ok(());
    };
    file.write_all(text.as_bytes()).map_err(|error| unwritten(place, &error))?;
    file.keep()?;
    if console.is_json {
        let fields = serde_json::json!({"image": name, "packages": packages, "files": files, "unread": unread});
        console.json(&json::object("sbom", fields));
    }
    for one in &unread {
        let one = escape::line(one);
        console.warn(&format!(
            "packages of {one} are in the image and can't be read: they are not in the document"
        ));
    }
    console.say(&format!(
        "{} and {} in {}\n",
        words::count(packages, "package"),
        words::count(files, "file"),
        escape::line(&place.to_string_lossy()),
    ));
    Ok(())
}

fn count(document: &serde_json::Value, key: &str) -> usize {
    document[key].as_array().map_or(0, Vec::len)
}

/// By the first engine that has it.
async fn looked_at(
    session: &Session,
    engines: &Engines,
    spec: &ImageSpec,
    moment: u64,
) -> Result<SbomDocument> {
    let images = session.project.images.iter();
    let references = images.map(|(key, spec)| (key.clone(), spec.reference.clone())).collect();
    let by = (env!("CARGO_PKG_VERSION"), moment);
    let mut failed = None;
    for engine in engines.values() {
        match windlass::sbom(engine, spec, &references, &session.file_digests, by).await {
            Ok(document) => return Ok(document),
            Err(failure) => failed = Some(failure),
        }
    }
    let why = failed.map_or_else(|| "there is no engine".to_owned(), |failure| failure.message);
    Err(Trouble::failed(format!("what is in {} could not be seen: {why}", spec.reference)))
}
