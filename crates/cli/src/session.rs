//! Session: a loaded project and the engines that it is on.
//!
//! Invariant: files are read and found right before any engine is asked.

use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::sync::Arc;
use windlass::engine::docker::Environment;
use windlass::engine::{Engine, EngineError};
use windlass::model::image::ImageUse;
use windlass::model::mask::mask;
use windlass::model::note::Blocked;
use windlass::model::observed::{ContainerSummary, Observed, ObservedEngine, State};
use windlass::model::project::Project;
use windlass::model::request::{Request, Verb};
use windlass::model::run_mark::RunMark;
use windlass::model::secret::SecretValues;
use windlass::model::{ContainerId, EngineName, one_off};
use windlass::{
    Engines, FileDigests, ImageFilter, InputError, LocalInputs, ObserveError, SecretError,
};

use crate::hint;
use crate::invocation::Invocation;
use crate::load::load_with_origin;
use crate::origin::Origin;
use crate::process;
use crate::select;
use crate::trouble::{Result, Trouble, with_causes};
use crate::words;

pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) engines: Engines,
    pub(crate) origin: Origin,
    /// Of files that builds are made from.
    pub(crate) file_digests: FileDigests,
}

/// What is known of files from earlier runs.
pub(crate) fn file_digests(invocation: &Invocation) -> FileDigests {
    let folder = invocation.environment.cache().map(|cache| cache.join("files"));
    folder.map_or_else(FileDigests::default, FileDigests::kept_in)
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
        let file_digests = file_digests(invocation);
        Ok(Self { project, engines, origin, file_digests })
    }

    /// A snapshot of all that a request needs to be planned, and the secrets that were read for it.
    pub(crate) async fn observe(
        &self,
        invocation: &Invocation,
        request: &Request,
    ) -> Result<(Observed, SecretValues)> {
        let inputs = if reads_local_inputs(request.verb) {
            let variables = &invocation.environment.variables;
            let used = self.project.used_secrets();
            let is_used = |name: &str| used.contains(name);
            let secrets = windlass::read_secrets(&self.project, variables, is_used).await;
            let secrets = secrets.map_err(|errors| {
                // What else is wrong with local files is said at once.
                self.unreadable(&windlass::check_inputs(&self.project), &errors)
            })?;
            let images = select::images(&self.project, request);
            LocalInputs { images, secrets, ..self.inputs() }
        } else if request.verb == Verb::Pull && request.options.external {
            // What images are built from is in their files.
            let images = select::images(&self.project, request);
            LocalInputs { images, ..self.inputs() }
        } else {
            LocalInputs { images: ImageFilter::Only(BTreeSet::new()), ..self.inputs() }
        };
        let observed = windlass::observe(&self.project, &self.engines, &inputs).await;
        let mut observed = observed.map_err(|error| self.unobserved(error))?;
        self.mask(&mut observed, &inputs.secrets);
        self.find_over(&mut observed);
        Ok((observed, inputs.secrets))
    }

    fn inputs(&self) -> LocalInputs {
        LocalInputs { file_digests: self.file_digests.clone(), ..LocalInputs::default() }
    }

    /// The same engines and files for a project with other things in it.
    pub(crate) fn staged(&self, project: Project) -> Self {
        let (engines, origin) = (self.engines.clone(), self.origin.clone());
        Self { project, engines, origin, file_digests: self.file_digests.clone() }
    }

    /// One-off containers and marks whose run is known to be over.
    fn find_over(&self, observed: &mut Observed) {
        for (engine, seen) in &observed.engines {
            let is_over = |container: &&ContainerSummary| {
                let run = one_off::run(&self.project.name, &container.name, &container.labels);
                run.is_some_and(|run| process::is_dead(&run))
            };
            let over = seen.containers.values().filter(is_over);
            observed.over.extend(over.map(|container| (engine.clone(), container.id.clone())));
            let marks = seen.volumes.values();
            let marks = marks.filter_map(|one| RunMark::read(&self.project.name, engine, one));
            let over = marks.filter(|mark| process::is_dead(&mark.holder));
            observed.over_marks.extend(over.map(|mark| (engine.clone(), mark.name)));
        }
    }

    /// As [`Self::observe`], once more: the engines may have changed, the local inputs of a first
    /// look are kept.
    pub(crate) async fn observe_again(
        &self,
        first: Observed,
        known: &SecretValues,
    ) -> Result<Observed> {
        let images = ImageFilter::Only(BTreeSet::new());
        let inputs = LocalInputs { images, ..self.inputs() };
        let observed = windlass::observe(&self.project, &self.engines, &inputs).await;
        let mut observed = observed.map_err(|error| self.unobserved(error))?;
        self.mask(&mut observed, known);
        self.find_over(&mut observed);
        let Observed { builds, secrets, .. } = first;
        Ok(Observed { builds, secrets, ..observed })
    }

    /// Takes secrets out of what health checks said.
    fn mask(&self, observed: &mut Observed, secrets: &SecretValues) {
        let mask = mask(&self.project, secrets);
        let details = observed.engines.values_mut().flat_map(|engine| engine.details.values_mut());
        details.filter_map(|seen| seen.health_output.as_mut()).for_each(|text| mask.apply(text));
    }

    /// As [`Self::observe`], of engines on which nothing is; they are not asked, and no secret is
    /// read.
    pub(crate) async fn observe_offline(&self, request: &Request) -> Result<Observed> {
        let images = select::images(&self.project, request);
        let inputs = LocalInputs { images, ..self.inputs() };
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

    pub(crate) fn unreadable(&self, inputs: &[InputError], secrets: &[SecretError]) -> Trouble {
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
            ObserveError::SameEngine { one, other } => {
                Trouble::Found(self.origin.same_engine(&one, &other))
            }
            ObserveError::Images { images } => self.unreadable(&images, &[]),
        }
    }

    /// The containers of the project, declared or not, on each engine; one-off ones, too.
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
                || one_off::is_of(&self.project.name, &summary.name, &summary.labels)
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
        let way = || {
            (format!("{reference} does not run"), format!("start it: `windlass up {reference}`"))
        };
        only(reference, &found, way)
    }

    /// The one container that a reference names, whatever it does.
    pub(crate) async fn one(&self, reference: &str) -> Result<(Arc<dyn Engine>, ContainerId)> {
        let found = self.containers(&[reference.to_owned()]).await?;
        let way = || {
            (format!("{reference} is not there"), format!("make it: `windlass create {reference}`"))
        };
        only(reference, &found, way)
    }

    pub(crate) fn image_reference(&self, image: &ImageUse) -> String {
        image_reference(&self.project, image)
    }
}

/// The only one of what was found; without one, what is wrong and the way to it.
fn only(
    reference: &str,
    found: &[(Arc<dyn Engine>, ContainerSummary)],
    way: impl Fn() -> (String, String),
) -> Result<(Arc<dyn Engine>, ContainerId)> {
    match found {
        [(engine, summary)] => Ok((Arc::clone(engine), summary.id.clone())),
        [] => {
            let (message, hint) = way();
            Err(Trouble::Failed { message, hint: Some(hint) })
        }
        several => {
            let names: Vec<_> = several.iter().map(|(_, summary)| name(summary)).collect();
            Err(Trouble::usage(
                format!("{reference} is {} containers", several.len()),
                format!("name one of {}", words::and_list(&names)),
            ))
        }
    }
}

/// Whether a verb may build, or create from secrets. The others work without the files of a build.
fn reads_local_inputs(verb: Verb) -> bool {
    match verb {
        Verb::Up
        | Verb::Create
        | Verb::Build
        | Verb::Push
        | Verb::Update
        | Verb::Rollback
        | Verb::Run => true,
        Verb::Down
        | Verb::Start
        | Verb::Stop
        | Verb::Restart
        | Verb::Kill
        | Verb::Pause
        | Verb::Unpause
        | Verb::Remove
        | Verb::Clean
        | Verb::Release
        | Verb::Tag
        | Verb::Untag
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
        ImageUse::External(reference) => reference.to_string(),
    }
}
