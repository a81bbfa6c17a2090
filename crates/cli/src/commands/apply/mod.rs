//! `windlass apply`: what a bundle file declares, on a host or in a directory that is the root of a file system.
//!
//! Invariant: all of it is planned and shown before anything is changed, and nothing is changed without a yes.

mod host;
mod root;

use std::io;
use std::path::Path;

use windlass::bundle::{Bundle, LoadedBundle, ResourceError, Store, gather, load_bundle};
use windlass::{Dialect, LoadOptions};

use crate::args::Apply;
use crate::consent;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::load;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Apply) -> Result<Exit> {
    if args.exit_code && !args.plan {
        let message = "`--exit-code` says what a plan has found, and this is none";
        return Err(Trouble::usage(message, "add `--plan`: `--plan --exit-code`"));
    }
    match (&args.host, &args.root) {
        (Some(name), _) => host::run(invocation, args, name),
        (None, Some(directory)) if directory == Path::new("/") => Err(Trouble::usage(
            "a machine that runs is more than a directory",
            "for this machine itself say `--host local`",
        )),
        (None, Some(directory)) => root::run(invocation, args, directory),
        (None, None) => Err(Trouble::usage(
            "it is not said where it shall be applied",
            "name a directory with `--root DIRECTORY`, or a machine with `--host ssh://USER@HOST`",
        )),
    }
}

/// Resources that could not be planned or applied, each at its place.
fn failed(invocation: &Invocation, loaded: &LoadedBundle, errors: &[ResourceError]) -> Exit {
    load::show(&invocation.console, &loaded.diagnose(errors), &loaded.sources);
    Exit::Failed
}

/// Somebody else changes it.
fn held(what: &str) -> Trouble {
    Trouble::Held {
        message: format!("another run is at work on {what}"),
        hint: "try again when it has ended".to_owned(),
    }
}

/// The bundle, with every finding said.
fn read(invocation: &Invocation, file: &Path) -> Result<(LoadedBundle, Bundle)> {
    let here = &invocation.environment;
    let files = vec![file.to_path_buf()];
    if load::dialect(&invocation.global, &files)? != Dialect::Windlass {
        return Err(Trouble::usage("a bundle file has no other dialect", "leave out `--dialect`"));
    }
    let loaded = load_bundle(&LoadOptions {
        files,
        stdin: (file == Path::new("-")).then(load::read_stdin).transpose()?,
        set: invocation.global.set.clone(),
        env: here.variables.clone(),
        cwd: here.directory.clone(),
        home: here.home.clone(),
        ..LoadOptions::default()
    });
    load::show(&invocation.console, &loaded.diagnostics, &loaded.sources);
    let mut bundle = loaded.bundle.clone().ok_or(Trouble::Diagnosed)?;
    let store = || match here.cache() {
        Some(cache) => Store::open(cache.join("resources")),
        None => Err(io::Error::other("neither XDG_CACHE_HOME nor HOME is set")),
    };
    // Sources are absolute.
    if let Err(errors) = gather(&mut bundle, Path::new("/"), store) {
        failed(invocation, &loaded, &errors);
        return Err(Trouble::failed("nothing was looked at: not all that it needs is here"));
    }
    if let Some((name, help)) = loaded.unused_set.first() {
        let message = format!("nothing here uses the variable `{name}` of --set");
        return Err(Trouble::usage(message, help.clone()));
    }
    Ok((loaded, bundle))
}

/// Asks, if somebody is there to be asked.
fn obtain(invocation: &Invocation, args: &Apply, what: &str) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    let here = &invocation.environment;
    let can_ask =
        here.stdin_is_terminal && here.stderr_is_terminal && args.bundle != Path::new("-");
    if !can_ask || invocation.console.is_json {
        let message = format!("this changes {what}, and nobody can be asked whether it shall");
        return Err(Trouble::usage(
            message,
            "if this is meant, say `--yes`; `--plan` only shows it",
        ));
    }
    let question = format!("This changes {what}. Go on?");
    let says_yes =
        invocation::block_on(async { Ok(consent::answers_yes(invocation, '!', &question).await) })?;
    if says_yes { Ok(()) } else { Err(Trouble::failed("nothing was changed")) }
}
