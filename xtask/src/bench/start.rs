//! How long a program takes to say its version, and what a no-op of one container costs the processor.
//!
//! Invariant: wall time is of single runs; processor time is the mean of many.

use super::Bench;
use super::contestant::Operation;
use super::measure::{self, Series};
use super::project::Sleepers;
use super::report::{Report, Table, columns, ratio};
use crate::Result;

const RUNS: u32 = 20;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let programs = bench.programs();
    let mut starts = vec![Series::default(); programs.len()];
    for _ in 0..RUNS {
        for (program, series) in programs.iter().zip(&mut starts) {
            series.add(measure::time(&mut program.version_command(), &bench.directory)?);
        }
    }
    let sleepers = Sleepers { image: &bench.image, count: 1, tag: "one", chain: false };
    let mut rows = Vec::new();
    for (program, series) in programs.iter().zip(&starts) {
        let file = program.write(&bench.directory, &sleepers)?;
        let project = bench.project("start", program.name());
        let command = |operation| program.command(&bench.engine.url, &file, &project, operation);
        measure::time(&mut command(Operation::ColdUp), &bench.directory)?;
        let cost = measure::processor_time(&command(Operation::NoOpUp), RUNS)?;
        measure::time(&mut command(Operation::Down), &bench.directory)?;
        let milliseconds = cost.as_secs_f64() * 1000.0;
        if program.name() == "windlass" {
            report.target("processor time of a no-op of one", milliseconds, 10.0, "ms");
        }
        rows.push(vec![
            program.name().into(),
            series.shown(),
            ratio(series.min(), starts[0].min()),
            format!("{milliseconds:.1}"),
        ]);
    }
    report.table(Table {
        title: "Start".into(),
        how: format!("The program's version, {RUNS} times; and the processor time of a no-op up of one container."),
        columns: columns(&["", "version, seconds", "÷ windlass", "no-op of one, CPU ms"]),
        rows,
    });
    Ok(())
}
