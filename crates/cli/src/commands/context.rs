//! `windlass context`: the build context of an image as a tar, with its Dockerfile.
//!
//! Invariant: no engine is asked, and a file that comes out is whole.

use std::io::{self, Write};
use std::path::Path;
use windlass::{PreparedBuild, TarOptions};

use crate::args::Context;
use crate::commands::dockerfile;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::render::{escape, json};
use crate::results::Results;
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
    let build = dockerfile::of(invocation, &args.of.image, windlass::prepared_build)?;
    for warning in build.context.warnings() {
        console.warn(&escape::line(&warning.to_string()));
    }
    let Some(place) = out else {
        write(&build, args.gzip, &mut Output(&console.results))?;
        return Ok(Exit::Done);
    };
    let mut file = WholeFile::create(place)?;
    let bytes = write(&build, args.gzip || is_gzip(place), &mut file)?;
    file.keep()?;
    let (entries, name) = (build.context.entries().len(), windlass::DOCKERFILE_NAME);
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

fn write(build: &PreparedBuild, gzip: bool, out: &mut dyn Write) -> Result<u64> {
    let options = TarOptions { gzip, progress: None };
    let written = build.write_tar(&mut *out, options);
    let bytes = written.map_err(|error| Trouble::failed(with_causes(&error)))?;
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
