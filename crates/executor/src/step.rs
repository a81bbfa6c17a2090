//! One step: finds its engine and its container, and hands it to its operation.
//!
//! Invariant: one arm per action, and nothing but a call in it.

use crate::failure;
use crate::holder;
use crate::ops::{archive, build, container, create, exec, image, lifecycle, network, volume};
use crate::readiness;
use crate::run::Run;
use std::sync::Arc;
use std::time::Duration;
use windlass_engine::Engine;
use windlass_engine::stream::CallProgress;
use windlass_model::event::{Event, Progress};
use windlass_model::name::ContainerId;
use windlass_model::plan::{Action, ContainerRef, Step, StepId};
use windlass_model::report::Failure;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What an operation works with.
#[derive(Clone, Copy)]
pub(crate) struct StepContext<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) id: StepId,
    pub(crate) step: &'a Step,
    pub(crate) engine: &'a Arc<dyn Engine>,
}

impl StepContext<'_> {
    pub(crate) fn container(&self, container: &ContainerRef) -> Result<ContainerId> {
        match container {
            ContainerRef::Existing(id) => Ok(id.clone()),
            ContainerRef::Planned(step) => self.run.created.get(*step).cloned().ok_or_else(|| {
                failure::local(format!("step {step} created no container to go on with"))
            }),
        }
    }

    pub(crate) fn say(&self, progress: CallProgress) {
        let (step, mask) = (self.id, &self.run.context.mask);
        let event = match progress {
            CallProgress::Progress(mut progress) => {
                match &mut progress {
                    Progress::BuildStep { name: text, .. }
                    | Progress::Waiting { what: text }
                    | Progress::Status { text } => mask.apply(text),
                    Progress::Bytes { .. } => {}
                }
                Event::StepProgress { step, progress }
            }
            CallProgress::Line(mut line) => {
                mask.apply(&mut line);
                Event::StepOutput { step, line }
            }
        };
        // Nobody hears it if the run was abandoned.
        drop(self.run.says.send(event));
    }

    pub(crate) fn say_waiting(&self, what: impl Into<String>) {
        self.say(CallProgress::Progress(Progress::Waiting { what: what.into() }));
    }
}

/// Carries out a step.
pub(crate) async fn perform(run: &Run<'_>, id: StepId) -> Result<()> {
    let step = run.plan.step(id);
    let name = &step.address.engine;
    let Some(engine) = run.engines.get(name) else {
        return Err(failure::local(format!("there is no engine called {name}")));
    };
    match act(StepContext { run, id, step, engine }).await {
        Ok(()) => Ok(()),
        Err(mut failure) => {
            holder::name(engine.as_ref(), &mut failure).await;
            Err(failure::masked(&run.context.mask, failure))
        }
    }
}

async fn act(ctx: StepContext<'_>) -> Result<()> {
    match &ctx.step.action {
        Action::CreateNetwork(create) => network::create(ctx, create).await,
        Action::RemoveNetwork { id, name } => network::remove(ctx, id, name).await,
        Action::CreateVolume(create) => volume::create(ctx, create).await,
        Action::RemoveVolume { name, created } | Action::UnmarkRun { name, created } => {
            volume::remove(ctx, name, created).await
        }
        Action::MarkRun { name, labels } => volume::create_mark(ctx, name, labels).await,
        Action::PullImage { reference, platform, optional } => {
            image::pull(ctx, reference, platform.as_deref(), *optional).await
        }
        Action::PushImage { reference } => image::push(ctx, reference).await,
        Action::TagImage { id, reference } => image::tag(ctx, id, reference).await,
        Action::BuildImage(build) => build::build(ctx, build).await,
        Action::ImportImage(build) => build::import(ctx, build).await,
        Action::RemoveImage { id, reference } => image::remove(ctx, id, reference).await,
        Action::CreateContainer(create) => create::create(ctx, create).await,
        Action::CopySecrets { container, directory, files } => {
            archive::copy_secrets(ctx, container, directory, files).await
        }
        Action::StartContainer(container) => lifecycle::start(ctx, container).await,
        Action::StopContainer { container, timeout_s } => {
            lifecycle::stop(ctx, container, *timeout_s).await
        }
        Action::RestartContainer { container, timeout_s } => {
            lifecycle::restart(ctx, container, *timeout_s).await
        }
        Action::KillContainer { container, signal } => {
            lifecycle::kill(ctx, container, signal).await
        }
        Action::PauseContainer(container) => lifecycle::pause(ctx, container).await,
        Action::UnpauseContainer(container) => lifecycle::unpause(ctx, container).await,
        Action::RemoveContainer { container, force, anonymous_volumes } => {
            container::remove(ctx, container, *force, *anonymous_volumes).await
        }
        Action::RenameContainer { container, name } => {
            container::rename(ctx, container, name).await
        }
        Action::UpdateContainer { container, limits, restart } => {
            container::update(ctx, container, limits, *restart).await
        }
        Action::ConnectNetwork { container, network, endpoint } => {
            network::connect(ctx, container, network, endpoint).await
        }
        Action::DisconnectNetwork { container, network, name: _ } => {
            network::disconnect(ctx, container, network).await
        }
        Action::WaitContainer { container, until, deadline_ms } => {
            readiness::wait(ctx, container, until, *deadline_ms).await
        }
        Action::ExecContainer { container, exec } => exec::run(ctx, container, exec).await,
        Action::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            Ok(())
        }
    }
}
