//! `windlass script`: a script of this machine in a container like a declared one.
//!
//! Invariant: the script is copied, so that it runs on an engine anywhere.

use std::path::Path;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::{Program, Script};

use crate::args;
use crate::detach_keys::DetachKeys;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load::read_stdin;
use crate::one_off::{self, Errand};
use crate::render::escape;
use crate::trouble::{Result, Trouble, with_causes};

/// Where it is put: the first below no mount, which may not be written to and would keep the directory.
const DIRECTORIES: [&str; 2] = ["/tmp/script_run", "/script_run"];

/// Stands for where the script is.
const PLACE: &str = "{script_path}";

pub(super) fn run(invocation: &Invocation, args: &args::Script) -> Result<Exit> {
    let errand = |like: &ContainerSpec| errand(invocation, args, directory(&like.config));
    let given = args.one_off.detach_keys.as_ref();
    let keys = DetachKeys::of(&invocation.environment, given)?;
    let one_off = args::OneOff { detach_keys: Some(keys), ..args.one_off.clone() };
    one_off::run(invocation, &args.reference, errand, &one_off)
}

fn directory(config: &ContainerConfig) -> &'static str {
    let is_free = |directory: &&&str| {
        config.mount_above(directory).is_none() && config.tmpfs_above(directory).is_none()
    };
    DIRECTORIES.iter().find(is_free).unwrap_or(&DIRECTORIES[0])
}

fn errand(invocation: &Invocation, args: &args::Script, directory: &str) -> Result<Errand> {
    let is_piped = args.path == Path::new("-");
    let script = if is_piped {
        Script::of_text(read_stdin()?)
    } else {
        let path = invocation.environment.directory.join(&args.path);
        let unread = |error| Trouble::files(with_causes(&error), "name a script or a directory");
        Script::read(&path).map_err(unread)?
    };
    for path in script.left_out() {
        let path = escape::line(&path).into_owned();
        invocation
            .console
            .warn(&format!("{path} is neither a file, a directory nor a link: left out"));
    }
    let command = argv(&script, args, directory)?;
    let script = Some((directory.to_owned(), script));
    Ok(Errand { argv: command, script, reads_stdin: !is_piped, wants_tty: false })
}

/// The whole command.
fn argv(script: &Script, args: &args::Script, directory: &str) -> Result<Vec<String>> {
    let program = script.program();
    let place = match program {
        Some(program) => format!("{directory}/{}", program.name),
        None => directory.to_owned(),
    };
    let says_where = args.arguments.iter().any(|word| word.contains(PLACE));
    let words = args.arguments.iter().map(|word| word.replace(PLACE, &place));
    let entrypoint = args.entrypoint.clone();
    if entrypoint.as_deref() == Some("") {
        let message = "`--entrypoint` is empty";
        return Err(Trouble::usage(message, "name a program, or leave it out"));
    }
    Ok(match program {
        _ if says_where => entrypoint.into_iter().chain(words).collect(),
        Some(Program { runs_itself, .. }) => {
            let shell = (!runs_itself).then(|| "sh".to_owned());
            entrypoint.or(shell).into_iter().chain([place.clone()]).chain(words).collect()
        }
        None => {
            return Err(Trouble::usage(
                format!("{} is a directory: what of it shall run?", args.path.display()),
                format!("write it after `--`, such as `-- sh {PLACE}/all.sh`"),
            ));
        }
    })
}
