//! The agent alone: its size, and a thousand resources in a directory that are as they shall be.
//!
//! Invariant: nothing is measured before a first run has made it so.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::Bench;
use super::calls::as_megabytes;
use super::measure::{self, Series};
use super::report::{Report, Table, columns};
use crate::{Result, say};

const COUNT: usize = 1_000;

/// A look at what is there is over in no time, and what disturbs it is not.
const RUNS: usize = 10;

/// What a root has before.
const ACCOUNTS: [(&str, &str); 4] = [
    ("passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    ("group", "root:x:0:\nshadow:x:42:\nstaff:x:50:\n"),
    ("shadow", "root:*:1:0:99999:7:::\n"),
    ("gshadow", "root:*::\nshadow:*::\nstaff:*::\n"),
];

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let Some((agent, bytes)) = agent(bench)? else {
        say::line("the agent was not built here: it is left out");
        return Ok(());
    };
    report.target("agent in a release", as_megabytes(bytes), 2.0, "MB");
    let mut rows = Vec::new();
    for (words, resource) in
        [("files", file as fn(usize) -> Value), ("files, users, groups, links, directories", mixed)]
    {
        say::line(&format!("agent: {COUNT} resources: {words}"));
        let root = root(&bench.directory)?;
        let bundle = root.with_extension("json");
        let resources: Vec<Value> = std::iter::once(json!({"directory": {"path": "/srv"}}))
            .chain((1..COUNT).map(resource))
            .map(|kind| json!({"kind": kind}))
            .collect();
        std::fs::write(&bundle, json!({"version": 2, "resources": resources}).to_string())?;
        let run = |verb: &str, times: usize| -> Result<Series> {
            let mut series = Series::default();
            for _ in 0..times {
                let mut command = Command::new(&agent);
                command.arg(verb).arg("--root").arg(&root).arg(&bundle);
                series.add(measure::time(&mut command, &bench.directory)?);
            }
            Ok(series)
        };
        let first = run("apply", 1)?;
        let (again, plan) = (run("apply", RUNS)?, run("plan", RUNS)?);
        std::fs::remove_dir_all(&root)?;
        report.target(format!("agent's no-op of {COUNT}: {words}"), again.min(), 0.05, "s");
        rows.push(vec![words.into(), first.shown(), again.shown(), plan.shown()]);
    }
    report.table(Table {
        title: "The agent alone".into(),
        how: format!(
            "{COUNT} resources in a directory: put there, which writes each to the disk; the same again, {RUNS} times; and their plan."
        ),
        columns: columns(&["what", "first", "again", "plan"]),
        rows,
    });
    Ok(())
}

/// A copy of the agent that was built last beside a program, and its size; nothing where it was not built here.
fn agent(bench: &Bench) -> Result<Option<(PathBuf, u64)>> {
    let beside = bench.windlass.path().parent().map(|directory| directory.join("build"));
    let built = beside.and_then(|directory| std::fs::read_dir(directory).ok());
    let agents = built.into_iter().flatten().flatten().filter_map(|entry| {
        let path = entry.path().join("out/windlass-agent");
        Some((std::fs::metadata(&path).ok()?.modified().ok()?, path))
    });
    let Some((_, embedded)) = agents.max() else { return Ok(None) };
    let program = bench.directory.join("agent");
    let bytes = std::fs::copy(embedded, &program)?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(Some((program, bytes)))
}

fn root(directory: &Path) -> Result<PathBuf> {
    let root = directory.join("agent-root");
    std::fs::create_dir_all(root.join("etc"))?;
    for (name, text) in ACCOUNTS {
        std::fs::write(root.join("etc").join(name), text)?;
    }
    Ok(root)
}

fn file(number: usize) -> Value {
    let text = format!("file {number}\n").repeat(40);
    json!({"file": {"path": format!("/srv/f{number}"), "content": {"text": text}, "mode": 0o640}})
}

fn mixed(number: usize) -> Value {
    match number % 5 {
        1 => {
            json!({"user": {"name": format!("u{number}"), "uid": 2_000 + number, "groups": ["staff"]}})
        }
        2 => json!({"group": {"name": format!("g{number}"), "gid": 20_000 + number}}),
        3 => json!({"link": {"path": format!("/srv/l{number}"), "to": "/etc/passwd"}}),
        4 => json!({"directory": {"path": format!("/srv/d{number}"), "owner": "root"}}),
        _ => file(number),
    }
}
