//! Hostile and odd files by the hundred: each is met by a diagnostic with a place, in bounded time, without a panic.
//!
//! Invariant: every case is a file of its own that nothing else in the corpus is like; a case that loads is a failure.

mod bombs;
mod mutations;
mod special;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use windlass_config::{LoadOptions, Loaded, load};

/// What one load may take of a processor. The clock runs on while others use it.
const TIME: Duration = Duration::from_secs(10);
/// What is said about a whole file, or about no file at all.
const WITHOUT_PLACE: &[&str] = &["unreadable-file", "no-file"];

pub(super) struct Case {
    pub(super) name: String,
    pub(super) file: Input,
}

pub(super) enum Input {
    Text(Vec<u8>),
    Path(PathBuf),
}

impl Case {
    pub(super) fn new(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), file: Input::Text(text.into()) }
    }

    fn options(&self) -> LoadOptions {
        let options = crate::check::options("");
        match &self.file {
            Input::Text(text) => LoadOptions {
                stdin: Some(text.clone()),
                // Without one, so that the file's is read too.
                project: None,
                env: ["TOKEN", "SHOP_DB_PASSWORD"]
                    .map(|name| (name.to_owned(), "x".to_owned()))
                    .into(),
                ..options
            },
            Input::Path(path) => LoadOptions { files: vec![path.clone()], ..options },
        }
    }
}

fn literal() -> Vec<Case> {
    let mut cases = Vec::new();
    for part in include_str!("cases.txt").split("\n=== ").skip(1) {
        let (name, text) = part.split_once('\n').unwrap();
        cases.push(Case::new(name, text));
    }
    cases
}

/// What is wrong with how a case was met.
fn judge(case: &Case) -> Vec<String> {
    let (begun, cpu) = (Instant::now(), cpu_time());
    let Ok(loaded) = catch_unwind(AssertUnwindSafe(|| load(&case.options()))) else {
        return vec!["panicked".to_owned()];
    };
    let plain = loaded.diagnostics.render_plain(&loaded.sources);
    let mut wrong = complaints(&loaded, &plain);
    let (wall, cpu) = (begun.elapsed(), cpu_time().saturating_sub(cpu));
    if cpu > TIME || wall > 30 * TIME {
        wrong.push(format!("took {wall:?}, and {cpu:?} of the processor"));
    }
    wrong
}

/// What this thread has used so far, as far as the system says so.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let ticks: u64 = fields.take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn complaints(loaded: &Loaded, plain: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !loaded.diagnostics.has_errors() || loaded.project.is_some() {
        wrong.push("was not refused".to_owned());
    }
    for found in &loaded.diagnostics {
        if found.primary.is_none() && !WITHOUT_PLACE.contains(&found.code) {
            wrong.push(format!("no place: {}", found.title()));
        }
        if found.message.is_empty() || found.message.len() > 2000 {
            wrong.push(format!("a message of {} bytes: {}", found.message.len(), found.code));
        }
    }
    if plain.chars().any(|c| c.is_control() && c != '\n') {
        wrong.push("a control character is shown".to_owned());
    }
    wrong.truncate(3);
    wrong
}

/// Runs all cases on as many threads as there are processors; each has a small stack.
fn check(cases: &[Case]) {
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = judge(case);
            if !found.is_empty() {
                wrong.lock().unwrap().push(format!("{}: {}", case.name, found.join("; ")));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            std::thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, work).unwrap();
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_written_case_is_refused_with_a_place() {
    check(&literal());
}

#[test]
fn every_bomb_is_refused_in_time() {
    check(&bombs::cases());
}

#[test]
fn every_special_file_is_refused_and_never_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    check(&special::cases(directory.path()));
}

#[test]
fn every_mutation_of_the_manual_is_refused_with_a_place() {
    check(&mutations::cases());
}

#[test]
fn the_corpus_is_large_and_without_repetitions() {
    let all = literal().into_iter().chain(bombs::cases()).chain(mutations::cases());
    let texts: Vec<Vec<u8>> = all
        .filter_map(|case| match case.file {
            Input::Text(text) => Some(text),
            Input::Path(_) => None,
        })
        .collect();
    let distinct: BTreeSet<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    assert!(distinct.len() >= 500, "only {} cases", distinct.len());
    assert_eq!(distinct.len(), texts.len(), "a case is there twice");
}
