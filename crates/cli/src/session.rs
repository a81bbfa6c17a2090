//! Session: a loaded project and the engines that it is on.
//!
//! Invariant: files are read and found right before any engine is asked.

use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::sync::Arc;
use windlass::engine::docker::Environment;
use windlass::engine::{Engine, EngineError};
use windlass::model::image::ImageUse;
use windlass::model::note::Blocked;
use windlass::model::observed::{ContainerSummary, Observed, ObservedEngine, State};
use windlass::model::project::Project;
use windlass::model::request::{Request, Verb};
use windlass::model::secret::SecretValues;
use windlass::model::{ContainerId, EngineName};
use windlass::{Engines, ImageFilter, InputError, LocalInputs, ObserveError, SecretError};

use crate::hint;
use crate::invocation::Invocation;
use crate::load::load_with_origin;
use crate::origin::Origin;
use crate::select;
use crate::trouble::{Result, Trouble, with_causes};
use crate::words;

pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) engines: Engines,
    pub(crate) origin: Origin,
}

impl Session {
    /// Loads the project and opens its engines; no connection is made yet.
    pub(crate) fn open(invocation: &Invocation) -> Result<Self> {
        let (project, origin) = load_with_origin(invocation)?;
        let environment = Environment {
            vars: invocation.environment.variables.clone(),
            home: invocation.environment.home.clone(),
        };
        let engines = windlass::connect(&project, &environment)
            .map_err(|error| unfound(invocation, &error))?;
        Ok(Self { project, engines, origin })
    }

    /// A snapshot of all that a request needs to be planned, and the secrets that were read for it.
    pub(crate) async fn observe(
        &self,
        invocation: &Invocation,
        request: &Request,
    ) -> Result<(Observed, SecretValues)> {
        let inputs = if reads_local_inputs(request.verb) {
            let variables = &invocation.environment.variables;
            let secrets = windlass::read_secrets(&self.project, variables, |_| true).await;
            let secrets = secrets.map_err(|errors| {
                // What else is wrong with local files is said at once.
                self.unreadable(&windlass::check_inputs(&self.project), &errors)
            })?;
            LocalInputs { images: select::images(&self.project, &request.references), secrets }
        } else {
            LocalInputs { images: ImageFilter::Only(BTreeSet::new()), ..LocalInputs::default() }
        };
        let observed = windlass::observe(&self.project, &self.engines, &inputs).await;
        Ok((observed.map_err(|error| self.unobserved(error))?, inputs.secrets))
    }

    /// As [`Self::observe`], once more: the engines may have changed, the local inputs of a first
    /// look are kept.
    pub(crate) async fn observe_again(&self, first: Observed) -> Result<Observed> {
        let images = ImageFilter::Only(BTreeSet::new());
        let inputs = LocalInputs { images, ..LocalInputs::default() };
        let observed = windlass::observe(&self.project, &self.engines, &inputs).await;
        let Observed { builds, secrets, .. } = first;
        Ok(Observed { builds, secrets, ..observed.map_err(|error| self.unobserved(error))? })
    }

    /// As [`Self::observe`], of engines on which nothing is; they are not asked, and no secret is
    /// read.
    pub(crate) async fn observe_offline(&self, request: &Request) -> Result<Observed> {
        let images = select::images(&self.project, &request.references);
        let inputs = LocalInputs { images, ..LocalInputs::default() };
        let observed = windlass::observe(&self.project, &Engines::new(), &inputs).await;
        let mut observed = observed.map_err(|error| self.unobserved(error))?;
        for name in self.project.engines.keys() {
            observed.engines.insert(name.clone(), ObservedEngine::default());
        }
        Ok(observed)
    }

    /// What stands in the way of a plan, with its place in the files.
    pub(crate) fn blocked(&self, blocked: Box<Blocked>) -> Trouble {
        let found = self.origin.blocked(&blocked.blockers);
        Trouble::Blocked { blocked, found }
    }

    fn unreadable(&self, inputs: &[InputError], secrets: &[SecretError]) -> Trouble {
        Trouble::Found(self.origin.unreadable(inputs, secrets))
    }

    fn unobserved(&self, error: ObserveError) -> Trouble {
        match error {
            ObserveError::Engine { engine, source } if engine.is_default() => {
                Trouble::engine("look at the engine", source)
            }
            ObserveError::Engine { engine, source } => {
                Trouble::engine(format!("look at the engine {engine}"), source)
            }
            ObserveError::SameEngine { one, other } => Trouble::files(
                format!("`{one}` and `{other}` of `engines` are one and the same engine"),
                "declare it once, under one name",
            ),
            ObserveError::Images { images } => self.unreadable(&images, &[]),
        }
    }

    /// The containers of the project, declared or not, on each engine.
    pub(crate) async fn list(&self) -> Result<Vec<(Arc<dyn Engine>, ContainerSummary)>> {
        let lists = try_join_all(self.engines.values().map(|engine| self.list_on(engine)));
        let mut all: Vec<_> = lists.await?.into_iter().flatten().collect();
        all.sort_by_cached_key(|(_, summary)| place(summary));
        Ok(all)
    }

    async fn list_on(
        &self,
        engine: &Arc<dyn Engine>,
    ) -> Result<Vec<(Arc<dyn Engine>, ContainerSummary)>> {
        let all = engine.list_containers().await;
        let all = all.map_err(|error| Trouble::engine("list containers", error))?;
        let is_ours = |summary: &ContainerSummary| {
            summary.owner.as_ref().is_some_and(|owner| owner.project == self.project.name)
        };
        let ours = all.into_iter().filter(is_ours);
        Ok(ours.map(|summary| (Arc::clone(engine), summary)).collect())
    }

    /// The containers that references name and that are there. Without references also those that
    /// are not in the file any more.
    pub(crate) async fn containers(
        &self,
        references: &[String],
    ) -> Result<Vec<(Arc<dyn Engine>, ContainerSummary)>> {
        let selected = select::containers(&self.project, references)?;
        let mut all = self.list().await?;
        all.retain(|(_, summary)| {
            let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
            references.is_empty() || address.is_some_and(|address| selected.contains(address))
        });
        Ok(all)
    }

    /// The one container that a reference names, which must be running.
    pub(crate) async fn running(&self, reference: &str) -> Result<(Arc<dyn Engine>, ContainerId)> {
        let mut found = self.containers(&[reference.to_owned()]).await?;
        found.retain(|(_, summary)| summary.state == State::Running);
        match found.as_slice() {
            [(engine, summary)] => Ok((Arc::clone(engine), summary.id.clone())),
            [] => Err(Trouble::Failed {
                message: format!("{reference} does not run"),
                hint: Some(format!("start it: `windlass up {reference}`")),
            }),
            several => {
                let names: Vec<_> = several.iter().map(|(_, summary)| name(summary)).collect();
                Err(Trouble::usage(
                    format!("{reference} is {} containers", several.len()),
                    format!("name one of {}", words::and_list(&names)),
                ))
            }
        }
    }

    pub(crate) fn image_reference(&self, image: &ImageUse) -> String {
        image_reference(&self.project, image)
    }
}

/// Whether a verb may build, or create from secrets. The others work without the files of a build.
fn reads_local_inputs(verb: Verb) -> bool {
    match verb {
        Verb::Up | Verb::Create | Verb::Build | Verb::Update | Verb::Rollback => true,
        Verb::Down
        | Verb::Start
        | Verb::Stop
        | Verb::Restart
        | Verb::Kill
        | Verb::Pause
        | Verb::Unpause
        | Verb::Remove
        | Verb::Pull => false,
    }
}

/// Nothing was asked yet: what is wrong is what was typed, a file or a variable.
fn unfound(invocation: &Invocation, error: &EngineError) -> Trouble {
    let message = format!("could not find the engine: {}", with_causes(error));
    let hint = hint::no_address(error);
    if invocation.global.engine.as_ref().is_some_and(|engine| engine.contains("://")) {
        return Trouble::usage(message, hint);
    }
    Trouble::files(message, hint)
}

/// The key of a container, or its name on the engine.
pub(crate) fn name(summary: &ContainerSummary) -> &str {
    let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
    address.map_or(&summary.name, |address| &address.name)
}

/// By what containers are sorted.
fn place(summary: &ContainerSummary) -> (Option<EngineName>, String, i64) {
    let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
    (address.map(|address| address.engine.clone()), name(summary).to_owned(), summary.created_s)
}

/// The reference under which an engine knows an image.
pub(crate) fn image_reference(project: &Project, image: &ImageUse) -> String {
    match image {
        ImageUse::Project(key) => {
            project.images.get(key).map_or_else(|| key.clone(), |image| image.reference.clone())
        }
        ImageUse::External(reference) => reference.clone(),
    }
}
