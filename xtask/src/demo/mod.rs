//! `cargo xtask demo`: examples/shop from a fresh clone to an answered request, and a change to it.
//!
//! Invariant: every claim on the screen is checked (the answer, what the change left alone); a demo
//! that says something untrue fails.

mod programs;
mod shop;

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::engine::{self, Engine};
use crate::flags::Flags;
use crate::{Result, process, say, workspace};
use shop::Shop;

const NAME: &str = "shop";
/// Less than an engine gives a container that does not stop when it is asked to.
const QUICK: Duration = Duration::from_secs(8);
const GREETING: &str = "Good evening, and welcome back!";

pub(crate) fn run(mut flags: Flags) -> Result<()> {
    let (down, check) = (flags.switch("--down"), flags.switch("--check"));
    let programs = flags.switch("--programs");
    flags.finish()?;
    if programs {
        return programs::build();
    }
    if down {
        return take_down();
    }
    if check { self::check() } else { show() }
}

/// Writes what `windlass man` or `windlass completions` writes, below a directory.
pub(crate) fn generate(chore: &str, mut flags: Flags) -> Result<()> {
    let directory = flags.word().ok_or_else(|| format!("cargo xtask {chore} DIR"))?;
    flags.finish()?;
    std::fs::create_dir_all(&directory)?;
    let windlass = workspace::build("windlass-cli", "windlass", false)?;
    if chore == "man" {
        return process::quietly(Command::new(&windlass).args(["man", &directory]));
    }
    for shell in ["bash", "zsh", "fish"] {
        let text = process::capture(Command::new(&windlass).args(["completions", shell]))?;
        std::fs::write(format!("{directory}/windlass.{shell}"), text)?;
    }
    Ok(())
}

fn prepare(engine: Engine, project: &str) -> Result<Shop> {
    say::heading("Building windlass and the shop's two programs");
    let since = Instant::now();
    let windlass = workspace::build("windlass-cli", "windlass", false)?;
    programs::build()?;
    say::line(&format!("built in {:.1} s", since.elapsed().as_secs_f32()));
    let port = match engine.published_port(project)? {
        Some(port) => port,
        None => free_port()?,
    };
    Ok(Shop { engine, windlass, project: project.into(), port })
}

/// The first free port from 8080 on, of this machine's own address.
fn free_port() -> Result<u16> {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    Ok((8080..8180).find(free).ok_or("the ports 8080 to 8179 are all taken")?)
}

fn show() -> Result<()> {
    say::heading("Looking for an engine");
    let shop = prepare(engine::find_or_start()?, NAME)?;
    story(&shop)?;
    say::heading("Now it is yours");
    let command = format!("{}{}", shop.engine.prefix(), shop.shown());
    say::line(&format!(
        "The shop runs at http://127.0.0.1:{port}/ until you take it down.\n\
         Look:         {command} ps\n\
         \u{20}             {command} logs app\n\
         Order:        curl -d '' http://127.0.0.1:{port}/orders\n\
         Change:       edit examples/shop/windlass.yaml, then\n\
         \u{20}             {command} plan\n\
         \u{20}             {command} up\n\
         Take it down: cargo xtask demo --down",
        port = shop.port
    ));
    Ok(())
}

/// What the demo shows, each step with its check.
fn story(shop: &Shop) -> Result<()> {
    say::heading("What would be done");
    shop.windlass(&["plan"], None)?;
    say::heading("Doing it");
    shop.windlass(&["up", "--yes"], None)?;
    say::heading(&format!("Running at http://127.0.0.1:{}/", shop.port));
    let first = shop.order()?;
    shop.expect("Welcome to the shop!", first)?;
    let app = shop.container("app")?;
    let front = shop.container("front")?;
    say::heading("A change: another greeting");
    shop.windlass(&["plan"], Some(GREETING))?;
    say::heading("Applying it");
    shop.windlass(&["up", "--yes"], Some(GREETING))?;
    shop.expect(GREETING, first)?;
    if shop.container("app")? != app {
        return Err("the change of the front's greeting replaced the app as well".into());
    }
    if shop.container("front")? == front {
        return Err("the change of the greeting did not replace the front".into());
    }
    say::line("The app was left alone, and every order is still there.");
    say::heading("Once more: nothing to do");
    shop.windlass(&["plan", "--exit-code"], Some(GREETING))
}

fn check() -> Result<()> {
    let engine = engine::find_or_start()?;
    let result = check_on(&engine);
    engine::stop_ours()?;
    result
}

/// The whole demo as a project of its own, which is gone when this returns.
pub(crate) fn check_on(engine: &Engine) -> Result<()> {
    engine.sweep_dead("windlass-check-")?;
    let project = format!("windlass-check-{}", std::process::id());
    let result = check_project(engine, &project);
    result.and(engine.sweep(&project))?;
    say::line("\nThe demo did what it says, and nothing is left of it.");
    Ok(())
}

fn check_project(engine: &Engine, project: &str) -> Result<()> {
    let shop = prepare(engine.clone(), project)?;
    story(&shop)?;
    say::heading("Taking it down");
    let since = Instant::now();
    shop.down()?;
    let elapsed = since.elapsed();
    if elapsed > QUICK {
        return Err(format!("down took {elapsed:?}: somebody did not stop when asked").into());
    }
    match engine.leftovers(project)? {
        left if left.is_empty() => Ok(()),
        left => Err(format!("left behind: {}", left.join(", ")).into()),
    }
}

fn take_down() -> Result<()> {
    let engine = engine::find_or_start()?;
    let windlass = workspace::build("windlass-cli", "windlass", false)?;
    let port = engine.published_port(NAME)?.unwrap_or(8080);
    let shop = Shop { engine, windlass, project: NAME.into(), port };
    shop.down()?;
    engine::stop_ours()
}
