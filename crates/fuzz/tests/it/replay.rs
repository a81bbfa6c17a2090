//! Every target over its corpus.
//!
//! Invariant: a target without a corpus, a corpus without a target, and a door of libFuzzer that is missing are failures.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use windlass_fuzz::TARGETS;
use windlass_testkit::Rng;

use crate::mutate::mutate;

/// Mutations per target.
const RUNS: u64 = 2000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("corpus").join(target)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(found, _)| *found == name).unwrap();
    let seeds = seeds(name);
    let mut rng = Rng::new(1);
    let mutations = (0..RUNS).map(|_| mutate(&mut rng, &seeds));
    for input in seeds.iter().cloned().chain(mutations) {
        let held = catch_unwind(AssertUnwindSafe(|| target(&input)));
        assert!(held.is_ok(), "{name} on b\"{}\"", input.escape_ascii());
    }
}

/// One test per target, so that they run side by side.
macro_rules! replays {
    ($($name:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*
    };
}

replays! {
    agent archive build_log docker_config dockerfile documents engine_url escape frames harpoon ignore
    json_lines labels lines moments patterns project replies scalars unpack yaml
}

#[test]
fn every_target_has_its_corpus_its_door_and_its_test() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(known, replayed);
    assert_eq!(known, names(&folder("corpus")));
    assert_eq!(known, names(&folder("fuzz_targets")));
}

#[test]
fn mutations_differ_and_are_the_same_again() {
    let seeds = [b"name: hello".to_vec(), b"\0\xff".to_vec()];
    let some = |seed| {
        let mut rng = Rng::new(seed);
        (0..50).map(|_| mutate(&mut rng, &seeds)).collect::<Vec<_>>()
    };
    assert_eq!(some(1), some(1));
    assert_ne!(some(1), some(2));
    assert!(some(1).iter().collect::<BTreeSet<_>>().len() > 40);
}
