//! Peak memory while a build context of 1 GB is sent.
//!
//! Invariant: the image needs the whole context, so that no builder can leave any of it out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use super::Bench;
use super::calls::{as_megabytes, megabytes};
use super::measure::{self, seconds};
use super::report::{Report, Table, columns};
use crate::Result;

const FILES: u64 = 4;
const FILE_BYTES: u64 = 256_000_000;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let context = bench.directory.join("context");
    std::fs::create_dir_all(&context)?;
    for number in 0..FILES {
        fill(&context.join(format!("part{number}")), number + 1)?;
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

/// Noise that does not compress, the same in every run.
fn fill(path: &Path, seed: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for _ in 0..FILE_BYTES / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.flush()?;
    Ok(())
}
