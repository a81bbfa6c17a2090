//! Peak memory while a build context of 1 GB is sent.
//!
//! Invariant: the image needs the whole context, so that no builder can leave any of it out.

use std::time::Instant;

use super::Bench;
use super::calls::{as_megabytes, megabytes};
use super::contexts::noise;
use super::measure::{self, seconds};
use super::report::{Report, Table, columns};
use crate::Result;

const FILES: u64 = 4;
const FILE_BYTES: u64 = 256_000_000;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let context = bench.directory.join("context");
    std::fs::create_dir_all(&context)?;
    for number in 0..FILES {
        noise(&context.join(format!("part{number}")), number + 1, FILE_BYTES)?;
    }
    let mut rows = Vec::new();
    for builder in ["classic", "buildkit"] {
        let project = bench.project("context", builder);
        let file = bench.directory.join(format!("context-{builder}.yaml"));
        let text = format!(
            "images:\n  big:\n    builder: {builder}\n    context: {}\n    commands:\n      \
             - FROM scratch\n      - COPY part0 part1 part2 part3 /\n",
            context.display()
        );
        std::fs::write(&file, text)?;
        let mut build = bench.windlass.build(&bench.engine.url, &file, &project);
        let since = Instant::now();
        let peak = measure::peak_memory(&mut build, &bench.directory)?;
        let elapsed = since.elapsed().as_secs_f64();
        report.target(
            format!("peak memory, 1 GB context, {builder}"),
            as_megabytes(peak),
            64.0,
            "MB",
        );
        rows.push(vec![builder.into(), megabytes(peak), seconds(elapsed)]);
        // Two images of a gigabyte need not be there at the same time.
        bench.engine.sweep(&project)?;
    }
    std::fs::remove_dir_all(context)?;
    report.table(Table {
        title: "A build context of 1 GB".into(),
        how: "Four files of noise, all copied into an image from scratch.".into(),
        columns: columns(&["builder", "peak MB", "seconds"]),
        rows,
    });
    Ok(())
}
