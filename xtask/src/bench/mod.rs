//! `cargo xtask bench`: windlass beside Docker Compose and beside the engine's own floor, in one run.
//!
//! Invariant: contestants take turns within every round, on the same engine and the same image, so that
//! what disturbs one disturbs all; and everything that was made is gone afterwards.

mod agent;
mod builder;
mod calls;
mod chain;
mod contestant;
mod context;
mod contexts;
mod debian;
mod floor;
mod history;
mod latency;
mod maps;
mod measure;
mod project;
mod proxy;
mod report;
mod resources;
mod scale;
mod start;
mod turns;
mod wall;

use std::path::PathBuf;

use crate::engine::{self, Engine};
use crate::flags::Flags;
use crate::{Result, process, say, test, workspace};
use contestant::Program;
use contexts::Files;
use report::Report;

const PREFIX: &str = "windlass-bench-";
const PARTS: [&str; 11] = [
    "start",
    "plan",
    "wall",
    "chain",
    "maps",
    "latency",
    "calls",
    "memory",
    "contexts",
    "history",
    "resources",
];

/// What every part of the bench works with.
struct Bench {
    engine: Engine,
    windlass: Program,
    /// Absent where Docker Compose cannot be had.
    compose: Option<Program>,
    image: String,
    /// Prefix of every project of this run.
    prefix: String,
    directory: PathBuf,
    rounds: usize,
    sizes: Vec<usize>,
    files: Files,
}

impl Bench {
    /// windlass first, then its peer.
    fn programs(&self) -> Vec<&Program> {
        std::iter::once(&self.windlass).chain(&self.compose).collect()
    }

    fn project(&self, part: &str, contestant: &str) -> String {
        format!("{}-{part}-{contestant}", self.prefix)
    }
}

pub(crate) fn run(mut flags: Flags) -> Result<()> {
    let rounds = flags.value("--rounds")?.map_or(Ok(3), |text| text.parse())?;
    let sizes = flags.value("--sizes")?.unwrap_or_else(|| "1,10,50".into());
    let sizes = sizes.split(',').map(str::parse).collect::<std::result::Result<Vec<usize>, _>>()?;
    let classic = flags.value("--classic-files")?.map_or(Ok(10_000), |text| text.parse())?;
    let buildkit = flags.value("--files")?.map_or(Ok(50_000), |text| text.parse())?;
    let only = flags.values("--only")?;
    let output = flags.value("--output")?.map(PathBuf::from);
    let windlass = flags.value("--windlass")?.map(PathBuf::from);
    flags.finish()?;
    if let Some(part) = only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        return Err(format!("no part called {part:?}: {}", PARTS.join(", ")).into());
    }
    if rounds == 0 || sizes.is_empty() {
        return Err("at least one round and one size".into());
    }
    say::heading("Finding windlass (a release build) and Docker Compose");
    let windlass = match windlass {
        Some(path) => path,
        None => workspace::build("windlass-cli", "windlass", true)?,
    };
    let engine = engine::find_or_start()?;
    engine.sweep_dead(PREFIX)?;
    let prefix = format!("{PREFIX}{}", std::process::id());
    let directory = std::env::temp_dir().join(&prefix);
    std::fs::create_dir_all(&directory)?;
    let wanted = |part: &str| only.is_empty() || only.iter().any(|name| name == part);
    let bench = Bench {
        engine: engine.clone(),
        windlass: Program::windlass(windlass),
        compose: compose().map(Program::compose),
        image: format!("{}{prefix}/base:1", engine::LOCAL),
        prefix: prefix.clone(),
        directory: directory.clone(),
        rounds,
        sizes,
        files: Files { classic, buildkit },
    };
    let result = all(&bench, wanted);
    let swept = engine.sweep(&prefix);
    std::fs::remove_dir_all(&directory)?;
    engine::stop_ours()?;
    let report = result?;
    swept?;
    let text = report.markdown();
    say::line(&format!("\n{text}"));
    // A part of the whole is for looking at; only the whole is the record.
    let whole = only.is_empty().then(|| workspace::root().join("docs/benchmarks.md"));
    if let Some(file) = output.or(whole) {
        std::fs::write(&file, text)?;
        say::line(&format!("written to {}", file.display()));
    }
    Ok(())
}

/// What the tool with peers has under a name: as `WINDLASS_PEERS` names it, or beside this repository.
fn peer(name: &str) -> Option<PathBuf> {
    let beside = workspace::root().join("../shared/tools/peers");
    let tool = std::env::var_os("WINDLASS_PEERS").map_or(beside, PathBuf::from);
    let path = tool.is_file().then(|| process::capture(std::process::Command::new(tool).arg(name)));
    Some(path?.ok()?.trim().into())
}

/// Docker Compose v2: as `WINDLASS_PEERS` names it, beside this repository, or as docker's plugin.
fn compose() -> Option<PathBuf> {
    if let Some(path) = peer("compose") {
        return Some(path);
    }
    ["/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/local/bin"]
        .map(|directory| PathBuf::from(directory).join("docker-compose"))
        .into_iter()
        .find(|path| path.is_file())
}

fn all(bench: &Bench, wanted: impl Fn(&str) -> bool) -> Result<Report> {
    match &bench.compose {
        Some(program) => say::line(&format!("beside {}", program.version()?)),
        None => say::line("no Docker Compose here: its columns stay empty (see WINDLASS_PEERS)"),
    }
    bench.engine.import(&bench.image, &test::rootfs()?)?;
    let mut report = Report::new(bench)?;
    for (part, measure) in [
        ("start", start::run as fn(&Bench, &mut Report) -> Result<()>),
        ("plan", scale::run),
        ("wall", wall::run),
        ("chain", chain::run),
        ("maps", maps::run),
        ("latency", latency::run),
        ("calls", calls::run),
        ("memory", context::run),
        ("contexts", contexts::run),
        ("history", history::run),
        ("resources", resources::run),
    ] {
        if wanted(part) {
            say::heading(&format!("bench: {part}"));
            measure(bench, &mut report)?;
        }
    }
    Ok(report)
}
