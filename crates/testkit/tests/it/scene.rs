//! A scene: an engine with foreign things on it, and runs on it.
//!
//! Invariant: every run is the whole pipeline: observe, plan, execute.

use std::collections::{BTreeMap, BTreeSet};
use windlass_executor::{ExecutionContext, Interrupts, execute};
use windlass_model::container::ContainerConfig;
use windlass_model::digest::Digest;
use windlass_model::label;
use windlass_model::name::EngineName;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::Observed;
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume, Plan};
use windlass_model::project::Project;
use windlass_model::report::Report;
use windlass_model::request::{Request, Verb};
use windlass_model::secret::{SecretValues, Sensitive};
use windlass_model::volume::VolumeConfig;
use windlass_observer::{LocalInputs, observe};
use windlass_testkit::invariants::{self, Before};
use windlass_testkit::{FakeEngine, generate};

/// It must be seen nowhere.
const CANARY: &str = "hunter2-canary";

/// What a run did.
pub(crate) struct Ran {
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

pub(crate) struct Scene {
    pub(crate) engine: FakeEngine,
    before: Before,
}

impl Scene {
    /// An engine that is not empty: another project's and nobody's things are there.
    pub(crate) async fn new(seed: u64, project: &Project) -> Self {
        use windlass_engine::Engine as _;
        let engine = FakeEngine::new(seed);
        for reference in generate::REGISTRY {
            engine.add_to_registry(reference, generate::image_config(reference));
        }
        engine.add_image("foreign:1", generate::image_config("foreign:1"));
        let others: [BTreeMap<String, String>; 2] =
            [BTreeMap::new(), [(label::PROJECT.to_owned(), "other".to_owned())].into()];
        for (place, labels) in others.into_iter().enumerate() {
            let name = format!("foreign{place}");
            let network = CreateNetwork {
                name: name.clone(),
                config: NetworkConfig::default(),
                labels: labels.clone(),
            };
            engine.create_network(&network).await.unwrap();
            let volume = CreateVolume {
                name: name.clone(),
                config: VolumeConfig::default(),
                labels: labels.clone(),
                owner: None,
            };
            engine.create_volume(&volume).await.unwrap();
            let config = ContainerConfig::default();
            let create = CreateContainer { name, image: "foreign:1".to_owned(), config, labels };
            let id = engine.create_container(&create).await.unwrap();
            engine.start_container(&id).await.unwrap();
        }
        let before = Before::take(&engine, project);
        Self { engine, before }
    }

    /// The same scene, which goes its own way from here; what is there now must stay.
    pub(crate) fn fork(&self, project: &Project) -> Self {
        let engine = self.engine.fork();
        let before = Before::take(&engine, project);
        Self { engine, before }
    }

    pub(crate) async fn observe(&self, project: &Project) -> Observed {
        let inputs = LocalInputs::default();
        let mut observed = observe(project, &self.engine.engines(), &inputs).await.unwrap();
        // As `observe` does it, without the twenty thousand rounds.
        for spec in project.containers.values().filter(|spec| !spec.secrets.is_empty()) {
            let digest = Digest::of([format!("{} {:?} {CANARY}", spec.address, spec.secrets)]);
            observed.secrets.insert(spec.address.clone(), digest);
        }
        observed
    }

    pub(crate) async fn plan(&self, project: &Project, verb: Verb) -> Result<Plan, String> {
        let mut request = Request::new(verb);
        request.options.remove_orphans = true;
        request.options.force = true;
        windlass_planner::plan(project, &self.observe(project).await, &request)
            .map_err(|blockers| format!("blocked: {blockers:?}"))
    }

    pub(crate) async fn run(&self, project: &Project, verb: Verb) -> Result<Ran, String> {
        let plan = self.plan(project, verb).await?;
        let values = [("password".to_owned(), Sensitive::new(CANARY))];
        let mut context = ExecutionContext::new(project, SecretValues(values.into()));
        context.parallel.insert(EngineName::default(), 4);
        let engines = self.engine.engines();
        let mut ends = 0;
        let mut sink = |event| {
            if let windlass_model::event::Event::StepFinished { .. } = event {
                ends += 1;
            }
        };
        let report = execute(&plan, &engines, &context, &mut sink, Interrupts::never()).await;
        if ends != plan.steps.len() || report.outcomes.len() != plan.steps.len() {
            return Err(format!("{ends} ends of {} steps", plan.steps.len()));
        }
        Ok(Ran { plan, report })
    }

    /// A run that must succeed.
    pub(crate) async fn succeed(&self, project: &Project, verb: Verb) -> Result<Ran, String> {
        let ran = self.run(project, verb).await?;
        if ran.report.is_success() { Ok(ran) } else { Err(format!("failed: {}", story(&ran))) }
    }

    /// A run that must succeed, after which there must be nothing to do.
    pub(crate) async fn converge(&self, project: &Project, verb: Verb) -> Result<Ran, String> {
        let ran = self.succeed(project, verb).await?;
        let again = self.plan(project, verb).await?;
        if !again.is_empty() {
            return Err(format!("the next plan is not empty:\n{again}after\n{}", ran.plan));
        }
        Ok(ran)
    }

    /// What must hold at any moment.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut faults = self.before.check(&self.engine, &BTreeSet::new());
        faults.extend(invariants::shown(&self.engine, CANARY));
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// What must hold after everything was taken down.
    pub(crate) fn check_gone(&self, project: &Project) -> Result<(), String> {
        self.check()?;
        let left = invariants::left(&self.engine, &project.name);
        if left.is_empty() { Ok(()) } else { Err(format!("left: {}", left.join(", "))) }
    }

    /// What must hold after a run that converged.
    pub(crate) fn check_settled(&self, project: &Project) -> Result<(), String> {
        self.check()?;
        let faults = invariants::settled(&self.engine, &project.name);
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

/// The plan and what failed of it.
fn story(ran: &Ran) -> String {
    let failures: Vec<String> = ran
        .report
        .failures()
        .map(|(step, failure)| format!("{step} {:?}: {}", failure.kind, failure.message))
        .collect();
    format!("{}\n{}", failures.join("\n"), ran.plan)
}
