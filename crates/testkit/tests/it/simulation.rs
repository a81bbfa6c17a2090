//! Random projects, random changes, a fault at every step; then a second run repairs.

use crate::scene::Scene;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use windlass_model::plan::Plan;
use windlass_model::project::Project;
use windlass_model::request::Verb;
use windlass_testkit::{Injection, Misfortune, Rng, generate};

/// Seeds in an ordinary test run; `WINDLASS_SEEDS` asks for others: `5`, `100..200`.
const SEEDS: std::ops::Range<u64> = 0..1000;
/// What may happen between two `up`.
const DETOURS: [Verb; 6] =
    [Verb::Stop, Verb::Kill, Verb::Pause, Verb::Restart, Verb::Remove, Verb::Update];
/// The actions that so many seeds must have gone through.
const EXPECTED: [&str; 18] = [
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
    "RemoveContainer",
    "RemoveNetwork",
    "RenameContainer",
    "StartContainer",
    "StopContainer",
    "UpdateContainer",
    "WaitContainer",
    "RestartContainer",
];
/// The actions of the plans so far.
static COVERED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// More of them say nothing new.
const SHOWN: usize = 10;

#[test]
fn every_run_converges_whatever_goes_wrong() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    if let Err(failure) = run_seed(seed) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("seed {seed}: {failure}"));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    let count = failures.len();
    failures.truncate(SHOWN);
    assert!(count == 0, "{count} seeds failed\n\n{}", failures.join("\n\n"));
    if seeds == SEEDS {
        let covered = COVERED.lock().unwrap();
        let missing: Vec<_> = EXPECTED.iter().filter(|kind| !covered.contains(**kind)).collect();
        assert!(missing.is_empty(), "no plan had {missing:?}");
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

/// Everything about one seed, on a clock that moves only when nothing else does.
fn run_seed(seed: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(simulate(seed))
}

async fn simulate(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let first = generate::project(&mut rng, "sim");
    let second = generate::change(&mut rng, &first);
    let empty = Scene::new(seed, &first).await;
    if rng.one_in(2) {
        empty.engine.set_latency(seed, 3);
    }
    let up = with_faults(&empty, &first, Verb::Up, seed).await;
    let up = up.map_err(|fault| format!("first project, {fault}"))?;
    let changed = with_faults(&up, &second, Verb::Up, seed).await;
    let changed = changed.map_err(|fault| format!("second project, {fault}"))?;
    match seed % 4 {
        0 => detours(&changed, &second).await,
        1 => take_down(&changed, &second, seed).await,
        _ => Ok(()),
    }
}

/// After anything else that was done to it, the project comes up again.
async fn detours(scene: &Scene, project: &Project) -> Result<(), String> {
    for verb in DETOURS {
        let scene = scene.fork(project);
        let detour = async {
            cover(&scene.succeed(project, verb).await?.plan);
            scene.check()?;
            scene.converge(project, Verb::Up).await?;
            scene.check_settled(project)
        };
        detour.await.map_err(|fault| format!("after {}: {fault}", verb.as_str()))?;
    }
    Ok(())
}

async fn take_down(scene: &Scene, project: &Project, seed: u64) -> Result<(), String> {
    let down = with_faults(scene, project, Verb::Down, seed).await;
    let down = down.map_err(|fault| format!("down, {fault}"))?;
    down.check_gone(project)
}

/// Runs a verb on forks of a scene, once without and then with a fault at each of its mutating
/// calls; the scene after the run without.
async fn with_faults(
    scene: &Scene,
    project: &Project,
    verb: Verb,
    seed: u64,
) -> Result<Scene, String> {
    let good = scene.fork(project);
    let from = good.engine.mutations();
    let ran = good.converge(project, verb).await.map_err(|fault| format!("no fault: {fault}"))?;
    good.check_settled(project).map_err(|fault| format!("no fault: {fault}"))?;
    cover(&ran.plan);
    let kinds = Misfortune::all();
    for number in from..good.engine.mutations() {
        let kind = usize::try_from(seed + number).unwrap_or_default() % kinds.len();
        let what = kinds[kind].clone();
        let label = format!("{what:?} at call {}", number - from);
        let bad = scene.fork(project);
        bad.engine.inject(Injection { at: number, what });
        let survived = async {
            bad.run(project, verb).await?;
            bad.check()?;
            bad.engine.heal();
            bad.converge(project, verb).await?;
            bad.check_settled(project)
        };
        survived.await.map_err(|fault| format!("{label}: {fault}"))?;
    }
    Ok(good)
}

/// Notes the kinds of a plan's actions.
fn cover(plan: &Plan) {
    let kinds = plan.steps.iter().map(|step| {
        let text = format!("{:?}", step.action);
        text.split(['(', ' ']).next().unwrap_or_default().to_owned()
    });
    COVERED.lock().unwrap().extend(kinds);
}
