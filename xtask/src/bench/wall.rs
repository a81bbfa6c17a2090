//! Wall time of the four things that people do all day, for some numbers of containers.
//!
//! Invariant: whatever a contestant did is taken down within its turn, so that all begin alike.

use std::collections::BTreeMap;

use super::Bench;
use super::contestant::{Operation, Program};
use super::floor::Floor;
use super::measure::{self, Series};
use super::project::Sleepers;
use super::report::{Report, Table, columns, ratio};
use crate::{Result, say};

const WIDTHS: [usize; 3] = [2, 4, 8];
const NO_OPS: usize = 5;

/// By number of containers, operation and contestant.
type Cells = BTreeMap<(usize, Operation, String), Series>;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut cells = Cells::new();
    for round in 0..bench.rounds {
        for &count in &bench.sizes {
            say::line(&format!("round {} of {}, {count} containers", round + 1, bench.rounds));
            turn(bench, &mut cells, round, count)?;
        }
    }
    report.table(table(bench, &cells));
    let get = |count, operation, who: &str| {
        cells.get(&(count, operation, who.into())).map_or(f64::NAN, Series::min)
    };
    for &count in &bench.sizes {
        let floor = |operation| best_floor(&cells, count, operation).min();
        let ours = |operation| get(count, operation, "windlass");
        if count >= 50 {
            let value = ours(Operation::NoOpUp) / get(count, Operation::NoOpUp, "compose");
            report.target(format!("no-op up of {count}, beside Compose"), value, 0.3, "×");
        }
        if count >= 10 {
            for (operation, word) in [(Operation::ColdUp, "cold up"), (Operation::Down, "down")] {
                let value = ours(operation) / floor(operation);
                report.target(format!("{word} of {count}, beside the floor"), value, 1.05, "×");
            }
        }
    }
    Ok(())
}

/// Every contestant once, beginning with another one in each round.
fn turn(bench: &Bench, cells: &mut Cells, round: usize, count: usize) -> Result<()> {
    let mut programs: Vec<Option<&Program>> = bench.programs().into_iter().map(Some).collect();
    programs.push(None);
    let first = round % programs.len();
    programs.rotate_left(first);
    for program in programs {
        match program {
            Some(program) => turn_of(bench, cells, program, count)?,
            None => {
                WIDTHS.iter().try_for_each(|width| turn_of_floor(bench, cells, *width, count))?;
            }
        }
    }
    Ok(())
}

fn turn_of(bench: &Bench, cells: &mut Cells, program: &Program, count: usize) -> Result<()> {
    let project = bench.project("wall", program.name());
    let write = |tag| {
        let sleepers = Sleepers { image: &bench.image, count, tag, chain: false };
        program.write(&bench.directory, &sleepers)
    };
    let (first, second) = (write("a")?, write("b")?);
    for operation in Operation::ALL {
        let changed = matches!(operation, Operation::OneChanged | Operation::Down);
        let file = if changed { &second } else { &first };
        let times = if operation == Operation::NoOpUp { NO_OPS } else { 1 };
        for _ in 0..times {
            let mut command = program.command(&bench.engine.url, file, &project, operation);
            let elapsed = measure::time(&mut command, &bench.directory)?;
            let cell = (count, operation, program.name().into());
            cells.entry(cell).or_default().add(elapsed);
        }
    }
    Ok(())
}

fn turn_of_floor(bench: &Bench, cells: &mut Cells, width: usize, count: usize) -> Result<()> {
    let project = bench.project("wall", "floor");
    let floor =
        Floor { engine: &bench.engine, image: &bench.image, project: &project, count, width };
    for operation in Operation::ALL {
        let times = if operation == Operation::NoOpUp { NO_OPS } else { 1 };
        for _ in 0..times {
            let elapsed = floor.run(operation)?;
            let cell = (count, operation, format!("floor {width}"));
            cells.entry(cell).or_default().add(elapsed);
        }
    }
    Ok(())
}

/// The floor at the width that is best for this.
fn best_floor(cells: &Cells, count: usize, operation: Operation) -> Series {
    let widths = WIDTHS
        .iter()
        .filter_map(|width| cells.get(&(count, operation, format!("floor {width}"))).cloned());
    widths.min_by(|a, b| a.min().total_cmp(&b.min())).unwrap_or_default()
}

fn table(bench: &Bench, cells: &Cells) -> Table {
    let mut rows = Vec::new();
    for &count in &bench.sizes {
        for operation in Operation::ALL {
            let get =
                |who: &str| cells.get(&(count, operation, who.into())).cloned().unwrap_or_default();
            let (ours, compose) = (get("windlass"), get("compose"));
            let floor = best_floor(cells, count, operation);
            let mut row = vec![count.to_string(), operation.words().into()];
            row.extend([ours.shown(), compose.shown()]);
            row.extend(WIDTHS.map(|width| get(&format!("floor {width}")).shown()));
            row.push(ratio(ours.min(), compose.min()));
            row.push(ratio(ours.min(), floor.min()));
            rows.push(row);
        }
    }
    Table {
        title: "Wall time".into(),
        how: "Containers that sleep, on one network of the project's own. The floor is the bare engine calls \
              from threads, on 2, 4 and 8 connections; it starts no process and reads no file. Ratios are of the \
              least times, the floor's at its best width."
            .into(),
        columns: columns(&[
            "containers", "what", "windlass", "compose", "floor 2", "floor 4", "floor 8", "÷ compose", "÷ floor",
        ]),
        rows,
    }
}
