//! Build contexts: many small files and one of 1 GB, sent for the first time and when nothing changed.
//!
//! Invariant: every build has a directory of its own content, which its image takes whole, so that no builder knows another's
//! files already or leaves any out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::calls::megabytes;
use super::measure::{self, Series};
use super::report::{Report, Table, columns, ratio};
use super::{Bench, peer};
use crate::engine::LABEL;
use crate::{Result, say};

const FILES_PER_DIRECTORY: u64 = 100;
const SMALL_BYTES: u64 = 256;
const LARGE_BYTES: u64 = 1_000_000_000;

/// Who builds, and with which of the engine's builders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contestant {
    Classic,
    Docker,
    Buildkit,
    Buildx,
}

impl Contestant {
    const ALL: [Self; 4] = [Self::Classic, Self::Docker, Self::Buildkit, Self::Buildx];

    fn words(self) -> &'static str {
        match self {
            Self::Classic => "windlass, classic",
            Self::Docker => "docker build, classic",
            Self::Buildkit => "windlass, BuildKit",
            Self::Buildx => "buildx, BuildKit",
        }
    }

    /// The other program with the same builder.
    fn peer(self) -> Self {
        match self {
            Self::Classic => Self::Docker,
            Self::Docker => Self::Classic,
            Self::Buildkit => Self::Buildx,
            Self::Buildx => Self::Buildkit,
        }
    }

    fn files(self, files: Files) -> u64 {
        match self {
            Self::Classic | Self::Docker => files.classic,
            Self::Buildkit | Self::Buildx => files.buildkit,
        }
    }

    /// Part of the names of what it makes.
    fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Docker => "docker",
            Self::Buildkit => "buildkit",
            Self::Buildx => "buildx",
        }
    }
}

/// How many files there are for each of the engine's builders.
#[derive(Clone, Copy)]
pub(super) struct Files {
    /// Its steps take minutes for as many as `BuildKit` is given.
    pub(super) classic: u64,
    pub(super) buildkit: u64,
}

#[derive(Clone, Copy)]
enum Load {
    Small(Files),
    Large,
}

impl Load {
    fn words(self, contestant: Contestant) -> String {
        match self {
            Self::Small(files) => format!("{} small files", contestant.files(files)),
            Self::Large => "one file of 1 GB".into(),
        }
    }

    fn fill(self, directory: &Path, contestant: Contestant, seed: u64) -> Result<()> {
        match self {
            Self::Small(files) => small(directory, contestant.files(files), seed),
            Self::Large => large(directory, seed),
        }
    }
}

/// A contestant's builds over all rounds: for the first time, the same again, and the most memory in bytes.
struct Turns {
    contestant: Contestant,
    first: Series,
    again: Series,
    peak: u64,
}

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    for load in [Load::Small(bench.files), Load::Large] {
        let mut all = Contestant::ALL.map(|contestant| Turns {
            contestant,
            first: Series::default(),
            again: Series::default(),
            peak: 0,
        });
        for (seed, round) in (1..).step_by(all.len()).zip(0..bench.rounds) {
            for (seed, turns) in (seed..).zip(&mut all) {
                let words = load.words(turns.contestant);
                say::line(&format!("{words}: {}, round {}", turns.contestant.words(), round + 1));
                let context = bench.directory.join(format!("contexts-{seed}"));
                load.fill(&context, turns.contestant, seed)?;
                let turn = turn(bench, turns, &context, seed);
                std::fs::remove_dir_all(context)?;
                turn?;
            }
        }
        targets(report, load, &all);
        report.table(table(load, &all));
    }
    Ok(())
}

/// The first build, and the same again. Nothing if the contestant is not on this machine.
fn turn(bench: &Bench, turns: &mut Turns, context: &Path, seed: u64) -> Result<()> {
    let project = bench.project("contexts", &format!("{}{seed}", turns.contestant.name()));
    let Some(mut command) = command(bench, turns.contestant, context, &project)? else {
        return Ok(());
    };
    let mut build = |series: &mut Series| -> Result<()> {
        let since = Instant::now();
        let peak = measure::peak_memory(&mut command, &bench.directory)?;
        series.add(since.elapsed());
        turns.peak = turns.peak.max(peak);
        Ok(())
    };
    let both = build(&mut turns.first).and_then(|()| build(&mut turns.again));
    bench.engine.sweep(&project)?;
    both
}

fn command(
    bench: &Bench,
    contestant: Contestant,
    context: &Path,
    project: &str,
) -> Result<Option<Command>> {
    // A label, as ours has its digest on one: to the classic builder it is a step of its own.
    let label = format!("--label={LABEL}={project}");
    let mut words: Vec<PathBuf> = ["build", "-q", &label, "-t"].map(PathBuf::from).to_vec();
    words.extend([format!("{project}/all").into(), "-f".into()]);
    let dockerfile = bench.directory.join("contexts.Dockerfile");
    std::fs::write(&dockerfile, "FROM scratch\nCOPY . /\n")?;
    words.extend([dockerfile, context.to_owned()]);
    let mut command = match contestant {
        Contestant::Classic | Contestant::Buildkit => {
            let file = bench.directory.join(format!("contexts-{}.yaml", contestant.name()));
            let text = format!(
                "images:\n  all:\n    builder: {}\n    context: {}\n    commands:\n      - FROM scratch\n      \
                 - COPY . /\n",
                contestant.name(),
                context.display()
            );
            std::fs::write(&file, text)?;
            return Ok(Some(bench.windlass.build(&bench.engine.url, &file, project)));
        }
        Contestant::Docker => {
            if Command::new("docker").arg("--version").output().is_err() {
                return Ok(None);
            }
            Command::new("docker")
        }
        Contestant::Buildx => {
            let Some(program) = peer("buildx") else { return Ok(None) };
            words.splice(1..1, ["--builder", "default"].map(PathBuf::from));
            Command::new(program)
        }
    };
    command.env("DOCKER_HOST", &bench.engine.url).env("DOCKER_BUILDKIT", "0").args(words);
    Ok(Some(command))
}

fn targets(report: &mut Report, load: Load, all: &[Turns]) {
    let of = |wanted: Contestant, series: fn(&Turns) -> &Series| {
        let found = all.iter().find(|turns| turns.contestant == wanted);
        found.map_or(f64::NAN, |turns| series(turns).median())
    };
    for (ours, theirs, words) in [
        (Contestant::Classic, Contestant::Docker, "docker build"),
        (Contestant::Buildkit, Contestant::Buildx, "buildx"),
    ] {
        let what = load.words(ours);
        let value = of(ours, |turns| &turns.first) / of(theirs, |turns| &turns.first);
        report.target(format!("build of {what}, beside {words}"), value, 1.0, "×");
        let value = of(ours, |turns| &turns.again) / of(theirs, |turns| &turns.again);
        report.target(format!("{what}, unchanged, beside {words}"), value, 0.1, "×");
    }
}

fn table(load: Load, all: &[Turns]) -> Table {
    let median = |peer: Contestant, series: fn(&Turns) -> &Series| {
        all.iter()
            .find(|turns| turns.contestant == peer)
            .map_or(f64::NAN, |turns| series(turns).median())
    };
    let row = |turns: &Turns| {
        let peer = turns.contestant.peer();
        vec![
            turns.contestant.words().into(),
            load.words(turns.contestant),
            turns.first.shown(),
            ratio(turns.first.median(), median(peer, |turns| &turns.first)),
            turns.again.shown(),
            ratio(turns.again.median(), median(peer, |turns| &turns.again)),
            megabytes(turns.peak),
        ]
    };
    let title = match load {
        Load::Small(_) => "A build context of small files",
        Load::Large => "A build context of one file of 1 GB",
    };
    Table {
        title: title.into(),
        how: "Seconds, the least (and the median) of the rounds. All of it is copied into an image from scratch with a label, then the \
              same is built again. Ratios are of medians, to the other program with the same builder; memory is the \
              program's own, not the engine's."
            .into(),
        columns: columns(&["who", "what", "first", "÷ peer", "again", "÷ peer", "peak MB"]),
        rows: all.iter().filter(|turns| !turns.first.is_empty()).map(row).collect(),
    }
}

fn small(directory: &Path, files: u64, seed: u64) -> Result<()> {
    for number in 0..files {
        let below = directory.join(format!("d{:03}", number / FILES_PER_DIRECTORY));
        if number % FILES_PER_DIRECTORY == 0 {
            std::fs::create_dir_all(&below)?;
        }
        noise(
            &below.join(format!("f{:02}", number % FILES_PER_DIRECTORY)),
            (seed << 32) | (number + 1),
            SMALL_BYTES,
        )?;
    }
    Ok(())
}

fn large(directory: &Path, seed: u64) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    noise(&directory.join("all"), seed, LARGE_BYTES)
}

/// Noise that does not compress, the same for the same seed.
pub(super) fn noise(path: &Path, seed: u64, bytes: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.flush()?;
    Ok(())
}
