//! Random projects, random changes, a fault at every call; then a second run repairs.

use crate::scene::{End, Scene};
use crate::trial::{Good, Trial};
use crate::workers;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use windlass_model::project::Project;
use windlass_model::request::Verb;
use windlass_testkit::invariants::Excuses;
use windlass_testkit::{Deed, Doing, Misfortune, Rng, Snapshot, generate};

/// Seeds in an ordinary test run; `WINDLASS_SEEDS` asks for others: `5`, `100..200`.
const SEEDS: std::ops::Range<u64> = 0..560;
/// So many runs with a fault those seeds are at least.
const LEAST_RUNS: u64 = 20_000;
/// What may happen between two `up`.
const DETOURS: [Verb; 7] =
    [Verb::Stop, Verb::Kill, Verb::Pause, Verb::Restart, Verb::Remove, Verb::Update, Verb::Push];
/// The actions that so many seeds must have gone through.
const EXPECTED: [&str; 19] = [
    "BuildImage",
    "ConnectNetwork",
    "CopySecrets",
    "CreateContainer",
    "CreateNetwork",
    "CreateVolume",
    "Delay",
    "DisconnectNetwork",
    "ExecContainer",
    "PullImage",
    "PushImage",
    "RemoveContainer",
    "RemoveNetwork",
    "RenameContainer",
    "StartContainer",
    "StopContainer",
    "UpdateContainer",
    "WaitContainer",
    "RestartContainer",
];
/// How many runs there were with a fault.
static RUNS: AtomicU64 = AtomicU64::new(0);
/// The actions of the plans so far.
static COVERED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

#[test]
fn every_run_converges_whatever_goes_wrong() {
    let seeds = seeds();
    workers::all(seeds.clone(), async |seed| {
        simulate(seed).await.map_err(|failure| format!("WINDLASS_SEEDS={seed}: {failure}"))
    });
    let runs = RUNS.load(Ordering::Relaxed);
    eprintln!("{runs} runs with a fault, seeds {seeds:?}");
    if seeds == SEEDS {
        let covered = COVERED.lock().unwrap();
        let missing: Vec<_> = EXPECTED.iter().filter(|kind| !covered.contains(**kind)).collect();
        assert!(missing.is_empty(), "no plan had {missing:?}");
        assert!(runs >= LEAST_RUNS, "only {runs} runs");
    }
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("WINDLASS_SEEDS") else { return SEEDS };
    let number = |text: &str| text.parse().expect("a number of a seed");
    match text.split_once("..") {
        Some((start, end)) => number(start)..number(end),
        None => number(&text)..number(&text) + 1,
    }
}

async fn simulate(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let first = generate::project(&mut rng, "sim");
    let second = generate::change(&mut rng, &first);
    let empty = Scene::new(seed, &first).await;
    empty.engine.keep_past();
    if rng.one_in(2) {
        empty.engine.set_latency(seed, 3);
    }
    let up = with_faults(&empty, &first, Verb::Up, seed).await;
    let up = up.map_err(|fault| format!("first project, {fault}"))?;
    let changed = with_faults(&up, &second, Verb::Up, seed).await;
    let changed = changed.map_err(|fault| format!("second project, {fault}"))?;
    match seed % 4 {
        0 => detours(&changed, &second).await,
        1 => {
            let down = with_faults(&changed, &second, Verb::Down, seed).await;
            down.map(drop).map_err(|fault| format!("down, {fault}"))
        }
        _ => Ok(()),
    }
}

/// After anything else that was done to it, the project comes up again.
async fn detours(scene: &Scene, project: &Project) -> Result<(), String> {
    let is_pushed = project.images.values().any(|image| image.push);
    for verb in DETOURS.into_iter().filter(|verb| *verb != Verb::Push || is_pushed) {
        let scene = scene.fork(project);
        let detour = async {
            cover(&scene.succeed(project, verb).await?);
            scene.check(&Excuses::default())?;
            scene.converge(project, Verb::Up).await?;
            scene.check_commands(project)?;
            scene.check_settled(project, Verb::Up)
        };
        let detour: Result<Snapshot, String> = detour.await;
        detour.map_err(|fault| format!("after {}: {fault}", verb.as_str()))?;
    }
    Ok(())
}

/// Runs a verb on forks of a scene, once without and then with a fault at each of its calls; the
/// scene after the run without.
async fn with_faults(
    scene: &Scene,
    project: &Project,
    verb: Verb,
    seed: u64,
) -> Result<Scene, String> {
    let trial = Trial::of(project, verb);
    let good = trial.good(scene).await?;
    cover(&good.end);
    let mut rng = Rng::new(seed ^ 0xfa17);
    for number in 0..good.calls.len() {
        // Most of what only looks comes before anything is done: not all of it is tried.
        if good.calls[number].mutation.is_some() || rng.one_in(4) {
            let mut what = misfortune(&mut rng, project);
            while !what.matters(&good.calls[number]) {
                what = misfortune(&mut rng, project);
            }
            RUNS.fetch_add(1, Ordering::Relaxed);
            trial.with(scene, &good, number, &what).await?;
        }
    }
    let Good { scene, .. } = good;
    Ok(scene)
}

fn misfortune(rng: &mut Rng, project: &Project) -> Misfortune {
    match rng.below(3) {
        0 => rng.pick(&Misfortune::of_connection()).clone(),
        1 => rng.pick(&Misfortune::of_engine()).clone(),
        _ => Misfortune::Meanwhile(Deed {
            project: project.name.clone(),
            what: *rng.pick(&Doing::ALL),
            pick: usize::try_from(rng.below(8)).unwrap_or_default(),
        }),
    }
}

/// Notes the kinds of a plan's actions.
fn cover(end: &End) {
    let End::Ran(ran) = end else { return };
    let kinds = ran.plan.steps.iter().map(|step| {
        let text = format!("{:?}", step.action);
        text.split(['(', ' ']).next().unwrap_or_default().to_owned()
    });
    COVERED.lock().unwrap().extend(kinds);
}
