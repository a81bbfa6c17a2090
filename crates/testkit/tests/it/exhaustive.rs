//! Every shape of plan, with every fault at every call of it; then a second run repairs.

use crate::scene::LOOKED_AGAIN;
use crate::shapes::{self, Shape};
use crate::trial::Trial;
use crate::workers;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use windlass_testkit::{Call, Deed, Doing, Misfortune};

#[test]
fn every_fault_at_every_call_of_every_shape_is_survived() {
    let only = std::env::var("WINDLASS_SHAPE").ok();
    let shapes = shapes::all();
    let end = u64::try_from(shapes.len()).unwrap();
    workers::all(0..end, async |number| {
        let (name, make) = shapes[usize::try_from(number).unwrap()];
        if only.as_ref().is_some_and(|only| only != name) {
            return Ok(());
        }
        let runs = exhaust(make().await).await;
        let runs = runs.map_err(|failures| format!("WINDLASS_SHAPE={name}: {failures}"))?;
        eprintln!("{runs} runs with a fault: {name}");
        Ok(())
    });
    if only.is_none() {
        let again = LOOKED_AGAIN.load(Ordering::Relaxed);
        eprintln!("{again} runs looked again");
        assert!(again > 0, "no run had to look again");
    }
}

/// How many runs there were.
async fn exhaust(shape: Shape) -> Result<usize, String> {
    let Shape { scene, trial } = shape;
    let good = trial.good(&scene).await?;
    let mut runs = 0;
    let mut failures: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (number, call) in good.calls.iter().enumerate() {
        for what in misfortunes(&trial, call, number) {
            runs += 1;
            if let Err(failure) = trial.with(&scene, &good, number, &what).await {
                // One of each kind says all.
                let why = failure.split("}: ").nth(1).unwrap_or_default();
                let kind = why.lines().next().unwrap_or_default().to_owned();
                failures.entry(kind).or_insert((0, failure)).0 += 1;
            }
        }
    }
    let told = failures.values().map(|(count, failure)| format!("{count} like this: {failure}"));
    let told: Vec<String> = told.collect();
    if told.is_empty() { Ok(runs) } else { Err(told.join("\n\n")) }
}

/// All that can happen to one call. Somebody else's deeds are done to another object at every call.
fn misfortunes(trial: &Trial, call: &Call, number: usize) -> Vec<Misfortune> {
    let project = &trial.project.name;
    let deed = |what| Misfortune::Meanwhile(Deed { project: project.clone(), what, pick: number });
    let all = Misfortune::of_connection().into_iter().chain(Misfortune::of_engine());
    all.filter(|one| one.matters(call)).chain(Doing::ALL.map(deed)).collect()
}
