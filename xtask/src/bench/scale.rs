//! Loading and planning a file of 10,000 containers, without an engine.
//!
//! Invariant: measured at 1,000 too, so that more than linear growth shows.

use super::Bench;
use super::calls::{as_megabytes, megabytes};
use super::measure::{self, Series, seconds};
use super::project::Sleepers;
use super::report::{Report, Table, columns};
use crate::Result;

const COUNTS: [usize; 3] = [100, 1_000, 10_000];

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut least = Vec::new();
    let mut most = 0;
    let mut quickest = f64::NAN;
    for count in COUNTS {
        let sleepers = Sleepers { image: "base:1", count, tag: "plan", chain: false };
        let file = bench.windlass.write(&bench.directory, &sleepers)?;
        let mut series = Series::default();
        for _ in 0..bench.rounds {
            let mut plan = bench.windlass.offline_plan(&file);
            series.add(measure::time(&mut plan, &bench.directory)?);
        }
        let mut plan = bench.windlass.offline_plan(&file);
        let peak = measure::peak_memory(&mut plan, &bench.directory)?;
        let cost = measure::processor_time(&bench.windlass.offline_plan(&file), 2)?;
        let size = std::fs::metadata(&file)?.len() / 1000;
        rows.push(vec![
            count.to_string(),
            size.to_string(),
            series.shown(),
            seconds(cost.as_secs_f64()),
            megabytes(peak),
        ]);
        least.push(cost.as_secs_f64());
        quickest = series.min();
        most = most.max(peak);
    }
    let (small, large) = (least[1], least[2]);
    report.target("load and plan 10,000 containers", quickest, 1.0, "s");
    report.target("10,000 beside ten times 1,000, CPU", large / (10.0 * small), 1.5, "×");
    report.target("peak memory, 10,000 containers planned", as_megabytes(most), 40.0, "MB");
    report.table(Table {
        title: "Load and plan, no engine".into(),
        how: format!(
            "`windlass plan --offline`, from the program's start to its end; printing the plan is part of it. \
             1,000 → 10,000 cost the processor {} → {} s.",
            seconds(small),
            seconds(large)
        ),
        columns: columns(&["containers", "file, kB", "seconds", "CPU seconds", "peak MB"]),
        rows,
    });
    Ok(())
}
