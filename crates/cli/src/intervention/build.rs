//! A shell where a step of a build failed.
//!
//! Invariant: the shell's container and its image are gone when it ends; what the build left is as it was.

use std::collections::BTreeMap;

use windlass::Before;
use windlass::model::EngineName;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::env::EnvValue;
use windlass::model::image::{ImageSpec, ImageUse, PullPolicy, repository};
use windlass::model::plan::{Action, Plan};
use windlass::model::project::Project;
use windlass::model::report::{FailureKind, Report};

use super::{KEY, is_wanted, may_be_wanted};
use crate::args::Consent;
use crate::invocation::Invocation;
use crate::one_off::{self, Errand};
use crate::render::escape;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble, with_causes};

/// Runs the step again, so that what it left can be looked at, and goes on as a shell.
const REPLAY: &str = "\"$@\"\necho \"windlass: that ended with exit code $?; this shell is where it ran\" >&2\nexec /bin/sh";

/// A build whose failed step is known.
pub(crate) struct FailedBuild {
    engine: EngineName,
    image: ImageSpec,
    line: usize,
    command: Option<usize>,
}

impl FailedBuild {
    /// The first one of a run.
    pub(crate) fn first(plan: &Plan, report: &Report) -> Option<Self> {
        report.failures().find_map(|(id, failure)| {
            let step = plan.step(id);
            let FailureKind::BuildStep { line, command, code: _ } = failure.kind else {
                return None;
            };
            let Action::BuildImage(build) = &step.action else { return None };
            let engine = step.address.engine.clone();
            Some(Self { engine, image: build.spec.clone(), line, command })
        })
    }
}

/// Asks, if that is wanted, and opens the shell.
pub(crate) async fn offer(
    invocation: &Invocation,
    session: &Session,
    failed: FailedBuild,
    consent: Consent,
    signals: &mut Signals,
) -> Result<()> {
    if !may_be_wanted(invocation, consent) {
        return Ok(());
    }
    let FailedBuild { engine, image, line, command } = failed;
    let before = windlass::before_step(&session.project, &image, line, command);
    let before = before.map_err(|error| Trouble::failed(with_causes(&error)))?;
    let Some(before) = before else { return Ok(()) };
    let name = escape::line(&image.key).into_owned();
    let question = format!("Open a shell where the build of {name} failed?");
    if !is_wanted(invocation, consent, &question, signals).await {
        return Ok(());
    }
    open(invocation, session, engine, before, consent, signals).await
}

async fn open(
    invocation: &Invocation,
    session: &Session,
    engine: EngineName,
    before: Before,
    consent: Consent,
    signals: &mut Signals,
) -> Result<()> {
    let Before { mut image, command, args } = before;
    let one_off = one_off::of_this_run(invocation);
    // Beside the image, for what its commands left is known by its key and its repository.
    image.reference = format!("{}:{KEY}-{}", repository(&image.reference), one_off.id);
    let reference = image.reference.clone();
    let like = like(&session.project, &engine, (&image.key, args));
    let mut project = session.project.clone();
    project.containers = [(like.address.clone(), like.clone())].into_iter().collect();
    project.images.insert(image.key.clone(), image);
    let stage = session.staged(project);
    let script =
        command.as_ref().map(|_| vec!["-c".to_owned(), REPLAY.to_owned(), "sh".to_owned()]);
    let words = script.into_iter().chain(command).flatten();
    let errand = Errand {
        argv: std::iter::once("/bin/sh".to_owned()).chain(words).collect(),
        script: None,
        reads_stdin: true,
        wants_tty: false,
    };
    let ran = super::shell(invocation, &stage, &like, errand, consent, signals).await;
    // Where it is still used, or never came about, there is nothing to do here.
    drop(session.engines[&engine].remove_image(&reference).await);
    ran.map(|_| ())
}

/// A container of the image before the step.
fn like(
    project: &Project,
    engine: &EngineName,
    (key, args): (&str, BTreeMap<String, String>),
) -> ContainerSpec {
    let env = args.into_iter().map(|(name, value)| (name, EnvValue::Plain(value)));
    let config =
        ContainerConfig { env: env.collect(), init: Some(true), ..ContainerConfig::default() };
    let image = ImageUse::Project(key.to_owned());
    one_off::bare(project, engine, KEY, (image, PullPolicy::Never), config)
}
