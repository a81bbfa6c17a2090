//! A bench for plans written by hand.
//!
//! Invariant: time is paused: it moves only when everything waits.

use std::collections::BTreeMap;
use windlass_executor::{ExecutionContext, Interrupts, execute};
use windlass_model::Address;
use windlass_model::container::ContainerConfig;
use windlass_model::event::Event;
use windlass_model::label::owner_labels;
use windlass_model::name::{ContainerId, EngineName, ProjectName};
use windlass_model::observed::ImageConfig;
use windlass_model::plan::{
    Action, Cause, ContainerRef, CreateContainer, Plan, Step, StepId, Until,
};
use windlass_model::project::Project;
use windlass_model::report::{Outcome, Report};
use windlass_model::secret::{SecretValues, Sensitive};
use windlass_testkit::{FakeEngine, Rng};

pub(crate) struct Bench {
    pub(crate) engine: FakeEngine,
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let engine = FakeEngine::new(Rng::new(1).next_u64());
        let command = Some(vec!["run".to_owned()]);
        engine.add_image("app:1", ImageConfig { command, ..ImageConfig::default() });
        Self { engine, plan: Plan::default(), events: Vec::new() }
    }

    pub(crate) fn step(&mut self, action: Action, after: &[StepId]) -> StepId {
        let id = StepId(u32::try_from(self.plan.steps.len()).unwrap());
        self.plan.steps.push(Step {
            address: Address::container(&EngineName::default(), "web"),
            action,
            cause: Cause::Absent,
            hazard: None,
            after: after.to_vec(),
            group: None,
        });
        id
    }

    /// Steps that create and start a container with this command; the first of them.
    pub(crate) fn started(&mut self, config: ContainerConfig) -> StepId {
        let created = self.step(create("shop.web", config), &[]);
        self.step(Action::StartContainer(ContainerRef::Planned(created)), &[created]);
        created
    }

    pub(crate) fn wait(&mut self, created: StepId, until: Until, deadline_ms: u64) -> StepId {
        let container = ContainerRef::Planned(created);
        let last = StepId(u32::try_from(self.plan.steps.len()).unwrap() - 1);
        self.step(Action::WaitContainer { container, until, deadline_ms }, &[last])
    }

    pub(crate) async fn run(&mut self) -> Report {
        self.run_with(Interrupts::never()).await
    }

    pub(crate) async fn run_with(&mut self, interrupts: Interrupts) -> Report {
        let engines = self.engine.engines();
        let events = &mut self.events;
        let mut sink = |event| events.push(event);
        execute(&self.plan, &engines, &context(), &mut sink, interrupts).await
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.engine.calls().iter().filter(|call| call.method == method).count()
    }
}

pub(crate) fn project() -> ProjectName {
    ProjectName::new("shop")
}

fn context() -> ExecutionContext {
    let secrets = [("pw".to_owned(), Sensitive::new("hunter2"))];
    ExecutionContext::new(&Project::empty(project(), "/project"), SecretValues(secrets.into()))
}

/// The labels of our container `web`.
pub(crate) fn labels() -> BTreeMap<String, String> {
    let address = Address::container(&EngineName::default(), "web");
    owner_labels(&project(), &address, None::<&()>, Some("d1"))
}

pub(crate) fn create(name: &str, config: ContainerConfig) -> Action {
    Action::CreateContainer(Box::new(create_container(name, config)))
}

pub(crate) fn create_container(name: &str, config: ContainerConfig) -> CreateContainer {
    let (name, image) = (name.to_owned(), "app:1".to_owned());
    CreateContainer {
        name: name.into(),
        image: image.into(),
        config: config.into(),
        labels: labels().into(),
    }
}

pub(crate) fn command(words: &[&str]) -> ContainerConfig {
    ContainerConfig {
        command: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        ..ContainerConfig::default()
    }
}

/// A container of ours that is there before the run.
pub(crate) async fn existing(bench: &Bench, name: &str, config: ContainerConfig) -> ContainerId {
    use windlass_engine::Engine as _;
    bench.engine.create_container(&create_container(name, config)).await.unwrap()
}

/// What a step's outcome is, in one word and its message.
pub(crate) fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed(failure) => format!("{:?}: {}", failure.kind, failure.message),
        Outcome::Skipped { because } => format!("skipped because of {because}"),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}
