//! How many calls each makes to the engine, and how much memory it holds meanwhile.
//!
//! Invariant: calls are counted on the wire, by a proxy that all contestants go through.

use std::time::Duration;

use super::Bench;
use super::contestant::Operation;
use super::measure;
use super::project::Sleepers;
use super::proxy::{Proxy, kinds};
use super::report::{Report, Table, columns};
use crate::Result;

/// Lists that a no-op may ask for, whatever the number of containers.
const LISTS: [&str; 4] =
    ["GET /containers/json", "GET /images/json", "GET /networks", "GET /volumes"];

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let proxy = Proxy::start(&bench.engine.address, &bench.directory, Duration::ZERO)?;
    let (mut rows, mut details) = (Vec::new(), Vec::new());
    let mut most = 0;
    for &count in &bench.sizes {
        for program in bench.programs() {
            let mut row = vec![count.to_string(), program.name().into()];
            let project = bench.project("calls", program.name());
            let mut peak = 0;
            for operation in Operation::ALL {
                let changed = matches!(operation, Operation::OneChanged | Operation::Down);
                let tag = if changed { "b" } else { "a" };
                let sleepers = Sleepers { image: &bench.image, count, tag, chain: false };
                let file = program.write(&bench.directory, &sleepers)?;
                proxy.take();
                let mut command = program.command(&proxy.url(), &file, &project, operation);
                peak = peak.max(measure::peak_memory(&mut command, &bench.directory)?);
                let calls = proxy.take();
                row.push(calls.len().to_string());
                let kinds = kinds(&calls);
                if program.name() == "windlass" && operation == Operation::NoOpUp {
                    let lists: usize = LISTS.iter().filter_map(|list| kinds.get(*list)).sum();
                    report.target(
                        format!("lists of a no-op of {count}"),
                        number(lists),
                        4.0,
                        "calls",
                    );
                    let looks =
                        |call: &&String| call.starts_with("GET ") || call.starts_with("HEAD ");
                    let others = calls.len() - calls.iter().filter(looks).count();
                    let what = format!("changes by a no-op of {count}");
                    report.target(what, number(others), 0.0, "calls");
                }
                if Some(&count) == bench.sizes.iter().max() {
                    let kinds: Vec<_> =
                        kinds.iter().map(|(kind, times)| format!("{times} × {kind}")).collect();
                    let operation = operation.words().into();
                    details.push(vec![program.name().into(), operation, kinds.join(", ")]);
                }
            }
            if program.name() == "windlass" {
                most = most.max(peak);
            }
            row.push(megabytes(peak));
            rows.push(row);
        }
    }
    report.target("peak memory of the runs above", as_megabytes(most), 40.0, "MB");
    let mut titles = columns(&["containers", ""]);
    titles.extend(Operation::ALL.map(|operation| operation.words().into()));
    titles.push("peak MB".into());
    report.table(Table {
        title: "Engine calls, and peak memory".into(),
        how: "Counted by a proxy between the program and the engine; memory is the program's own high-water mark \
              over the four runs."
            .into(),
        columns: titles,
        rows,
    });
    let count = bench.sizes.iter().max().copied().unwrap_or_default();
    report.table(Table {
        title: format!("Which calls, with {count} containers"),
        how: "Names and ids are `*`.".into(),
        columns: columns(&["", "what", "calls"]),
        rows: details,
    });
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a handful of calls")]
fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub(super) fn as_megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1}", as_megabytes(bytes))
}
