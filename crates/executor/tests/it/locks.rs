//! The lock of a project: had by one run, left by none.

use crate::bench::{Bench, project};
use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::Engine as _;
use windlass_executor::{Lock, free_dead, lock, locks};
use windlass_model::fault::Fault;
use windlass_model::name::EngineName;
use windlass_model::observed::{Observed, ObservedEngine};
use windlass_testkit::{Injection, Misfortune, holder};

async fn taken(bench: &Bench, token: &str) -> Lock {
    let name = EngineName::default();
    let (engines, on) = (bench.engine.engines(), BTreeSet::from([&name]));
    lock(&engines, &on, &project(), &holder(token), &|_| false).await.unwrap()
}

async fn held(bench: &Bench) -> usize {
    locks(&bench.engine.engines(), &project()).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_release_that_the_engine_does_not_confirm_is_asked_for_again() {
    for what in [
        Misfortune::Before(Fault::ReplyLost),
        Misfortune::Before(Fault::Unreachable),
        Misfortune::Before(Fault::Other),
        Misfortune::After(Fault::ReplyLost),
    ] {
        let bench = Bench::new();
        let lock = taken(&bench, "one").await;
        bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what.clone()));
        lock.release().await;
        assert_eq!(bench.count("remove_container"), 2, "{what:?}");
        assert_eq!(held(&bench).await, 0, "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_locks_that_were_seen_only_a_dead_one_is_freed() {
    for (is_dead, left) in [(false, 1), (true, 0)] {
        let bench = Bench::new();
        let lock = taken(&bench, "one").await;
        let containers = bench.engine.list_containers().await.unwrap();
        let containers = containers.into_iter().map(|one| (one.id.clone(), one)).collect();
        let seen = ObservedEngine { containers, ..ObservedEngine::default() };
        let engines = BTreeMap::from([(EngineName::default(), seen)]);
        let observed = Observed { engines, ..Observed::default() };
        free_dead(&bench.engine.engines(), &project(), &observed, &|_| is_dead).await;
        assert_eq!(held(&bench).await, left);
        drop(lock);
    }
}
