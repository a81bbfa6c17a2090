//! A scene: an engine with foreign things on it, and runs on it.
//!
//! Invariant: every run is the whole pipeline, as the program has it: observe, plan, lock, observe
//! and plan again, execute, once more where the engine was changed meanwhile, release.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use windlass_executor::{ExecutionContext, Interrupts, execute, lock};
use windlass_model::container::ContainerConfig;
use windlass_model::digest::Digest;
use windlass_model::event::Event;
use windlass_model::label;
use windlass_model::lock::Holder;
use windlass_model::name::EngineName;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::Observed;
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume, Plan};
use windlass_model::project::Project;
use windlass_model::report::{Outcome, Report};
use windlass_model::request::{Request, Verb};
use windlass_model::secret::{SecretValues, Sensitive};
use windlass_model::volume::VolumeConfig;
use windlass_observer::{LocalInputs, observe};
use windlass_testkit::invariants::{self, Before, Excuses};
use windlass_testkit::{FakeEngine, Snapshot, generate};

/// It must be seen nowhere.
const CANARY: &str = "hunter2-canary";
/// Tells one run's lock from another's.
static RUNS: AtomicU64 = AtomicU64::new(0);
/// How many runs looked again.
pub(crate) static LOOKED_AGAIN: AtomicU64 = AtomicU64::new(0);
/// The beginning of the token of every run of ours: when another one comes, it is no more.
const OURS: &str = "run-";

/// How a run ended.
pub(crate) enum End {
    /// Before anything was carried out.
    Refused(String),
    /// There was nothing to do.
    Idle,
    Ran(Box<Ran>),
}

/// What a run did.
pub(crate) struct Ran {
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

impl End {
    pub(crate) fn is_success(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Idle => true,
            Self::Ran(ran) => ran.report.is_success(),
        }
    }

    /// Whether it failed only because it met something else than it had seen.
    pub(crate) fn is_outrun(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Idle => false,
            Self::Ran(ran) => ran.report.is_outrun(),
        }
    }

    pub(crate) fn story(&self) -> String {
        match self {
            Self::Refused(why) => format!("refused: {why}"),
            Self::Idle => "nothing to do".to_owned(),
            Self::Ran(ran) => story(ran),
        }
    }
}

pub(crate) struct Scene {
    pub(crate) engine: FakeEngine,
    pub(crate) before: Arc<Before>,
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
            let config = ContainerConfig::default().into();
            let create = CreateContainer {
                name: name.into(),
                image: "foreign:1".into(),
                config,
                labels: labels.into(),
            };
            let id = engine.create_container(&create).await.unwrap();
            engine.start_container(&id).await.unwrap();
        }
        Self::of(engine, project)
    }

    fn of(engine: FakeEngine, project: &Project) -> Self {
        let before = Arc::new(Before::take(Snapshot::of(&engine), project));
        Self { engine, before }
    }

    /// The same scene, which goes its own way from here; what is there now must stay.
    pub(crate) fn fork(&self, project: &Project) -> Self {
        Self::of(self.engine.fork(), project)
    }

    /// Another fork of what this one was forked from.
    pub(crate) fn again(&self, from: &Self) -> Self {
        Self { engine: from.engine.fork(), before: Arc::clone(&self.before) }
    }

    pub(crate) async fn observe(&self, project: &Project) -> Result<Observed, String> {
        let inputs = LocalInputs::default();
        let observed = observe(project, &self.engine.engines(), &inputs).await;
        let mut observed = observed.map_err(|error| error.to_string())?;
        // As `observe` does it, without the twenty thousand rounds.
        for spec in project.containers.values().filter(|spec| !spec.secrets.is_empty()) {
            let digest = Digest::of([format!("{} {:?} {CANARY}", spec.address, spec.secrets)]);
            observed.secrets.insert(spec.address.clone(), digest);
        }
        Ok(observed)
    }

    pub(crate) async fn plan(&self, project: &Project, verb: Verb) -> Result<Plan, String> {
        windlass_planner::plan(project, &self.observe(project).await?, &request(verb))
            .map_err(|blocked| format!("blocked: {:?}", blocked.blockers))
    }

    pub(crate) async fn run(&self, project: &Project, verb: Verb) -> Result<End, String> {
        match self.plan(project, verb).await {
            Ok(plan) if plan.is_empty() => Ok(End::Idle),
            Ok(_) => self.run_on(project, verb).await,
            Err(why) => Ok(End::Refused(why)),
        }
    }

    /// A run from the moment on at which there is something to do.
    pub(crate) async fn run_on(&self, project: &Project, verb: Verb) -> Result<End, String> {
        let engines = self.engine.engines();
        let (on, holder) = (EngineName::default(), holder());
        let is_dead = |other: &Holder| other.token.starts_with(OURS);
        let lock = lock(&engines, &[&on].into(), &project.name, &holder, &is_dead).await;
        let lock = match lock {
            Ok(lock) => lock,
            Err(error) => return Ok(End::Refused(error.to_string())),
        };
        let mut end = self.plan_and_carry_out(project, verb).await;
        if end.as_ref().is_ok_and(End::is_outrun) && request(verb).goes_on() {
            LOOKED_AGAIN.fetch_add(1, Ordering::Relaxed);
            end = self.plan_and_carry_out(project, verb).await;
        }
        lock.release().await;
        end
    }

    async fn plan_and_carry_out(&self, project: &Project, verb: Verb) -> Result<End, String> {
        match self.plan(project, verb).await {
            Ok(plan) if plan.is_empty() => Ok(End::Idle),
            Ok(plan) => self.carry_out(project, plan).await,
            Err(why) => Ok(End::Refused(why)),
        }
    }

    async fn carry_out(&self, project: &Project, plan: Plan) -> Result<End, String> {
        let values = [("password".to_owned(), Sensitive::new(CANARY))];
        let mut context = ExecutionContext::new(project, SecretValues(values.into()));
        context.parallel.insert(EngineName::default(), 4);
        let (mut ends, mut tells) = (0, false);
        let mut sink = |event| {
            ends += usize::from(matches!(event, Event::StepFinished { .. }));
            tells |= is_wordy(&event) && format!("{event:?}").contains(CANARY);
        };
        let engines = self.engine.engines();
        let report = execute(&plan, &engines, &context, &mut sink, Interrupts::never()).await;
        if ends != plan.steps.len() || report.outcomes.len() != plan.steps.len() {
            return Err(format!("{ends} ends of {} steps", plan.steps.len()));
        }
        if tells {
            return Err("an event tells a secret".to_owned());
        }
        Ok(End::Ran(Box::new(Ran { plan, report })))
    }

    /// A run that must succeed, after which there must be nothing to do.
    pub(crate) async fn converge(&self, project: &Project, verb: Verb) -> Result<End, String> {
        let end = self.succeed(project, verb).await?;
        self.check_converged(project, verb, &end).await?;
        Ok(end)
    }

    /// A run that must succeed.
    pub(crate) async fn succeed(&self, project: &Project, verb: Verb) -> Result<End, String> {
        // Nothing disturbs it, so that its first look would say the same as its second.
        let end = self.run_on(project, verb).await?;
        if end.is_success() { Ok(end) } else { Err(format!("failed: {}", end.story())) }
    }

    /// What must hold after a run that says that it succeeded.
    pub(crate) async fn check_converged(
        &self,
        project: &Project,
        verb: Verb,
        end: &End,
    ) -> Result<(), String> {
        let again = self.plan(project, verb).await?;
        if again.is_empty() {
            return Ok(());
        }
        Err(format!("the next plan is not empty:\n{again}after\n{}", end.story()))
    }

    /// What must hold at any moment.
    pub(crate) fn check(&self, excuses: &Excuses) -> Result<Snapshot, String> {
        let now = Snapshot::of(&self.engine);
        let mut faults = self.before.check(&now, excuses);
        faults.extend(invariants::shown(&now, CANARY));
        faults.extend(invariants::told(&self.engine, CANARY));
        if faults.is_empty() { Ok(now) } else { Err(faults.join("; ")) }
    }

    /// What runs has its secrets, and has run its commands.
    pub(crate) fn check_commands(&self, project: &Project) -> Result<(), String> {
        let faults = invariants::commands_missing(&self.engine, project);
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// What must hold after a run that converged; after one that took everything down, nothing is
    /// left.
    pub(crate) fn check_settled(&self, project: &Project, verb: Verb) -> Result<Snapshot, String> {
        let excuses = Excuses { restarted: true, volumes: BTreeSet::new() };
        let now = self.check(&excuses)?;
        let mut faults = invariants::settled(&now, &project.name);
        if verb == Verb::Down {
            let left = invariants::left(&now, &project.name);
            faults.extend(left.iter().map(|name| format!("{name} is left")));
        }
        if faults.is_empty() { Ok(now) } else { Err(faults.join("; ")) }
    }
}

fn request(verb: Verb) -> Request {
    let mut request = Request::new(verb);
    request.options.remove_orphans = true;
    request.options.force = true;
    request
}

/// Whether an event has words of its own: most have not, and telling so of all takes its time.
fn is_wordy(event: &Event) -> bool {
    match event {
        Event::StepFinished { outcome, .. } => matches!(outcome, Outcome::Failed(_)),
        Event::Started { .. }
        | Event::StepStarted { .. }
        | Event::RescueStarted { .. }
        | Event::Interrupted
        | Event::Finished { .. } => false,
        Event::StepProgress { .. } | Event::StepOutput { .. } | Event::RescueFinished { .. } => {
            true
        }
    }
}

/// A run of ours, which nothing says to be alive after it ended.
fn holder() -> Holder {
    windlass_testkit::holder(&format!("{OURS}{}", RUNS.fetch_add(1, Ordering::Relaxed)))
}

/// The plan and what failed of it.
fn story(ran: &Ran) -> String {
    let failures: Vec<String> = ran
        .report
        .failures()
        .map(|(step, failure)| format!("{step} {:?}: {}", failure.kind, failure.message))
        .collect();
    let rescues: Vec<String> =
        ran.report.rescues.iter().map(|rescued| format!("{rescued:?}")).collect();
    format!("{}\n{}\n{}", failures.join("\n"), rescues.join("\n"), ran.plan)
}
