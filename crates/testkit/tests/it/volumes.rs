//! Volumes with an owner: given once, whatever comes in between.

use crate::scene::Scene;
use crate::shapes::{shop, with_volume};
use windlass_model::plan::Action;
use windlass_model::request::Verb;
use windlass_testkit::{Injection, Misfortune};

const VOLUME: &str = "shop.more";

#[tokio::test(start_paused = true)]
async fn a_volume_that_was_kept_needs_nothing() {
    let project = with_volume(shop());
    let scene = Scene::new(1, &project).await;
    scene.converge(&project, Verb::Up).await.unwrap();
    assert!(scene.engine.is_filled(VOLUME));
    scene.converge(&project, Verb::Down).await.unwrap();
    let plan = scene.plan(&project, Verb::Up).await.unwrap();
    let of_volume = |action: &Action| matches!(action, Action::CreateVolume(_));
    assert!(!plan.steps.iter().any(|step| of_volume(&step.action)), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_anywhere_leaves_no_volume_without_its_owner() {
    let project = with_volume(shop());
    let mut undeclared = project.clone();
    undeclared.volumes.remove("more");
    for spec in undeclared.containers.values_mut() {
        spec.config.mounts.remove("/more");
    }
    let scene = Scene::new(1, &project).await;
    let good = scene.fork(&project);
    good.converge(&project, Verb::Up).await.unwrap();
    let of_volume = |object: &str| object.contains("more");
    let calls = good.engine.calls().into_iter().filter(|call| of_volume(&call.object));
    let numbers: Vec<u64> = calls.filter_map(|call| call.mutation).collect();
    assert!(numbers.len() >= 3, "{numbers:?}");
    for number in 0..=numbers.last().unwrap() + 4 {
        for carried_out in [false, true] {
            let crash = Misfortune::Crash { carried_out };
            for between in [&[][..], &[(&project, Verb::Down)], &[(&undeclared, Verb::Up)]] {
                let scene = scene.fork(&project);
                scene.engine.inject(Injection::at_mutation(number, crash.clone()));
                scene.run(&project, Verb::Up).await.unwrap();
                scene.engine.heal();
                let story = format!("{number} {crash:?} {:?}", between.first().map(|b| b.1));
                for (other, verb) in between {
                    scene.converge(other, *verb).await.unwrap_or_else(|e| panic!("{story}: {e}"));
                    scene.check_settled(other, *verb).unwrap_or_else(|e| panic!("{story}: {e}"));
                }
                scene.converge(&project, Verb::Up).await.unwrap_or_else(|e| panic!("{story}: {e}"));
                scene.check_settled(&project, Verb::Up).unwrap_or_else(|e| panic!("{story}: {e}"));
                let was_forgotten = between.first().is_some_and(|(_, verb)| *verb == Verb::Up);
                assert!(scene.engine.is_filled(VOLUME) || was_forgotten, "{story}");
            }
        }
    }
}
