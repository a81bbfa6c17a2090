//! A container map with shared volumes, beside docker-map itself and beside Compose.
//!
//! Invariant: one file is read by windlass and by docker-map; whatever a contestant did is gone before
//! the next one's turn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::Bench;
use super::measure::{self, Series};
use super::report::{Report, Table, columns, ratio};
use crate::{Result, say, test};

const COUNT: usize = 20;
const NO_OPS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Start,
    NoOp,
    Update,
}

impl Deed {
    fn words(self) -> &'static str {
        match self {
            Self::Start => "start-up",
            Self::NoOp => "no-op",
            Self::Update => "one image updated",
        }
    }
}

/// The programs of this part.
struct Contestants {
    windlass: PathBuf,
    compose: Option<PathBuf>,
    /// A Python that can import docker-map.
    python: Option<PathBuf>,
    map: PathBuf,
    services: PathBuf,
    script: PathBuf,
}

type Times = BTreeMap<(Deed, &'static str), Series>;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (old, new) = (bench.image.clone(), format!("{}-next", bench.image));
    bench.engine.import(&new, &test::rootfs()?)?;
    let moving = format!("{}-moving", bench.image);
    let contestants = contestants(bench, &moving)?;
    let mut times = Times::new();
    for round in 0..bench.rounds {
        let mut names = contestants.names();
        let first = round % names.len();
        names.rotate_left(first);
        for name in names {
            say::line(&format!("round {} of {}, {name}", round + 1, bench.rounds));
            let project = bench.project("maps", name);
            let mut run = |deed: Deed| -> Result<()> {
                let mut command = contestants.command(name, &bench.engine.url, &project);
                let elapsed = measure::time(&mut command, &bench.directory)?;
                times.entry((deed, name)).or_default().add(elapsed);
                Ok(())
            };
            tag(bench, &old, &moving)?;
            run(Deed::Start)?;
            (0..NO_OPS).try_for_each(|_| run(Deed::NoOp))?;
            tag(bench, &new, &moving)?;
            run(Deed::Update)?;
            bench.engine.sweep(&project)?;
        }
    }
    write(report, &contestants, &times);
    Ok(())
}

/// Lets a name mean an image.
fn tag(bench: &Bench, image: &str, name: &str) -> Result<()> {
    let (repository, tag) = name.rsplit_once(':').ok_or("a name without a tag")?;
    let path = format!("/images/{image}/tag?repo={repository}&tag={tag}");
    let answer = bench.engine.connect()?.call("POST", &path, &Value::Null)?;
    if answer.is_success() { Ok(()) } else { Err(answer.text().into()) }
}

fn contestants(bench: &Bench, moving: &str) -> Result<Contestants> {
    let write = |name: &str, text: &str| -> Result<PathBuf> {
        let file = bench.directory.join(name);
        std::fs::write(&file, text)?;
        Ok(file)
    };
    let python = super::peer("docker-map");
    if python.is_none() {
        say::line("no docker-map here: its column stays empty (see WINDLASS_PEERS)");
    }
    Ok(Contestants {
        windlass: bench.windlass.path().to_owned(),
        compose: bench.compose.as_ref().map(|program| program.path().to_owned()),
        python,
        map: write("map.json", &map(&bench.image, moving).to_string())?,
        services: write("map-compose.yaml", &services(&bench.image, moving).to_string())?,
        script: write("docker_map.py", include_str!("docker_map.py"))?,
    })
}

/// Ten containers that own a volume each, and ten that use one; the last one's image moves.
fn map(image: &str, moving: &str) -> Value {
    let containers = (1..=COUNT).map(|number| {
        let volume = format!("v{}", number.div_ceil(2));
        let share = if number % 2 == 1 { "attaches" } else { "uses" };
        let image = if number == COUNT { moving } else { image };
        let container = json!({"image": image, share: [volume], "stop_signal": "SIGKILL",
            "create_options": {"command": "sleep 1000000"}});
        (format!("c{number}"), container)
    });
    let volumes = (1..=COUNT / 2).map(|number| (format!("v{number}"), json!("/data")));
    json!({"containers": containers.collect::<serde_json::Map<_, _>>(),
        "volumes": volumes.collect::<serde_json::Map<_, _>>()})
}

/// The same in Compose's words.
fn services(image: &str, moving: &str) -> Value {
    let services = (1..=COUNT).map(|number| {
        let volume = format!("v{}", number.div_ceil(2));
        let image = if number == COUNT { moving } else { image };
        let mut service = json!({"image": image, "command": ["sleep", "1000000"],
            "stop_signal": "SIGKILL", "network_mode": "bridge", "pull_policy": "never",
            "volumes": [format!("{volume}:/data")]});
        if number % 2 == 0 {
            service["depends_on"] = json!([format!("c{}", number - 1)]);
        }
        (format!("c{number}"), service)
    });
    let volumes = (1..=COUNT / 2).map(|number| (format!("v{number}"), json!({})));
    json!({"services": services.collect::<serde_json::Map<_, _>>(),
        "volumes": volumes.collect::<serde_json::Map<_, _>>()})
}

impl Contestants {
    fn names(&self) -> Vec<&'static str> {
        let compose = self.compose.as_ref().map(|_| "compose");
        let docker_map = self.python.as_ref().map(|_| "docker-map");
        ["windlass"].into_iter().chain(compose).chain(docker_map).collect()
    }

    /// Nobody waits for more than that the containers were started.
    fn command(&self, name: &str, engine: &str, project: &str) -> Command {
        let none = PathBuf::new();
        let command = |program: &Path, words: &[&str]| {
            let mut command = Command::new(program);
            command.env("DOCKER_HOST", engine).args(words);
            command
        };
        let map = self.map.to_str().unwrap_or_default();
        match name {
            "compose" => {
                let file = self.services.to_str().unwrap_or_default();
                let words = ["-p", project, "-f", file, "--progress", "quiet", "up", "-d"];
                command(self.compose.as_ref().unwrap_or(&none), &words)
            }
            "docker-map" => {
                // Its `startup` pulls every image; `update` creates what is missing, too.
                let script = self.script.to_str().unwrap_or_default();
                let words = [script, map, project, engine, "update"];
                command(self.python.as_ref().unwrap_or(&none), &words)
            }
            _ => {
                let words = ["--dialect", "docker-map", "-f", map, "-p", project, "up"];
                let mut command = command(&self.windlass, &words);
                command.args(["--yes", "--no-wait", "--pull=never"]);
                command
            }
        }
    }
}

fn write(report: &mut Report, contestants: &Contestants, times: &Times) {
    let names = contestants.names();
    let least = |deed, name| times.get(&(deed, name)).map_or(f64::NAN, Series::min);
    let deeds = [Deed::Start, Deed::NoOp, Deed::Update];
    let rows = deeds.map(|deed| {
        let shown = |name: &&'static str| times.get(&(deed, name)).map(Series::shown);
        let mut row = vec![deed.words().to_owned()];
        row.extend(names.iter().map(|name| shown(name).unwrap_or_default()));
        let peers = names.iter().skip(1);
        row.extend(peers.map(|peer| ratio(least(deed, "windlass"), least(deed, peer))));
        row
    });
    let mut heads: Vec<String> = columns(&[""]);
    heads.extend(names.iter().map(|name| (*name).to_owned()));
    heads.extend(names.iter().skip(1).map(|name| format!("÷ {name}")));
    report.table(Table {
        title: format!("A map of {COUNT} containers with attached volumes"),
        how: "windlass and docker-map read the same map, each as a fresh process (docker-map from JSON, and by its \
              `update`: its `startup` pulls every image); Compose reads the same in its own words."
            .into(),
        columns: heads,
        rows: rows.to_vec(),
    });
    let beside = least(Deed::NoOp, "windlass") / least(Deed::NoOp, "docker-map");
    report.target(format!("no-op of a map of {COUNT}, beside docker-map"), beside, 0.1, "×");
}
