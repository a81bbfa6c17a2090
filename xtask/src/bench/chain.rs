//! A chain of containers, each waiting until the one before it is healthy: all of them are, already.
//!
//! Invariant: the chain is up and healthy before anything is timed.

use super::Bench;
use super::contestant::Operation;
use super::measure::{self, Series};
use super::project::Sleepers;
use super::report::{Report, Table, columns, ratio};
use crate::{Result, say};

const LENGTH: usize = 6;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let sleepers = Sleepers { image: &bench.image, count: LENGTH, tag: "chain", chain: true };
    let mut running = Vec::new();
    for program in bench.programs() {
        let file = program.write(&bench.directory, &sleepers)?;
        let project = bench.project("chain", program.name());
        let mut up = program.command(&bench.engine.url, &file, &project, Operation::ColdUp);
        let elapsed = measure::time(&mut up, &bench.directory)?;
        say::line(&format!("{}: cold {:.1} s", program.name(), elapsed.as_secs_f32()));
        running.push((program, file, project, elapsed, Series::default()));
    }
    for _ in 0..bench.rounds * 2 {
        for (program, file, project, _, series) in &mut running {
            let mut up = program.command(&bench.engine.url, file, project, Operation::NoOpUp);
            series.add(measure::time(&mut up, &bench.directory)?);
        }
    }
    for (program, file, project, ..) in &running {
        let mut down = program.command(&bench.engine.url, file, project, Operation::Down);
        measure::time(&mut down, &bench.directory)?;
    }
    let least: Vec<f64> = running.iter().map(|(.., series)| series.min()).collect();
    let rows = running.iter().map(|(program, _, _, cold, series)| {
        let cold = measure::seconds(cold.as_secs_f64());
        vec![program.name().into(), series.shown(), ratio(series.min(), least[0]), cold]
    });
    report.table(Table {
        title: format!("No-op up of a chain of {LENGTH} healthy containers"),
        how: "Each depends on the one before it being healthy. The cold start has a second of health check interval per link."
            .into(),
        columns: columns(&["", "no-op up", "÷ windlass", "cold up, once"]),
        rows: rows.collect(),
    });
    if let [ours, compose] = least[..] {
        let what = format!("no-op up of a chain of {LENGTH}, beside Compose");
        report.target(what, ours / compose, 0.03, "×");
    }
    Ok(())
}
