//! Rules about source files.
//!
//! Invariant: a finding names the line; what a string literal says never is one.

use super::Finding;
use super::source::Source;

const LINES: usize = 400;

const WORDS: &[&str] = &["todo", "fixme", "xxx"];
const NAMES: &[&str] = &["Manager", "Helper", "Util", "Utils", "Handler"];
const MODULES: &[&str] =
    &["util", "utils", "helper", "helpers", "misc", "manager", "managers", "handler", "handlers"];

/// Where the environment, the home directory and the terminal may be used: the programs (one that cargo
/// runs is asked in no other way), and what only tests link.
const OUTSIDE: &[&str] = &[
    "crates/cli/",
    "crates/agent/src/main.rs",
    "crates/payload/build.rs",
    "crates/testkit/",
    "xtask/",
    "examples/",
];

const ENVIRONMENT: &[&str] = &[
    "std::env",
    "env::var",
    "env::vars",
    "env::var_os",
    "env::args",
    "env::args_os",
    "env::current_dir",
    "env::home_dir",
    "env::temp_dir",
    "home_dir",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "IsTerminal",
    "println",
    "eprintln",
];

/// What the planner's own clippy.toml must forbid.
const PURE: &[&str] =
    &["std::time::SystemTime::now", "std::time::Instant::now", "std::env::var", "std::fs::"];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |line: usize, message: String| {
        findings.push(Finding::new(format!("{}:{line}", source.path), message));
    };
    if !source.text.starts_with("//!") {
        find(1, "does not begin with //!: say what the file is for, and an invariant".into());
    }
    let lines = source.lines_without_tests();
    if lines > LINES && !source.is_test() {
        find(lines, format!("{lines} lines without tests; {LINES} is the most"));
    }
    if MODULES.contains(&source.stem()) {
        find(1, format!("a module called {} says nothing", source.stem()));
    }
    let inside = !OUTSIDE.iter().any(|outside| source.path.starts_with(outside));
    let both = source.code.lines().zip(source.comments.lines()).zip(1..);
    for ((code, comment), line) in both {
        for word in WORDS.iter().filter(|word| has_word(code, word) || has_word(comment, word)) {
            find(line, format!("the word {word:?}: do it, or open an issue"));
        }
        if code.contains("#[allow") || code.contains("#![allow") {
            find(line, "#[allow]: use #[expect(…, reason = …)]".into());
        }
        if has_word(code, "dbg") && code.contains("dbg!") {
            find(line, "dbg!".into());
        }
        for module in
            MODULES.iter().filter(|module| declares(code, &["mod"], |name| name == **module))
        {
            find(line, format!("a module called {module} says nothing"));
        }
        let types = ["struct", "enum", "trait", "type", "union"];
        if declares(code, &types, |name| NAMES.iter().any(|end| name.ends_with(end))) {
            find(line, format!("a type whose name ends in {} says nothing", NAMES.join(", ")));
        }
        if inside && line <= lines && !source.is_test() {
            for word in ENVIRONMENT.iter().filter(|word| has_word(code, word)) {
                find(line, format!("{word}: the environment and the terminal belong to cli"));
            }
        }
    }
    findings
}

/// Whether it is there as a word: nothing that could be part of a name on either side.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let lower;
    let line = if word.chars().any(|c| c.is_uppercase() || c == ':') {
        line
    } else {
        lower = line.to_ascii_lowercase();
        &lower
    };
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
}

/// Whether a keyword is followed by a name that is so.
fn declares(code: &str, keywords: &[&str], so: impl Fn(&str) -> bool) -> bool {
    let words: Vec<&str> = code
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).any(|two| keywords.contains(&two[0]) && so(two[1]))
}

/// The planner's own lints: what it must not call.
pub(crate) fn check_planner(clippy: Option<&str>) -> Vec<Finding> {
    let place = "crates/planner/clippy.toml";
    let Some(clippy) = clippy else {
        return vec![Finding::new(place, "is missing: it keeps the planner pure")];
    };
    let missing = PURE.iter().filter(|name| !clippy.contains(**name));
    missing.map(|name| Finding::new(place, format!("does not forbid {name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Source::new(path, text));
        findings.into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn every_rule_about_sources_finds_what_breaks_it() {
        let long = format!("//! x\n{}", "fn a() {}\n".repeat(LINES));
        for (path, text, expected) in [
            ("crates/a/src/b.rs", "fn a() {}", "b.rs:1: does not begin with //!"),
            ("crates/a/src/b.rs", long.as_str(), "b.rs:401: 401 lines without tests"),
            ("crates/a/src/utils.rs", "//! x", "utils.rs:1: a module called utils"),
            ("crates/a/src/b.rs", "//! x\nmod helper {}", "b.rs:2: a module called helper"),
            ("crates/a/src/b.rs", "//! x\n// TODO: y", "b.rs:2: the word \"todo\""),
            ("crates/a/src/b.rs", "//! x\nfn a() { todo!() }", "b.rs:2: the word \"todo\""),
            ("crates/a/src/b.rs", "//! x\n// a FIXME", "b.rs:2: the word \"fixme\""),
            ("crates/a/src/b.rs", "//! x\n/* xxx */", "b.rs:2: the word \"xxx\""),
            ("crates/a/src/b.rs", "//! x\nfn a() { dbg!(1); }", "b.rs:2: dbg!"),
            ("crates/a/src/b.rs", "//! x\n#[allow(dead_code)]", "b.rs:2: #[allow]"),
            ("crates/a/src/b.rs", "//! x\n#![allow(dead_code)]", "b.rs:2: #[allow]"),
            ("crates/a/src/b.rs", "//! x\npub struct JobManager;", "b.rs:2: a type whose name"),
            ("crates/a/src/b.rs", "//! x\nuse std::env;", "b.rs:2: std::env"),
            (
                "crates/a/src/b.rs",
                "//! x\nuse std::{env, fs};\nfn a() { env::var(\"A\"); }",
                "b.rs:3: env::var",
            ),
            ("crates/a/src/b.rs", "//! x\nfn a() { std::io::stdout(); }", "b.rs:2: io::stdout"),
            ("crates/a/src/b.rs", "//! x\nuse std::io::IsTerminal;", "b.rs:2: IsTerminal"),
        ] {
            let all = found(path, text);
            assert!(all.iter().any(|finding| finding.contains(expected)), "{expected}: {all:?}");
        }
    }

    #[test]
    fn what_is_in_order_is_not_found() {
        let tests = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "//\n".repeat(LINES));
        for (path, text) in [
            ("crates/a/src/b.rs", "//! x\nconst A: &str = \"TODO xxx std::env #[allow]\";"),
            ("crates/a/src/b.rs", "//! x\nuse crate::env::Variable; // std::env is not read\n"),
            ("crates/a/src/b.rs", "//! x\nconst V: &str = env!(\"CARGO_PKG_VERSION\");"),
            ("crates/a/src/b.rs", "//! x\n#[cfg(test)]\nmod tests {\n  use std::env;\n}"),
            ("crates/a/src/b.rs", tests.as_str()),
            ("crates/cli/src/b.rs", "//! x\nuse std::env;"),
            ("crates/a/tests/it/main.rs", "//! x\nuse std::env;"),
            ("crates/a/src/b.rs", "//! x\nfn mastodon() {}\nstruct Utility;"),
        ] {
            assert_eq!(found(path, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_planner_has_lints_of_its_own() {
        assert_eq!(check_planner(None).len(), 1);
        assert_eq!(check_planner(Some("std::env::var")).len(), PURE.len() - 1);
        assert_eq!(check_planner(Some(&PURE.join(" "))), []);
    }
}
