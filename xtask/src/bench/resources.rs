//! Images of resources: files that are put together here and packages that run, beside Dockerfiles by both builders and beside
//! fuselage; and the agent alone.
//!
//! Invariant: contents are new in every round, so nobody knows an image or a layer already; files are owned by root and 0640.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::builder::Image;
use super::contexts::noise;
use super::report::{Report, Table};
use super::turns::{Turns, fastest_dockerfile, rows, titles};
use super::{Bench, agent, debian};
use crate::{Result, say};

const COUNTS: [u64; 2] = [20, 1_000];
const BYTES: u64 = 512;
const PACKAGES: [&str; 10] =
    ["bc", "ed", "jq", "less", "make", "patch", "rsync", "tree", "unzip", "zip"];

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    agent::run(bench, report)?;
    let debian = debian(bench);
    files(bench, report, debian.as_deref())?;
    let Some(debian) = debian else { return Ok(()) };
    // The mirror may be away though there was one when the base was made.
    if let Err(error) = packages(bench, report, &debian) {
        say::problem(&format!("packages are left out: {error}"));
    }
    Ok(())
}

/// A Debian with a Python on the engine; `None` after it was said why there is none.
fn debian(bench: &Bench) -> Option<String> {
    let image = format!("{}-debian:1", bench.image.trim_end_matches(":1"));
    let imported = debian::rootfs().and_then(|tar| bench.engine.import(&image, &tar));
    match imported {
        Ok(()) => Some(image),
        Err(error) => {
            say::problem(&format!("no Debian: packages and fuselage are left out: {error}"));
            None
        }
    }
}

fn files(bench: &Bench, report: &mut Report, debian: Option<&str>) -> Result<()> {
    // The first look at a base is made once, whatever is built on it.
    round(bench, &mut Turns::all()[..1], (1, 0), debian)?;
    let mut all_rows = Vec::new();
    for count in COUNTS {
        let mut all = Turns::all();
        for seed in 1..=bench.rounds as u64 {
            say::line(&format!("{count} files, round {seed}"));
            round(bench, &mut all, (count, seed), debian)?;
        }
        let (ours, what) = (&all[0], format!("{count} files"));
        if count == 20 {
            let value = ours.first.min() / fastest_dockerfile(&all);
            report.target("20 files, beside the fastest Dockerfile", value, 0.6, "×");
        } else {
            let what = format!("{what} as resources, without the engine's load");
            report.target(what, ours.own.min(), 1.0, "s");
        }
        report.target(format!("{what} as resources, unchanged"), ours.again.min(), 0.05, "s");
        all_rows.extend(rows(&what, &all));
    }
    report.table(Table {
        title: "Images of files".into(),
        how: "Files of 512 bytes, owned by root, 0640, on the image of busybox, which was looked at before: a `file` resource each, and a \
              Dockerfile with one `COPY` of all. Then the same again. fuselage has a `File` each, on a Debian that has a Python, and \
              its payload is made anew each time, as it is meant to be. Our own is the time without what the engine takes to load an \
              archive of the same image."
            .into(),
        columns: titles(),
        rows: all_rows,
    });
    Ok(())
}

/// Each of them builds the same number of files, of its own.
fn round(
    bench: &Bench,
    all: &mut [Turns],
    (count, seed): (u64, u64),
    debian: Option<&str>,
) -> Result<()> {
    let mut resources = "    - directory: /srv\n".to_owned();
    for number in 0..count {
        writeln!(
            resources,
            "    - file: {{path: /srv/f{number}, source: files/f{number}, mode: 0640}}"
        )?;
    }
    for (own, turns) in (0_u64..).zip(all) {
        let name = format!("{count}-{seed}");
        let directory = bench.directory.join(format!("{}-{name}", turns.builder.name()));
        let image = Image {
            from: &bench.image,
            from_with_python: debian,
            resources: resources.clone(),
            steps: "COPY files /srv/".into(),
            payload: format!("files {}", directory.join("files").display()),
        };
        let seed = (seed << 8) | own;
        turns.round(bench, (&image, &name), |place| fill(&place.join("files"), count, seed))?;
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

fn packages(bench: &Bench, report: &mut Report, debian: &str) -> Result<()> {
    let names = PACKAGES.join(" ");
    let image = Image {
        from: debian,
        from_with_python: Some(debian),
        resources: format!("    - package: [{}]\n", PACKAGES.join(", ")),
        steps: format!(
            "RUN apt-get update && apt-get install --yes --no-install-recommends {names} && apt-get clean \
             && rm -rf /var/lib/apt/lists/*"
        ),
        payload: format!("packages {names}"),
    };
    let mut all = Turns::all();
    for seed in 1..=bench.rounds {
        for turns in &mut all {
            say::line(&format!("10 packages: {}, round {seed}", turns.builder.words()));
            turns.round(bench, (&image, &format!("packages-{seed}")), |_| Ok(()))?;
        }
    }
    report.table(Table {
        title: "Ten packages on Debian".into(),
        how: "Small ones, on the smallest base that debootstrap makes, with a Python in it: a `package` resource, a Dockerfile with one \
              `RUN apt-get`, and a `Package` each of fuselage. Nothing is known from before; then the same again."
            .into(),
        columns: titles(),
        rows: rows("10 packages", &all).collect(),
    });
    Ok(())
}
