//! `cargo xtask test`: everything that must hold, on an engine that it finds or starts.
//!
//! Invariant: a step that fails never hides another: all run, and the summary at the end has every
//! one of them and every result line of the tests.

mod base;
mod examples;
mod results;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::engine::{self, Engine};
use crate::flags::Flags;
use crate::{Result, demo, process, say, tidy, workspace};
use results::Results;

pub(crate) use base::rootfs;

/// A step that ran: its name, how long it took, and what was wrong.
struct Step {
    name: &'static str,
    elapsed: Duration,
    problem: Option<String>,
}

#[derive(Default)]
struct Run {
    steps: Vec<Step>,
    results: Results,
}

impl Run {
    fn step(&mut self, name: &'static str, work: impl FnOnce(&mut Results) -> Result<()>) -> bool {
        say::heading(name);
        let since = Instant::now();
        let problem = work(&mut self.results).err().map(|error| error.to_string());
        if let Some(problem) = &problem {
            say::problem(problem);
        }
        let good = problem.is_none();
        self.steps.push(Step { name, elapsed: since.elapsed(), problem });
        good
    }

    fn summary(&self) -> Result<()> {
        say::heading("Results");
        self.results.say();
        say::line("");
        for Step { name, elapsed, problem } in &self.steps {
            let word = if problem.is_some() { "FAILED" } else { "ok" };
            say::line(&format!("{word:<7}{:>7.1} s  {name}", elapsed.as_secs_f32()));
        }
        let failed = self.steps.iter().filter(|step| step.problem.is_some()).count();
        let total: Duration = self.steps.iter().map(|step| step.elapsed).sum();
        if failed > 0 {
            return Err(format!("{failed} of {} steps failed", self.steps.len()).into());
        }
        let seconds = total.as_secs_f32();
        say::line(&format!("\nAll {} steps passed in {seconds:.0} s.", self.steps.len()));
        Ok(())
    }
}

pub(crate) fn run(mut flags: Flags) -> Result<()> {
    let (fast, nextest) = (flags.switch("--fast"), flags.switch("--nextest"));
    flags.finish()?;
    let mut run = Run::default();
    run.step("format", |_| format());
    run.step("clippy", |_| clippy());
    run.step("tidy", |_| tidy::run(Flags::parse(std::iter::empty())));
    let mut engine = None;
    if !fast {
        run.step("engine and base image", |_| {
            engine = Some(furnished(engine::find_or_start()?)?);
            Ok(())
        });
    }
    run.step("tests", |results| {
        let result = tests(results, engine.as_ref(), nextest);
        let still = engine.as_ref().filter(|engine| result.is_err() && engine.stands_still());
        let Some(still) = still else { return result };
        // What was said of an engine that answers nothing any more says nothing of windlass.
        *results = Results::default();
        let engine = engine.insert(furnished(still.replacement()?)?);
        tests(results, Some(engine), nextest)
    });
    run.step("tests of the shop's programs", shop);
    if let Some(engine) = &engine {
        run.step("examples", |_| examples::run(engine));
        run.step("demo --check", |_| demo::check_on(engine));
    }
    if !fast {
        run.step("cleaning up", |_| match &engine {
            Some(engine) => engine.sweep(&base::project()).and_then(|()| engine::stop_ours()),
            None => Ok(()),
        });
        run.step("end to end on podman", on_podman);
    }
    run.summary()
}

/// With what the tests need on it, and without what killed runs of them left.
fn furnished(engine: Engine) -> Result<Engine> {
    engine.sweep_dead(base::PREFIX)?;
    let image = base::image();
    engine.import(&image, &base::rootfs()?)?;
    say::line(&format!("base image {image}"));
    Ok(engine)
}

/// Cargo on the shop, which is no member of the workspace.
fn cargo_shop(words: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root().join("examples/shop")).args(words);
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
}

fn format() -> Result<()> {
    let root = workspace::cargo().args(["fmt", "--all", "--check"]).status()?.success();
    let shop = cargo_shop(&["fmt", "--check"]).status()?.success();
    if root && shop { Ok(()) } else { Err("not formatted: cargo fmt --all".into()) }
}

fn clippy() -> Result<()> {
    let lint = ["clippy", "--locked", "--all-targets"];
    let deny = ["--", "-D", "warnings"];
    process::run(workspace::cargo().args(lint).arg("--workspace").args(deny))?;
    process::run(cargo_shop(&lint).args(deny))
}

fn tests(results: &mut Results, engine: Option<&Engine>, nextest: bool) -> Result<()> {
    // Without an engine only the binaries that never ask for one: they would find it themselves.
    let fast: &[&str] = if engine.is_none() { &["--lib", "--bins", "--test", "it"] } else { &[] };
    let mut cargo = workspace::cargo();
    cargo.args(if nextest { &["nextest", "run"][..] } else { &["test"] }).args(fast);
    let still = || engine.is_some_and(Engine::stands_still);
    let mut good = results.add_while(environment(&mut cargo, engine), &still)?;
    if nextest || !fast.is_empty() {
        // Chosen binaries, and nextest, leave out the documentation's examples.
        let mut cargo = workspace::cargo();
        good &= results.add(environment(cargo.args(["test", "--doc"]), engine))?;
    }
    if good { Ok(()) } else { Err("some tests failed".into()) }
}

/// The whole workspace, and what its end-to-end tests look for.
fn environment<'a>(command: &'a mut Command, engine: Option<&Engine>) -> &'a mut Command {
    command.args(["--workspace", "--locked", "--no-fail-fast"]);
    for name in ["WINDLASS_TEST_ENGINE", "WINDLASS_TEST_IMAGE"] {
        command.env_remove(name);
    }
    if let Some(engine) = engine {
        command.env("WINDLASS_TEST_ENGINE", &engine.url).env("WINDLASS_TEST_IMAGE", base::image());
        command.env("DOCKER_HOST", &engine.url);
    }
    command
}

/// The scenarios that go through most of what podman does in another way, where there is a podman.
fn on_podman(results: &mut Results) -> Result<()> {
    const SCENARIOS: [&str; 5] =
        ["depends::", "everything::", "look::", "races::of_", "verbs::a_volume_whose_owner"];
    let Some(engine) = engine::start_podman()? else {
        say::line("SKIPPED: there is no podman on this machine");
        return Ok(());
    };
    let run = |results: &mut Results| {
        engine.sweep_dead(base::PREFIX)?;
        engine.import(&base::image(), &base::rootfs()?)?;
        let mut cargo = workspace::cargo();
        environment(cargo.arg("test"), Some(&engine));
        cargo.args(["--test", "e2e", "--"]).args(SCENARIOS);
        if results.add(&mut cargo)? { Ok(()) } else { Err("some tests failed on podman".into()) }
    };
    let result = run(results);
    let swept = engine.sweep(&base::project());
    result.and(swept).and(engine::stop_ours())
}

fn shop(results: &mut Results) -> Result<()> {
    let good = results.add(&mut cargo_shop(&["test", "--locked"]))?;
    if good { Ok(()) } else { Err("some tests of examples/shop failed".into()) }
}
