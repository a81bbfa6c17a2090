//! `windlass run`: a task after those that it needs, or a program in a container of an image or like a declared one.
//!
//! Invariant: the words of the command line stay whole.

use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::image::{ImageUse, PullPolicy};

use super::task;
use crate::args;
use crate::brought;
use crate::detach_keys::DetachKeys;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::one_off::{self, Errand};
use crate::runnable::Runnable;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::Result;

const KINDS: [&str; 3] = ["task", "container", "image"];

pub(super) fn run(invocation: &Invocation, args: &args::RunTask) -> Result<Exit> {
    let given = args.one_off.detach_keys.as_ref();
    let keys = DetachKeys::of(&invocation.environment, given)?;
    let one_off = args::OneOff { detach_keys: Some(keys), ..args.one_off.clone() };
    let args = &args::RunTask { one_off, ..args.clone() };
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut signals = Signals::listen()?;
        let ran = run_in(invocation, &session, args, &mut signals).await;
        let leave = matches!(ran, Ok(Exit::Detached));
        brought::take_back(invocation, &session, leave, &mut signals).await;
        ran
    })
}

async fn run_in(
    invocation: &Invocation,
    session: &Session,
    args: &args::RunTask,
    signals: &mut Signals,
) -> Result<Exit> {
    let runnable = Runnable::find(invocation, session, &args.reference, &KINDS)?;
    let like = match runnable {
        Runnable::Task(task) => {
            return task::run(invocation, session, task, args, signals).await;
        }
        Runnable::Container(spec) => spec.clone(),
        Runnable::Image(image) => {
            let name = match &image {
                ImageUse::Project(key) => key.clone(),
                ImageUse::External(_) => "image".to_owned(),
            };
            of_image(session, &name, image)
        }
    };
    let like = ContainerSpec { config: with_words(&like, args).into(), ..like };
    go(invocation, session, &like, &args.one_off, signals).await
}

/// The container's own configuration, or another program and other words.
fn with_words(like: &ContainerSpec, args: &args::RunTask) -> ContainerConfig {
    let mut config = ContainerConfig::clone(&like.config);
    if let Some(program) = &args.entrypoint {
        config.entrypoint = Some(vec![program.clone()]).into();
        config.command = None;
    }
    if !args.arguments.is_empty() {
        config.command = Some(args.arguments.clone());
    }
    config
}

/// A container of an image alone. `name`: what it is called after.
pub(super) fn of_image(session: &Session, name: &str, image: ImageUse) -> ContainerSpec {
    let engine = session.project.default_engine();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let name: String =
        name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let (project, image) = (&session.project, (image, PullPolicy::Missing));
    let config = ContainerConfig::default();
    let mut spec = one_off::bare(project, &engine, &name, image, config);
    // No key of the file has a colon: it is beside a container that is called as the task is.
    spec.key = format!("run:{name}").into();
    spec.address.name = spec.key.clone();
    spec
}

/// Runs what the container is configured to run.
pub(super) async fn go(
    invocation: &Invocation,
    session: &Session,
    like: &ContainerSpec,
    args: &args::OneOff,
    signals: &mut Signals,
) -> Result<Exit> {
    let mut project = session.project.clone();
    project.containers.insert(like.address.clone(), like.clone());
    let stage = session.staged(project);
    let errand =
        Errand { argv: Vec::new(), script: None, reads_stdin: true, wants_tty: like.config.tty };
    let reference = like.address.name.to_string();
    one_off::run_in(invocation, &stage, (&reference, like), errand, args, signals).await
}
