//! `.dockerignore` beside docker's own program, on generated trees: asked live, and as recorded.
//!
//! Invariant: what the program sends is the reference, whatever we think of it; both are asked about the same directory.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use windlass_image::context::{BuildContext, ContextError};

use crate::cli_builder::CliBuilder;
use crate::tree::Tree;

/// Some seconds.
const CASES: u32 = 500;
/// Docker 28.2.2, asked about other ones. `sent` is null where it refused.
const RECORDED: &str = include_str!("ignore_cli.json");

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "b", "ab", "a.b", ".a", "b.log", "A", "a b", "[a]", "a*", "!a", "#a", "a\\b",
        "\u{fc}", "a-b", "$a", "(a)",
    ])
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..4).prop_map(|names| names.join("/"))
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "b", "ab", ".", "..", "/", "/", "/", "*", "*", "**", "**/", "?", "[ab]", "[^a]",
        "[a-c]", ".log", "a.b", "\\", " ", "\u{fc}", "#", "[", "$", "(", "+",
    ])
}

/// A path of the tree as often as a pattern of pieces: what matches nothing tells nothing.
fn line() -> impl Strategy<Value = String> {
    let pieces = || prop::collection::vec(piece(), 1..6).prop_map(|pieces| pieces.concat());
    let longer = (path(), piece()).prop_map(|(path, end)| path + end);
    let plain = prop_oneof![path(), longer, pieces(), pieces()];
    let start = prop::sample::select(vec!["", "", "!", "! ", "/", "./", "**/"]);
    (start, plain).prop_map(|(start, rest)| {
        let line = format!("{start}{rest}");
        // Docker's classic builder does not look into a directory that is out for the sake of such an exception;
        // BuildKit does, whom `ignore_truth` is about.
        let is_glob = line.contains(['*', '?', '[', '\\']);
        if is_glob { line.replace('!', "") } else { line }
    })
}

type Case = (Vec<String>, Vec<String>);

/// Paths of a tree, and the lines of its ignore file.
fn case() -> impl Strategy<Value = Case> {
    (prop::collection::vec(path(), 1..14), prop::collection::vec(line(), 1..7))
}

fn plant(paths: &[String]) -> Tree {
    let tree = Tree::new(&[]);
    for path in paths {
        let full = tree.path(path);
        // A name may already be a directory, or lie below a file; such a file is not in the tree.
        if std::fs::create_dir_all(full.parent().expect("parent")).is_ok() && !full.is_dir() {
            std::fs::write(full, "x").expect("file");
        }
    }
    tree
}

fn ignore(tree: &Tree, lines: &[String]) {
    std::fs::write(tree.path(".dockerignore"), lines.join("\n")).expect("ignore file");
}

fn kept(tree: &Tree) -> Result<BTreeSet<String>, ContextError> {
    let context = BuildContext::walk(&tree.options())?;
    let files = context.entries().iter().filter(|entry| !entry.is_directory());
    let names = files.map(|entry| String::from_utf8_lossy(entry.path.as_bytes()).into_owned());
    Ok(names.filter(|name| name != ".dockerignore").collect())
}

/// What comes of some cases.
#[derive(Default)]
struct Tally {
    narrowed: Cell<u32>,
    refused: Cell<u32>,
    earlier: Cell<u32>,
}

impl Tally {
    fn add(count: &Cell<u32>) {
        count.set(count.get() + 1);
    }

    /// Compares one case; `docker` is none where it refused.
    fn check(
        &self,
        docker: Option<&BTreeSet<String>>,
        tree: &Tree,
        all: usize,
    ) -> Result<(), String> {
        match (docker, kept(tree)) {
            (Some(wanted), Ok(found)) if *wanted == found => {
                if wanted.len() < all {
                    Self::add(&self.narrowed);
                }
            }
            (None, Err(ContextError::Ignore { .. })) => Self::add(&self.refused),
            // Docker looks at the end of some malformed patterns (`a*[`) only when a path comes that far.
            (Some(_), Err(ContextError::Ignore { .. })) => Self::add(&self.earlier),
            (wanted, found) => return Err(format!("docker: {wanted:?}, here: {found:?}")),
        }
        Ok(())
    }

    /// Cases that leave nothing out would agree with anything.
    fn is_telling(&self, cases: u32) {
        let Self { narrowed, refused, earlier } = self;
        assert!(narrowed.get() > cases / 8, "{} of {cases} left something out", narrowed.get());
        assert!(refused.get() > 0, "no file was refused");
        assert!(earlier.get() < cases / 20, "{} of {cases} refused here alone", earlier.get());
    }
}

#[test]
fn docker_sends_the_same_files() {
    let Some(docker) = CliBuilder::start() else {
        // Past the test harness, which keeps what a passing test says to itself.
        let said = b"skipped: docker's own program is not installed\n";
        return std::io::stderr().write_all(said).expect("stderr");
    };
    let tally = Tally::default();
    let mut config = Config::with_cases(CASES);
    config.failure_persistence = None;
    let result = TestRunner::new(config).run(&case(), |(paths, mut lines)| {
        if !docker.is_current() {
            lines.retain(|line| !line.contains(['!', '(', '+']) && !line.contains("**"));
        }
        let tree = plant(&paths);
        let all = kept(&tree).expect("everything").len();
        ignore(&tree, &lines);
        let sent = docker.sent(&tree.path("")).ok();
        tally.check(sent.as_ref(), &tree, all).map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    tally.is_telling(CASES);
}

#[test]
fn docker_sent_the_same_files() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).expect("the table is JSON");
    let cases = u32::try_from(recorded.len()).expect("a number of cases");
    assert!(cases >= 500, "the table has {cases} cases");
    let tally = Tally::default();
    let texts = |value: &Value| -> Option<Vec<String>> {
        let text = |item: &Value| item.as_str().expect("a text").to_owned();
        Some(value.as_array()?.iter().map(text).collect())
    };
    for case in &recorded {
        let tree = plant(&texts(&case["tree"]).expect("a tree"));
        let all = kept(&tree).expect("everything").len();
        ignore(&tree, &texts(&case["ignore"]).expect("lines"));
        let sent = texts(&case["sent"]).map(BTreeSet::from_iter);
        tally.check(sent.as_ref(), &tree, all).unwrap_or_else(|error| panic!("{case}: {error}"));
    }
    tally.is_telling(cases);
}

#[test]
#[ignore = "writes the table that the other test reads"]
fn record() {
    let docker = CliBuilder::start().expect("docker's own program");
    assert!(docker.is_current(), "a version that has the matcher of today");
    let mut runner = TestRunner::deterministic();
    let mut lines = Vec::new();
    for _ in 0..600 {
        let (paths, ignored) = case().new_tree(&mut runner).expect("a case").current();
        let tree = plant(&paths);
        ignore(&tree, &ignored);
        let sent = docker.sent(&tree.path("")).ok();
        lines.push(json!({"tree": paths, "ignore": ignored, "sent": sent}).to_string());
    }
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ignore_cli.json");
    std::fs::write(place, format!("[\n{}\n]\n", lines.join(",\n"))).expect("the table");
}
