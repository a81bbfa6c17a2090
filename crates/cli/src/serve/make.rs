//! Making the container of a lease: the image once for all who ask, then what it needs and the container itself.
//!
//! Invariant: nobody waits for another lease but for an object that both of them would change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex as StdMutex};
use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::Instant;
use windlass::model::container::ContainerSpec;
use windlass::model::event::{Event, Progress};
use windlass::model::image::ImageUse;
use windlass::model::one_off::OneOff;
use windlass::model::plan::{Action, Plan, StepId};
use windlass::model::report::Report;
use windlass::model::request::{Options, Request, Verb};
use windlass::model::{Address, EngineName};
use windlass::{ExecutionContext, interrupts};
use windlass_serve::{Cancelled, Kind, Problem};

use super::objects::{Held, Objects, Taken};
use super::problem;
use super::shared_lock::SharedLock;
use crate::invocation::Invocation;
use crate::process;
use crate::render::object;
use crate::session::Session;

/// Hears what is waited for.
pub(super) type Says<'a> = &'a (dyn Fn(String) + Send + Sync);

/// How many look at the engines at a time.
const LOOKS: usize = 8;

/// What must not be done by two at a time.
pub(super) struct Turns {
    lock: SharedLock,
    objects: Arc<Objects>,
    looks: Semaphore,
    images: StdMutex<BTreeMap<String, Arc<Mutex<Settled>>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            lock: SharedLock::default(),
            objects: Arc::default(),
            looks: Semaphore::new(LOOKS),
            images: StdMutex::default(),
        }
    }
}

/// When it was last looked whether an image is as the file says, and what came of it.
#[derive(Default)]
struct Settled(Option<(Instant, Result<(), Problem>)>);

/// A project with the container that a lease's is like.
pub(super) struct Stage<'a> {
    pub invocation: &'a Invocation,
    pub session: &'a Session,
    pub turns: &'a Arc<Turns>,
    pub says: Says<'a>,
}

pub(super) fn cancelled() -> Problem {
    Problem::new(Kind::Unavailable, "nobody waits for it any more")
}

impl Stage<'_> {
    /// Builds an image if its inputs changed. Of all who ask at once, one does, for all of them.
    pub(super) async fn image(&self, key: &str, mut nobody: Cancelled) -> Result<(), Problem> {
        let asked = Instant::now();
        let settled = {
            let mut images = self.turns.images.lock().expect("invariant: nothing in it can panic");
            Arc::clone(images.entry(key.to_owned()).or_default())
        };
        let mut settled = tokio::select! {
            settled = settled.lock_owned() => settled,
            () = nobody.wait() => return Err(cancelled()),
        };
        // Somebody has looked since: what failed for them would fail again.
        if let Some((looked, came)) = &settled.0
            && *looked > asked
        {
            return came.clone();
        }
        let looked = Instant::now();
        let request = Request::new(Verb::Build).for_references([key]);
        let (plan, report) = self.run(&request, &self.engines_of(key), None, nobody).await?;
        let came = of_report(&plan, &report);
        settled.0 = Some((looked, came.clone()));
        came
    }

    /// Creates the container, starts it and waits until it is ready; also brings up what it depends on.
    pub(super) async fn container(
        &self,
        like: &ContainerSpec,
        one_off: &OneOff,
        timeout_s: Option<u32>,
        nobody: Cancelled,
    ) -> Result<(), Problem> {
        let options = Options {
            timeout_s,
            one_off: Some(Box::new(one_off.clone())),
            // What is brought up for it goes with the server.
            marks: one_off.run.clone().map(Box::new),
            ..Options::default()
        };
        let references = vec![like.address.name.to_string()];
        let request = Request { verb: Verb::Run, references, options };
        let on = self.engines_with(like);
        let (plan, report) = self.run(&request, &on, Some(one_off), nobody).await?;
        of_report(&plan, &report)
    }

    /// Plans and carries out, with the project's lock, which is freed as soon as the container itself is there.
    async fn run(
        &self,
        request: &Request,
        on: &BTreeSet<EngineName>,
        one_off: Option<&OneOff>,
        mut nobody: Cancelled,
    ) -> Result<(Arc<Plan>, Report), Problem> {
        let entered = self.turns.lock.enter(self.invocation, self.session, on).await;
        entered.map_err(problem::of_trouble)?;
        let mut entered = Entered(Some(Arc::clone(self.turns)));
        let planned = tokio::select! {
            planned = self.plan_apart(request, one_off) => planned,
            () = nobody.wait() => Err(cancelled()),
        };
        let (plan, context, held) = match planned {
            Ok(planned) => planned,
            Err(problem) => {
                entered.leave().await;
                return Err(problem);
            }
        };
        let created = one_off.and_then(|one_off| creation(&plan, one_off));
        let (tell, mut is_created) = oneshot::channel();
        let mut sink = self.sink(&plan, held, created.map(|created| (created, tell)));
        let (interrupter, wishes) = interrupts();
        let report = {
            let run = windlass::execute(&plan, &self.session.engines, &context, &mut sink, wishes);
            let mut run = std::pin::pin!(run);
            let (mut is_wanted, mut in_turn) = (true, true);
            loop {
                tokio::select! {
                    report = &mut run => break report,
                    created = &mut is_created, if in_turn => {
                        in_turn = false;
                        if created.is_ok() {
                            tokio::spawn(std::mem::replace(&mut entered, Entered(None)).leave());
                        }
                    }
                    () = nobody.wait(), if is_wanted => {
                        is_wanted = false;
                        interrupter.interrupt();
                    }
                }
            }
        };
        // What it had is free before the project is.
        drop(sink);
        entered.leave().await;
        if report.interrupted { Err(cancelled()) } else { Ok((plan, report)) }
    }

    /// What hears how a plan is carried out. `created`: the step that is told of when it is done.
    fn sink(
        &self,
        plan: &Arc<Plan>,
        mut held: Held,
        created: Option<(StepId, oneshot::Sender<()>)>,
    ) -> impl FnMut(Event) + Send {
        let (says, plan) = (self.says, Arc::clone(plan));
        let mut created = created;
        move |event: Event| {
            if let Event::StepFinished { step, ref outcome, .. } = event
                && outcome.is_done()
            {
                held.done(&plan, step);
                if let Some((_, tell)) = created.take_if(|(created, _)| *created == step) {
                    // Whoever waited for it may have gone.
                    let _ = tell.send(());
                }
            }
            if let Some(text) = words(&plan, &event) {
                says(text);
            }
        }
    }

    /// A plan, and all that it changes, which nobody else has.
    async fn plan_apart(
        &self,
        request: &Request,
        one_off: Option<&OneOff>,
    ) -> Result<(Arc<Plan>, ExecutionContext, Held), Problem> {
        let mut held = Held::nothing(Arc::clone(&self.turns.objects));
        loop {
            let since = self.turns.objects.now();
            let (plan, context) = {
                let look = self.turns.looks.acquire().await;
                let _look = look.expect("invariant: nobody closes it");
                self.plan(request).await?
            };
            let steps = plan.steps.iter().map(|step| &step.address);
            // Its own container is nobody else's.
            let own = |address: &&Address| one_off.is_some_and(|one_off| one_off.is_at(address));
            let wanted = steps.filter(|address| !own(address)).cloned().collect();
            match held.take(&wanted, since) {
                Taken::All => {
                    held.begin(&plan);
                    return Ok((plan, context, held));
                }
                Taken::Stale => {}
                Taken::Busy => held.wait(&wanted).await,
            }
        }
    }

    async fn plan(&self, request: &Request) -> Result<(Arc<Plan>, ExecutionContext), Problem> {
        let observed = self.session.observe(self.invocation, request).await;
        let (observed, secrets) = observed.map_err(problem::of_trouble)?;
        let plan = windlass::plan(&self.session.project, &observed, request);
        let plan = plan.map_err(|blocked| problem::of_trouble(self.session.blocked(blocked)))?;
        if let Some(step) = plan.steps.iter().find(|step| step.hazard.is_some()) {
            let name = object::full_name(&step.address);
            let message = format!("{name} would have to be changed, which somebody must agree to");
            let problem = Problem::new(Kind::Conflict, message);
            return Err(
                problem.with_hint("see `windlass plan`, and agree to it with `windlass up`")
            );
        }
        let mut context = ExecutionContext::new(&self.session.project, secrets);
        context.file_digests = self.session.file_digests.clone();
        let invocation = self.invocation;
        context.holder = Some(process::holder(&invocation.environment, invocation.command));
        Ok((Arc::new(plan), context))
    }

    /// The engines that an image is made on.
    fn engines_of(&self, key: &str) -> BTreeSet<EngineName> {
        let project = &self.session.project;
        let uses =
            |spec: &&ContainerSpec| matches!(&spec.image, ImageUse::Project(of) if of == key);
        let mut on: BTreeSet<_> = project
            .containers
            .values()
            .filter(uses)
            .map(|spec| spec.address.engine.clone())
            .collect();
        on.insert(project.default_engine());
        on
    }

    /// The engines of a container and of all that it depends on.
    fn engines_with(&self, like: &ContainerSpec) -> BTreeSet<EngineName> {
        let mut on = BTreeSet::new();
        let mut seen: BTreeSet<&Address> = BTreeSet::new();
        let mut next = vec![&like.address];
        while let Some(address) = next.pop() {
            if !seen.insert(address) {
                continue;
            }
            on.insert(address.engine.clone());
            let spec = self.session.project.containers.get(address);
            let needed = spec.into_iter().flat_map(|spec| &spec.depends_on);
            next.extend(needed.map(|dependency| &dependency.on));
        }
        on
    }
}

fn of_report(plan: &Plan, report: &Report) -> Result<(), Problem> {
    if report.is_success() { Ok(()) } else { Err(problem::of_report(plan, report)) }
}

/// A part in the project's lock.
struct Entered(Option<Arc<Turns>>);

impl Entered {
    async fn leave(self) {
        if let Some(turns) = self.0 {
            // Whoever is next takes the lock over.
            tokio::task::yield_now().await;
            turns.lock.leave().await;
        }
    }
}

/// The step that creates the one-off container.
fn creation(plan: &Plan, one_off: &OneOff) -> Option<StepId> {
    let is_it = |action: &Action| matches!(action, Action::CreateContainer(_));
    let mut steps = plan.iter().filter(|(_, step)| one_off.is_at(&step.address));
    steps.find(|(_, step)| is_it(&step.action)).map(|(id, _)| id)
}

/// What is told to whoever waits.
fn words(plan: &Plan, event: &Event) -> Option<String> {
    let of = |id: &StepId| object::full_name(&plan.step(*id).address);
    match event {
        Event::StepStarted { step, .. } => {
            Some(format!("{}: {}", of(step), object::action_words(&plan.step(*step).action)))
        }
        Event::StepProgress { step, progress: Progress::BuildStep { name, .. } } => {
            Some(format!("{}: {name}", of(step)))
        }
        Event::Started { .. }
        | Event::StepProgress { .. }
        | Event::StepOutput { .. }
        | Event::StepFinished { .. }
        | Event::RescueStarted { .. }
        | Event::RescueFinished { .. }
        | Event::Interrupted
        | Event::Finished { .. } => None,
    }
}
