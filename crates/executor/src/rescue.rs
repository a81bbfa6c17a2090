//! Rescues: the ways back of replacements that did not come to their end.
//!
//! Invariant: a way back is taken at most once, and only after every step of its replacement has
//! ended; an interrupt does not keep it from being taken.

use crate::failure;
use crate::lookup;
use crate::ops::{container, create, exec, lifecycle};
use crate::run::Run;
use crate::step::{Result, StepContext};
use std::collections::BTreeMap;
use std::time::Duration;
use windlass_model::name::ContainerId;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, ContainerRef, Plan, StepId};
use windlass_model::report::Outcome;
use windlass_model::rescue::Rescue;

/// How often a way back is tried, and how long it is waited in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Which ways back are still open.
pub(crate) struct Rescues<'a> {
    open: Vec<Open<'a>>,
    /// By step, the places in `open` of the replacements that it belongs to.
    by_step: BTreeMap<StepId, Vec<usize>>,
    due: Vec<&'a Rescue>,
}

struct Open<'a> {
    rescue: &'a Rescue,
    /// How many steps have not ended.
    left: usize,
    begun: bool,
    broken: bool,
}

impl<'a> Rescues<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut by_step: BTreeMap<StepId, Vec<usize>> = BTreeMap::new();
        let mut open = Vec::with_capacity(plan.rescues.len());
        for (place, rescue) in plan.rescues.iter().enumerate() {
            for step in &rescue.of {
                by_step.entry(*step).or_default().push(place);
            }
            let (left, begun) = (rescue.of.len(), rescue.begun);
            open.push(Open { rescue, left, begun, broken: false });
        }
        Self { open, by_step, due: Vec::new() }
    }

    /// A step ended, in whatever way.
    pub(crate) fn ended(&mut self, id: StepId, outcome: &Outcome) {
        for place in self.by_step.get(&id).into_iter().flatten() {
            let open = &mut self.open[*place];
            open.left -= 1;
            open.broken |= !outcome.is_done();
            open.begun |= outcome.is_done() && open.rescue.of.first() == Some(&id);
            if open.left == 0 && open.broken && open.begun {
                self.due.push(open.rescue);
            }
        }
    }

    /// The next way back to take.
    pub(crate) fn next(&mut self) -> Option<&'a Rescue> {
        self.due.pop()
    }
}

/// Takes a way back: the successor goes, its predecessor gets the name back and starts, at the same
/// time where it can, and runs its commands. Nothing but this makes it serve again, so what fails is
/// tried once more: each part of it is done already, or can be done again, but for the commands.
pub(crate) async fn take(run: &Run<'_>, rescue: &Rescue) -> Result<()> {
    let name = &rescue.address.engine;
    let Some(engine) = run.engines.get(name) else {
        return Err(failure::local(format!("there is no engine called {name}")));
    };
    let last = *rescue.of.last().expect("invariant: a replacement has steps");
    let ctx = StepContext { run, id: last, step: run.plan.step(last), engine };
    let (mut tries, mut was_stopped) = (1, false);
    loop {
        match try_to_take(ctx, rescue, &mut was_stopped).await {
            Err(_) if tries < TRIES => tokio::time::sleep(PAUSE).await,
            Err(failure) => return Err(failure),
            Ok(()) => break,
        }
        tries += 1;
    }
    let predecessor = ContainerRef::Existing(rescue.predecessor.clone());
    for command in rescue.commands.iter().filter(|_| was_stopped) {
        exec::run(ctx, &predecessor, command).await?;
    }
    Ok(())
}

async fn try_to_take(ctx: StepContext<'_>, rescue: &Rescue, was_stopped: &mut bool) -> Result<()> {
    let engine = ctx.engine;
    // An engine that went away in the middle of the replacement is waited for here.
    let look = || engine.inspect_container(rescue.predecessor.as_str());
    let (seen, successor) = tokio::join!(lookup::until_answered(look), successor(ctx, rescue));
    let (seen, mut successor) = (seen.map_err(failure::from_engine)?, successor?);
    *was_stopped |= !seen.state.is_up();
    // What ran may have what its predecessor needs to start: ports, addresses, volumes.
    if let Some(ran) = successor.take_if(|successor| successor.was_started()) {
        take_away(ctx, rescue, &ran).await?;
    }
    let predecessor = ContainerRef::Existing(rescue.predecessor.clone());
    let give_name = async {
        if let Some(never_ran) = &successor {
            take_away(ctx, rescue, never_ran).await?;
        }
        if seen.name == rescue.name {
            return Ok(());
        }
        container::rename(ctx, &predecessor, &rescue.name).await
    };
    let (named, started) = tokio::join!(give_name, lifecycle::start(ctx, &predecessor));
    named.and(started)
}

async fn take_away(
    ctx: StepContext<'_>,
    rescue: &Rescue,
    successor: &ObservedContainer,
) -> Result<()> {
    let successor = ContainerRef::Existing(successor.id.clone());
    if rescue.successor_stays {
        return lifecycle::stop(ctx, &successor, None).await;
    }
    container::remove(ctx, &successor, true, true).await
}

/// The successor, if it is there: also one that was created by a call whose reply was lost.
async fn successor(ctx: StepContext<'_>, rescue: &Rescue) -> Result<Option<ObservedContainer>> {
    let id = match &rescue.successor {
        ContainerRef::Existing(id) => Some(id.clone()),
        ContainerRef::Planned(step) => match ctx.run.created.get(*step) {
            Some(id) => Some(id.clone()),
            None => lost(ctx, *step).await?,
        },
    };
    let Some(id) = id else { return Ok(None) };
    let look = || ctx.engine.inspect_container(id.as_str());
    lookup::if_there(look).await.map_err(failure::from_engine)
}

async fn lost(ctx: StepContext<'_>, created_by: StepId) -> Result<Option<ContainerId>> {
    let Action::CreateContainer(wanted) = &ctx.run.plan.step(created_by).action else {
        return Ok(None);
    };
    create::find(ctx, wanted).await.map_err(failure::from_engine)
}
