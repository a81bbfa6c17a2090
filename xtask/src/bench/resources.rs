//! Images of files: ours put together here, beside a plain Dockerfile that copies them all in one step, by both builders.
//!
//! Invariant: contents are new in every round, so nobody knows an image or a layer already; files are owned by root and 0640.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::calls::as_megabytes;
use super::contexts::noise;
use super::measure::{self, Series};
use super::report::{Report, Table, columns, ratio};
use super::{Bench, peer};
use crate::{Result, say};

const COUNTS: [u64; 2] = [20, 1_000];
const BYTES: u64 = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contestant {
    Resources,
    Docker,
    Buildx,
}

impl Contestant {
    const ALL: [Self; 3] = [Self::Resources, Self::Docker, Self::Buildx];

    fn words(self) -> &'static str {
        match self {
            Self::Resources => "windlass, resources",
            Self::Docker => "docker build, one COPY, classic",
            Self::Buildx => "buildx, one COPY, BuildKit",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Docker => "docker",
            Self::Buildx => "buildx",
        }
    }
}

/// A contestant's builds over all rounds: for the first time, and the same again.
struct Turns {
    contestant: Contestant,
    first: Series,
    again: Series,
}

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let agent = agent_bytes(bench.windlass.path()).map_or(f64::NAN, as_megabytes);
    report.target("agent in a release", agent, 2.0, "MB");
    let mut rows = Vec::new();
    // The first look at a base is made once, whatever is built on it.
    let warm = bench.project("resources", "warm");
    let mut all = turns();
    round(bench, &mut all[..1], (1, 0), &warm)?;
    for count in COUNTS {
        let mut all = turns();
        for seed in 1..=bench.rounds as u64 {
            say::line(&format!("{count} files, round {seed}"));
            round(bench, &mut all, (count, seed), &format!("{count}-{seed}"))?;
        }
        let best = |series: fn(&Turns) -> &Series| {
            let others = all.iter().filter(|turns| turns.contestant != Contestant::Resources);
            others.map(|turns| series(turns).min()).fold(f64::NAN, f64::min)
        };
        let (first, ours) = (best(|turns| &turns.first), &all[0]);
        if count == 20 {
            let value = ours.first.min() / first;
            report.target("20 files, beside the fastest Dockerfile", value, 0.6, "×");
        } else {
            report.target("1,000 files as resources", ours.first.min(), 1.0, "s");
        }
        let what = format!("{count} files as resources, unchanged");
        report.target(what, ours.again.min(), 0.05, "s");
        rows.extend(all.iter().filter(|turns| !turns.first.is_empty()).map(|turns| {
            vec![
                turns.contestant.words().into(),
                format!("{count} files"),
                turns.first.shown(),
                ratio(turns.first.min(), ours.first.min()),
                turns.again.shown(),
                ratio(turns.again.min(), ours.again.min()),
            ]
        }));
    }
    report.table(Table {
        title: "Images of files".into(),
        how: "Files of 512 bytes, owned by root, 0640, on the image of busybox: a `file` resource each, and a Dockerfile with one \
              `COPY` of all. Then the same again. The base was looked at before."
            .into(),
        columns: columns(&["who", "what", "first", "÷ windlass", "again", "÷ windlass"]),
        rows,
    });
    Ok(())
}

/// Size of the agent that was built last beside a program; nothing where it was not built here.
fn agent_bytes(windlass: &Path) -> Option<u64> {
    let built = std::fs::read_dir(windlass.parent()?.join("build")).ok()?.flatten();
    let agents = built.filter_map(|entry| {
        let agent = std::fs::metadata(entry.path().join("out/windlass-agent")).ok()?;
        Some((agent.modified().ok()?, agent.len()))
    });
    agents.max().map(|(_, bytes)| bytes)
}

fn turns() -> [Turns; 3] {
    Contestant::ALL.map(|contestant| Turns {
        contestant,
        first: Series::default(),
        again: Series::default(),
    })
}

/// Each of them builds the same number of files, of its own, twice.
fn round(bench: &Bench, all: &mut [Turns], (count, seed): (u64, u64), name: &str) -> Result<()> {
    for (own, turns) in (0_u64..).zip(all) {
        let project = bench.project("resources", &format!("{}-{name}", turns.contestant.name()));
        let directory = bench.directory.join(format!("resources-{name}"));
        fill(&directory.join("files"), count, (seed << 8) | own)?;
        let command = command(bench, turns.contestant, &directory, count, &project)?;
        if let Some(mut command) = command {
            for series in [&mut turns.first, &mut turns.again] {
                series.add(measure::time(&mut command, &bench.directory)?);
            }
        }
        std::fs::remove_dir_all(directory)?;
        bench.engine.sweep(&project)?;
    }
    Ok(())
}

fn fill(directory: &Path, count: u64, seed: u64) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    for number in 0..count {
        let path = directory.join(format!("f{number}"));
        noise(&path, (seed << 32) | (number + 1), BYTES)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
    }
    Ok(())
}

fn command(
    bench: &Bench,
    contestant: Contestant,
    directory: &Path,
    count: u64,
    project: &str,
) -> Result<Option<Command>> {
    let image = &bench.image;
    if contestant == Contestant::Resources {
        let mut text =
            format!("images:\n  all:\n    from: {image}\n    resources:\n    - directory: /srv\n");
        for number in 0..count {
            writeln!(
                text,
                "    - file: {{path: /srv/f{number}, source: files/f{number}, mode: 0640}}"
            )?;
        }
        let file = directory.join("windlass.yaml");
        std::fs::write(&file, text)?;
        return Ok(Some(bench.windlass.build(&bench.engine.url, &file, project)));
    }
    let dockerfile = directory.join("Dockerfile");
    std::fs::write(&dockerfile, format!("FROM {image}\nCOPY files /srv/\n"))?;
    let mut command = match contestant {
        Contestant::Buildx => {
            let Some(program) = peer("buildx") else { return Ok(None) };
            let mut command = Command::new(program);
            command.args(["build", "--builder", "default"]);
            command
        }
        Contestant::Docker | Contestant::Resources => {
            if Command::new("docker").arg("--version").output().is_err() {
                return Ok(None);
            }
            let mut command = Command::new("docker");
            command.arg("build");
            command
        }
    };
    // A label, as ours has its digest on one.
    command.args([
        "-q",
        &format!("--label=bench={project}"),
        "-t",
        &format!("{project}/all"),
        "-f",
    ]);
    command.arg(dockerfile).arg(directory);
    command.env("DOCKER_HOST", &bench.engine.url).env("DOCKER_BUILDKIT", "0");
    Ok(Some(command))
}
