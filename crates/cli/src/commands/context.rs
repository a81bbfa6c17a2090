//! `windlass context`: the build context of an image as a tar, with its Dockerfile. Of an image of resources that is all that a builder
//! needs which knows nothing of windlass.
//!
//! Invariant: no engine is asked, and a file that comes out is whole.

use std::io::{self, Write};
use std::path::Path;
use windlass::image::{BuildContext, Compression, ImageBuild};
use windlass::model::image::ImageUse;
use windlass::{PreparedBuild, TarOptions};

use crate::args::Context;
use crate::commands::dockerfile;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::render::{escape, json};
use crate::results::Results;
use crate::session::file_digests;
use crate::tar_file::is_gzip;
use crate::trouble::{Result, Trouble, with_causes};
use crate::whole_file::WholeFile;
use crate::words;

pub(super) fn run(invocation: &Invocation, args: &Context) -> Result<Exit> {
    let console = &invocation.console;
    let out = args.out.as_deref().filter(|file| *file != Path::new("-"));
    if out.is_none() && (invocation.environment.stdout_is_terminal || console.is_json) {
        let message = nothing_for(console.is_json);
        return Err(Trouble::usage(message, "name a file: `-o context.tar`"));
    }
    let files = file_digests(invocation);
    let mut bases = Vec::new();
    let build = dockerfile::of(invocation, &args.of.image, |project, spec| {
        bases = windlass::image_bases(project).remove(&spec.key).unwrap_or_default();
        bases.retain(|base| matches!(base, ImageUse::Project(_)));
        let agent = windlass::payload::agent();
        let of_resources = windlass::resource_build(project, spec, agent, &files)?;
        match of_resources {
            Some(build) => Ok(Some(Sent::Resources(build))),
            None => Ok(windlass::prepared_build(project, spec)?.map(Sent::Build)),
        }
    })?;
    for warning in build.context().warnings() {
        console.warn(&escape::line(&warning.to_string()));
    }
    for base in &bases {
        let base = escape::line(&base.to_string()).into_owned();
        console.warn(&format!(
            "it is built on the image {base} of this project, which has to be there first: \
             `windlass build {base}`, or `windlass push {base}` for others"
        ));
    }
    let Some(place) = out else {
        write(&build, args.gzip, &mut Output(&console.results))?;
        return Ok(Exit::Done);
    };
    let mut file = match build {
        Sent::Build(_) => WholeFile::create(place)?,
        // What is sensitive is in it as it is.
        Sent::Resources(_) => WholeFile::create_private(place)?,
    };
    let bytes = write(&build, args.gzip || is_gzip(place), &mut file)?;
    file.keep()?;
    let (entries, name) = (build.context().entries().len(), build.dockerfile_name());
    if console.is_json {
        let fields = serde_json::json!({"image": args.of.image, "entries": entries, "bytes": bytes,
            "dockerfile": name});
        console.json(&json::object("context", fields));
    }
    console.say(&format!(
        "{}, {} in {}; the Dockerfile is {name}\n",
        words::count(entries, "path"),
        words::bytes(bytes),
        escape::line(&place.to_string_lossy()),
    ));
    Ok(Exit::Done)
}

/// Why a tar does not go to standard output.
pub(super) fn nothing_for(is_json: bool) -> &'static str {
    if is_json {
        "a tar can't go where JSON goes: `--output json` needs standard output"
    } else {
        "a tar is nothing for a terminal"
    }
}

/// What goes into the tar.
enum Sent {
    Build(PreparedBuild),
    Resources(ImageBuild),
}

impl Sent {
    fn context(&self) -> &BuildContext {
        match self {
            Self::Build(build) => &build.context,
            Self::Resources(build) => build.context(),
        }
    }

    fn dockerfile_name(&self) -> &'static str {
        match self {
            Self::Build(_) => windlass::DOCKERFILE_NAME,
            // Nothing of the user's is beside it.
            Self::Resources(_) => "Dockerfile",
        }
    }

    fn write(&self, gzip: bool, out: &mut dyn Write) -> std::result::Result<u64, String> {
        match self {
            Self::Build(build) => build
                .write_tar(out, TarOptions { gzip, progress: None })
                .map_err(|error| with_causes(&error)),
            Self::Resources(build) => {
                let compression = if gzip { Compression::Gzip } else { Compression::None };
                build.write(out, compression).map_err(|error| with_causes(&error))
            }
        }
    }
}

fn write(build: &Sent, gzip: bool, out: &mut dyn Write) -> Result<u64> {
    let bytes = build.write(gzip, &mut *out).map_err(Trouble::failed)?;
    out.flush().map_err(|error| Trouble::failed(error.to_string()))?;
    Ok(bytes)
}

/// Standard output. A reader that has gone has all that it wanted.
struct Output<'a>(&'a Results);

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
