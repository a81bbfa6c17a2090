//! `windlass run`: a task after those that it needs, or a program in a container of an image or like a declared one.
//!
//! Invariant: each task runs once, and nothing after one that failed; the words of the command line stay whole.

use std::collections::BTreeSet;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::dependency::Dependency;
use windlass::model::image::{ImageUse, PullPolicy};
use windlass::model::project::Project;
use windlass::model::task::{TaskSpec, TaskTarget};

use crate::args;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::one_off::{self, Errand};
use crate::render::escape;
use crate::runnable::Runnable;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

const KINDS: [&str; 3] = ["task", "container", "image"];

pub(super) fn run(invocation: &Invocation, args: &args::RunTask) -> Result<Exit> {
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut signals = Signals::listen()?;
        let runnable = Runnable::find(invocation, &session, &args.reference, &KINDS)?;
        let like = match runnable {
            Runnable::Task(task) => {
                check(task, args)?;
                return tasks(invocation, &session, task, args, &mut signals).await;
            }
            Runnable::Container(spec) => spec.clone(),
            Runnable::Image(image) => {
                let name = match &image {
                    ImageUse::Project(key) => key.clone(),
                    ImageUse::External(_) => "image".to_owned(),
                };
                of_image(&session, &name, image)
            }
        };
        let like = ContainerSpec { config: with_words(&like, args).into(), ..like };
        go(invocation, &session, &like, &args.one_off, &mut signals).await
    })
}

/// What a task can't be told.
fn check(task: &TaskSpec, args: &args::RunTask) -> Result<()> {
    if args.entrypoint.is_some() {
        let way = "run its image or container with it";
        return Err(Trouble::usage("a task says itself which program runs", way));
    }
    if task.target == TaskTarget::Nothing && !args.arguments.is_empty() {
        let message = format!("the task {} only needs others, and takes no words", task.name);
        return Err(Trouble::usage(message, "run the one that they are for"));
    }
    Ok(())
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

/// A task, after all that it needs.
async fn tasks(
    invocation: &Invocation,
    session: &Session,
    last: &TaskSpec,
    args: &args::RunTask,
    signals: &mut Signals,
) -> Result<Exit> {
    let mut order = Vec::new();
    in_order(&session.project, last, &mut BTreeSet::new(), &mut order);
    for task in order {
        let is_last = task.name == last.name;
        let words = if is_last { args.arguments.as_slice() } else { &[] };
        let Some(like) = like(session, task, words, args.one_off.publish)? else { continue };
        // Its ports are the task's own, or asked for.
        let one_off = args::OneOff { publish: true, ..args.one_off.clone() };
        let exit = go(invocation, session, &like, &one_off, signals).await?;
        if exit.code() != 0 {
            if !is_last {
                let (name, code) = (escape::line(&task.name), exit.code());
                let last = escape::line(&last.name);
                let message =
                    format!("{name} ended with {code}: {last}, which needs it, is not run");
                Trouble::failed(message).show(&invocation.console);
            }
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

/// Each after those that it needs, in the order in which they are written.
fn in_order<'a>(
    project: &'a Project,
    task: &'a TaskSpec,
    seen: &mut BTreeSet<&'a str>,
    order: &mut Vec<&'a TaskSpec>,
) {
    if !seen.insert(&task.name) {
        return;
    }
    for need in &task.needs {
        if let Some(needed) = project.tasks.get(need) {
            in_order(project, needed, seen, order);
        }
    }
    order.push(task);
}

/// What the container of a task is like; `None` for one that only needs others.
fn like(
    session: &Session,
    task: &TaskSpec,
    words: &[String],
    publish: bool,
) -> Result<Option<ContainerSpec>> {
    let mut spec = match &task.target {
        TaskTarget::Image(image) => of_image(session, &task.name, image.clone()),
        TaskTarget::Container(key) => one_off::one(session, key)?.clone(),
        TaskTarget::Nothing => return Ok(None),
    };
    let mut config = task.over(&spec.config, words);
    if matches!(task.target, TaskTarget::Image(_)) {
        // Those of the project, where the task says nothing of them.
        config.network_mode.clone_from(&task.config.network_mode);
        config.endpoints.clone_from(&task.config.endpoints);
    }
    if publish {
        config.published.extend(spec.config.published.iter().copied());
        config.publish_all |= spec.config.publish_all;
    }
    spec.config = config.into();
    spec.depends_on = united(spec.depends_on, &task.depends_on);
    spec.needs.extend(task.uses.iter().cloned());
    Ok(Some(spec))
}

/// Where both name a container, the stronger condition counts.
fn united(mut all: Vec<Dependency>, more: &[Dependency]) -> Vec<Dependency> {
    for one in more {
        match all.iter_mut().find(|known| known.on == one.on) {
            Some(known) => known.condition = known.condition.max(one.condition),
            None => all.push(one.clone()),
        }
    }
    all
}

/// A container of an image alone. `name`: what it is called after.
fn of_image(session: &Session, name: &str, image: ImageUse) -> ContainerSpec {
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
async fn go(
    invocation: &Invocation,
    session: &Session,
    like: &ContainerSpec,
    args: &args::OneOff,
    signals: &mut Signals,
) -> Result<Exit> {
    let mut project = session.project.clone();
    project.containers.insert(like.address.clone(), like.clone());
    let stage = Session {
        project,
        engines: session.engines.clone(),
        origin: session.origin.clone(),
        file_digests: session.file_digests.clone(),
    };
    let errand =
        Errand { argv: Vec::new(), script: None, reads_stdin: true, wants_tty: like.config.tty };
    let reference = like.address.name.to_string();
    one_off::run_in(invocation, &stage, (&reference, like), errand, args, signals).await
}
