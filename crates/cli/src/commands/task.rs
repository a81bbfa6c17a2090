//! Tasks: each after those that it needs; what one does is a run, or a command of the program.
//!
//! Invariant: each task runs once, and nothing after one that failed; what could not be typed is found before anything
//! begins.

use std::collections::BTreeSet;
use windlass::model::container::ContainerSpec;
use windlass::model::dependency::Dependency;
use windlass::model::image::ImageUse;
use windlass::model::project::Project;
use windlass::model::task::{TaskSpec, TaskTarget};
use windlass::model::task_action::TaskAction;

use super::run::{go, of_image};
use crate::args::{self, Command};
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::one_off;
use crate::render::escape;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

/// Keys of a container that publish its ports.
const PUBLISHING: [&str; 5] = ["ports", "exposes", "publish_all", "create_options", "host_config"];

/// A task and what it comes to.
enum Deed<'a> {
    Run(&'a TaskSpec),
    Command(&'a TaskSpec, Box<Command>),
}

/// A task, after all that it needs.
pub(super) async fn run(
    invocation: &Invocation,
    session: &Session,
    last: &TaskSpec,
    args: &args::RunTask,
    signals: &mut Signals,
) -> Result<Exit> {
    let mut order = Vec::new();
    in_order(&session.project, last, &mut BTreeSet::new(), &mut order);
    let words = |task: &TaskSpec| {
        if task.name == last.name { args.arguments.as_slice() } else { &[] }
    };
    let deeds: Result<Vec<Deed<'_>>> =
        order.into_iter().map(|task| deed(session, task, words(task), args, last)).collect();
    let deeds = deeds?;
    check_variables(invocation, &deeds, args)?;
    let is_shown = args.one_off.consent.dry_run && deeds.len() > 1;
    for (at, deed) in deeds.into_iter().enumerate() {
        if is_shown {
            introduce(invocation, &deed, &words);
        }
        let (task, done) = match deed {
            Deed::Run(task) => {
                (task, in_container(invocation, session, task, words(task), args, signals).await)
            }
            Deed::Command(task, command) => (task, act(invocation, task, *command).await),
        };
        if is_shown && at > 0 && matches!(done, Err(Trouble::Blocked { .. })) {
            // What it lacks may be what those before it would have made.
            let note = "as things are now; those before it may change that\n";
            invocation.console.say(note);
            continue;
        }
        let exit = done?;
        if exit == Exit::Detached && task.name != last.name {
            let (name, last) = (escape::line(&task.name), escape::line(&last.name));
            let message = format!("{name} goes on: {last}, which needs it, is not run");
            Trouble::failed(message).show(&invocation.console);
            return Ok(exit);
        }
        if exit.code() != 0 {
            if task.name != last.name {
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

/// Says what one of several would do, before its plan.
fn introduce<'a>(
    invocation: &Invocation,
    deed: &Deed<'_>,
    words: &impl Fn(&TaskSpec) -> &'a [String],
) {
    let (task, does) = match deed {
        Deed::Run(task) => {
            let given = if task.takes_args { &[] } else { words(task) };
            let does = match (&task.target, &task.bash) {
                (TaskTarget::Nothing, _) => "nothing but what it needs".to_owned(),
                (_, Some(script)) => line_of(script.trim().lines().next(), given),
                (_, None) => line_of(task.config.command.iter().flatten(), given),
            };
            (task, if does.is_empty() { "as its container says".to_owned() } else { does })
        }
        Deed::Command(task, _) => {
            (task, format!("windlass {}", line_of([task.action.as_str()], words(task))))
        }
    };
    let (name, does) = (escape::line(&task.name), escape::line(&does));
    invocation.console.say(&format!("task {name}: {does}\n"));
}

/// Words as they would be typed, more or less.
fn line_of<T: AsRef<str>>(words: impl IntoIterator<Item = T>, more: &[String]) -> String {
    let words = words.into_iter().map(|word| word.as_ref().to_owned());
    let all: Vec<_> = words.chain(more.iter().cloned()).collect();
    all.join(" ")
}

/// What whoever runs them must have, all of it at once.
fn check_variables(
    invocation: &Invocation,
    deeds: &[Deed<'_>],
    args: &args::RunTask,
) -> Result<()> {
    let process = &args.one_off.process;
    let given: BTreeSet<&str> = process.env.iter().map(|one| one.name.as_str()).collect();
    let mut missing: BTreeSet<&str> = process.missing(&invocation.environment).collect();
    for deed in deeds {
        let (Deed::Run(task) | Deed::Command(task, _)) = deed;
        let names = task.missing.iter().map(String::as_str);
        missing.extend(names.filter(|name| !given.contains(name)));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(args::no_value(&missing.into_iter().collect::<Vec<_>>()))
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

/// What a task does, if it can be told what this one is told.
fn deed<'a>(
    session: &Session,
    task: &'a TaskSpec,
    words: &[String],
    args: &args::RunTask,
    last: &TaskSpec,
) -> Result<Deed<'a>> {
    if task.action != TaskAction::Run {
        let mut command = command(session, task, words, args)?;
        if task.name == last.name {
            refuse_options_of_runs(task, args)?;
        }
        if let Some(consent) = command.consent() {
            consent.yes |= args.one_off.consent.yes;
            consent.dry_run |= args.one_off.consent.dry_run;
            consent.lock_timeout = consent.lock_timeout.max(args.one_off.consent.lock_timeout);
            consent.intervene = args.one_off.consent.intervene;
        } else if args.one_off.consent.dry_run {
            let message = format!("the task {} makes no plan that could be shown", task.name);
            return Err(Trouble::usage(message, "leave `--dry-run` out"));
        }
        return Ok(Deed::Command(task, Box::new(command)));
    }
    if task.name == last.name && args.entrypoint.is_some() {
        let way = "run its image or container with it";
        return Err(Trouble::usage("a task says itself which program runs", way));
    }
    if task.target == TaskTarget::Nothing && !words.is_empty() {
        let message = format!("the task {} only needs others, and takes no words", task.name);
        return Err(Trouble::usage(message, "run the one that they are for"));
    }
    Ok(Deed::Run(task))
}

/// The command that an action is.
fn command(
    session: &Session,
    task: &TaskSpec,
    words: &[String],
    args: &args::RunTask,
) -> Result<Command> {
    let action = task.action.as_str();
    let target = match &task.target {
        TaskTarget::Image(image @ ImageUse::External(_)) => Some(session.image_reference(image)),
        TaskTarget::Image(ImageUse::Project(key)) | TaskTarget::Container(key) => Some(key.clone()),
        TaskTarget::Nothing if task.action == TaskAction::Push => Some("--all".to_owned()),
        TaskTarget::Nothing => None,
    };
    let mut all = vec![action.to_owned()];
    all.extend(target);
    all.extend(task.config.command.iter().flatten().cloned());
    if !task.takes_args {
        all.extend_from_slice(words);
    }
    if let Some(seconds) = args.one_off.timeout {
        all.push(format!("--timeout={seconds}"));
    }
    if args.one_off.no_deps {
        all.push("--no-deps".to_owned());
    }
    Command::of_words(&all).map_err(|why| {
        let message = format!("the task {} can't be done: {why}", task.name);
        Trouble::usage(message, format!("what it takes is in `windlass {action} --help`"))
    })
}

/// What only a container could have.
fn refuse_options_of_runs(task: &TaskSpec, args: &args::RunTask) -> Result<()> {
    let args::OneOff { talk, process, deadline, publish, keep, .. } = &args.one_off;
    let has_talk = talk.interactive || talk.tty || talk.no_tty;
    let has_process = process.user.is_some()
        || process.workdir.is_some()
        || !process.env.is_empty()
        || !process.env_file.is_empty();
    let has_more = deadline.is_some() || *publish || *keep || args.entrypoint.is_some();
    if has_talk || has_process || has_more {
        let action = task.action.as_str();
        let message =
            format!("the task {} is `{action}`, and runs nothing in a container", task.name);
        let way = format!(
            "leave out options of containers; `windlass {action} --help` has its own, after `--`"
        );
        return Err(Trouble::usage(message, way));
    }
    Ok(())
}

/// Runs the command of an action, as if it was typed.
async fn act(invocation: &Invocation, task: &TaskSpec, command: Command) -> Result<Exit> {
    let own =
        Invocation { command: command.name(), makes: command.makes(), ..of_task(invocation, task) };
    let console = own.console.clone();
    if console.verbose {
        console.say(&format!("{}: {}\n", escape::line(&task.name), task.action.as_str()));
    }
    // A command drives its own work; what drives this one can't do it, too.
    let done = tokio::task::spawn_blocking(move || super::dispatch(&own, &command)).await;
    done.unwrap_or_else(|lost| Err(Trouble::failed(format!("the task was given up: {lost}"))))
}

/// The same run, of a task's own.
fn of_task(invocation: &Invocation, task: &TaskSpec) -> Invocation {
    let mut own = Invocation { task: Some(task.name.clone()), ..invocation.clone() };
    if let Some(engine) = &task.engine
        && !invocation.global.engine.as_ref().is_some_and(|given| given.contains("://"))
    {
        own.global.engine = Some(engine.to_string());
    }
    own
}

/// Runs in a container what the task says, if it says anything.
async fn in_container(
    invocation: &Invocation,
    session: &Session,
    task: &TaskSpec,
    words: &[String],
    args: &args::RunTask,
    signals: &mut Signals,
) -> Result<Exit> {
    let own = if task.engine.is_some() || task.overrides.is_object() {
        let own = of_task(invocation, task);
        Some((Session::open(&own)?, own))
    } else {
        None
    };
    let (session, invocation) =
        own.as_ref().map_or((session, invocation), |(session, own)| (session, own));
    let task = &session.project.tasks[&task.name];
    let Some(like) = like(session, task, words, args.one_off.publish)? else {
        return Ok(Exit::Done);
    };
    // Its ports are the task's own, or asked for.
    let one_off = args::OneOff { publish: true, ..args.one_off.clone() };
    go(invocation, session, &like, &one_off, signals).await
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
    let overrides_ports = PUBLISHING.iter().any(|key| task.overrides.get(key).is_some());
    if publish || overrides_ports {
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
