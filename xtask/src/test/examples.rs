//! Every example comes up, has nothing left to do, and goes away without a trace.
//!
//! Invariant: an example directory that this does not run is an error, so that none rots.

use std::path::Path;
use std::process::Command;

use super::base;
use crate::engine::Engine;
use crate::{Result, process, say, workspace};

/// Runs every example but the shop, which the demo runs.
pub(super) fn run(engine: &Engine) -> Result<()> {
    let windlass = workspace::build("windlass-cli", "windlass", false)?;
    let directory = workspace::root().join("examples");
    let mut names: Vec<_> = std::fs::read_dir(directory)?
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    engine.sweep_dead("windlass-example-")?;
    let mut problems = Vec::new();
    for name in names.iter().filter(|name| *name != "shop") {
        let project = format!("windlass-example-{}-{name}", std::process::id());
        let result = example(&windlass, engine, name, &project);
        let swept = engine.sweep(&project);
        if let Err(error) = result.and(swept) {
            problems.push(format!("examples/{name}: {error}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn example(windlass: &Path, engine: &Engine, name: &str, project: &str) -> Result<()> {
    say::line(&format!("-- {name}"));
    let file = format!("examples/{name}/windlass.yaml");
    let base = format!("base={}", base::image());
    let command = |words: &[&str]| {
        let mut command = Command::new(windlass);
        command.current_dir(workspace::root()).env("DOCKER_HOST", &engine.url);
        command.args(["-f", &file, "-p", project, "--set", &base]).args(words);
        command
    };
    process::capture(&mut command(&["config"]))?;
    process::run(&mut command(&["up", "--yes"]))?;
    process::run(&mut command(&["plan", "--exit-code"]))?;
    let config = process::capture(&mut command(&["config", "--output", "json"]))?;
    let config: serde_json::Value = serde_json::from_str(&config)?;
    let mut down = vec!["down", "--timeout", "1"];
    for volume in config["volumes"].as_object().into_iter().flat_map(|volumes| volumes.keys()) {
        down.extend(["--destroy-volume", volume]);
    }
    process::run(&mut command(&down))?;
    match engine.leftovers(project)? {
        left if left.is_empty() => Ok(()),
        left => Err(format!("left behind: {}", left.join(", ")).into()),
    }
}
