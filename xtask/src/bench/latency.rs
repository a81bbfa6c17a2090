//! A no-op over a distance: every call arrives 50 ms later.
//!
//! Invariant: only the no-op is timed through the delay; setting up is not.

use std::time::Duration;

use super::Bench;
use super::contestant::Operation;
use super::measure::{self, Series, seconds};
use super::project::Sleepers;
use super::proxy::Proxy;
use super::report::{Report, Table, columns, ratio};
use crate::Result;

const DELAY: Duration = Duration::from_millis(50);

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let count = bench.sizes.iter().copied().max().unwrap_or(1);
    let proxy = Proxy::start(&bench.engine.address, &bench.directory, DELAY)?;
    let sleepers = Sleepers { image: &bench.image, count, tag: "far", chain: false };
    let mut rows = Vec::new();
    let mut ours = f64::NAN;
    for program in bench.programs() {
        let file = program.write(&bench.directory, &sleepers)?;
        let project = bench.project("far", program.name());
        let mut up = program.command(&bench.engine.url, &file, &project, Operation::ColdUp);
        measure::time(&mut up, &bench.directory)?;
        let (mut near, mut far) = (Series::default(), Series::default());
        for _ in 0..bench.rounds * 2 {
            for (engine, series) in [(bench.engine.url.clone(), &mut near), (proxy.url(), &mut far)]
            {
                let mut up = program.command(&engine, &file, &project, Operation::NoOpUp);
                series.add(measure::time(&mut up, &bench.directory)?);
            }
        }
        let mut down = program.command(&bench.engine.url, &file, &project, Operation::Down);
        measure::time(&mut down, &bench.directory)?;
        if ours.is_nan() {
            ours = far.min();
            report.target(format!("no-op up of {count} with 50 ms added"), ours, 0.25, "s");
        }
        rows.push(vec![
            program.name().into(),
            near.shown(),
            far.shown(),
            seconds(far.min() - near.min()),
            ratio(far.min(), ours),
        ]);
    }
    report.table(Table {
        title: format!("No-op up of {count} with 50 ms added to every call"),
        how: "Through a socket that passes every call on 50 ms after it came.".into(),
        columns: columns(&["", "near", "far", "difference", "÷ windlass"]),
        rows,
    });
    Ok(())
}
