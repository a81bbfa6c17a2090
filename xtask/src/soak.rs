//! `cargo xtask soak`: the simulation with seeds that nobody has tried yet, until the time is over.
//!
//! Invariant: what fails is told with the seed that brings it back, and the chore then fails.

use std::time::{Duration, Instant, SystemTime};

use crate::flags::Flags;
use crate::{Result, process, say, workspace};

/// Seeds of one turn: a few minutes of work.
const TURN: u64 = 50;
const MINUTES: u64 = 10;

pub(crate) fn run(mut flags: Flags) -> Result<()> {
    let minutes = match flags.value("--minutes")? {
        Some(text) => text.parse().map_err(|_| format!("--minutes {text} is no number"))?,
        None => MINUTES,
    };
    flags.finish()?;
    let end = Instant::now() + Duration::from_mins(minutes);
    let (mut seed, mut bad) = (fresh()?, 0);
    loop {
        let seeds = format!("{seed}..{}", seed + TURN);
        if !turn(&seeds)? {
            bad += 1;
        }
        seed += TURN;
        if Instant::now() >= end {
            break;
        }
    }
    if bad == 0 { Ok(()) } else { Err(format!("{bad} turns found something").into()) }
}

/// The first seed: another one at every call, and far from those of the ordinary test.
fn fresh() -> Result<u64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(now.as_secs() * 1_000)
}

/// Whether nothing was found.
fn turn(seeds: &str) -> Result<bool> {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--quiet", "--locked", "-p", "windlass-testkit", "--test", "it"]);
    cargo.args(["simulation::", "--", "--nocapture"]);
    cargo.env("WINDLASS_SEEDS", seeds).env("RUST_BACKTRACE", "0");
    say::heading(&format!("seeds {seeds}"));
    let (is_good, found) = process::watch(&mut cargo, |line| line.contains("WINDLASS_SEEDS="))?;
    for line in found {
        say::problem(&line);
    }
    Ok(is_good)
}
