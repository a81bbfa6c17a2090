//! Images that all make in turn, and what came of it.
//!
//! Invariant: everybody has a directory and a project of its own in every round, which are gone after it.

use std::path::Path;
use std::time::Instant;

use super::Bench;
use super::builder::{Builder, Image};
use super::measure::{self, Series};
use super::report::{columns, ratio};
use crate::Result;

/// What one of them took over all rounds: for the first time, and for the same again.
pub(super) struct Turns {
    pub(super) builder: Builder,
    pub(super) first: Series,
    pub(super) again: Series,
    /// Of the first time, without what the engine takes to load the same image; ours alone.
    pub(super) own: Series,
}

impl Turns {
    pub(super) fn all() -> [Self; 4] {
        Builder::ALL.map(|builder| Self {
            builder,
            first: Series::default(),
            again: Series::default(),
            own: Series::default(),
        })
    }

    /// Makes an image of what `fill` puts into a directory, twice.
    pub(super) fn round(
        &mut self,
        bench: &Bench,
        (image, name): (&Image<'_>, &str),
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let project = bench.project(self.builder.name(), name);
        let directory = bench.directory.join(format!("{}-{name}", self.builder.name()));
        std::fs::create_dir_all(&directory)?;
        fill(&directory)?;
        let timed = self.time(bench, image, (&directory, &project));
        std::fs::remove_dir_all(directory)?;
        bench.engine.sweep(&project)?;
        timed
    }

    fn time(&mut self, bench: &Bench, image: &Image<'_>, place: (&Path, &str)) -> Result<()> {
        let Some(mut first) = self.builder.command(bench, image, place, true)? else {
            return Ok(());
        };
        let whole = measure::time(&mut first, &bench.directory)?;
        self.first.add(whole);
        if self.builder == Builder::Windlass {
            let archive = bench.engine.image_archive(&format!("{}/all:latest", place.1))?;
            bench.engine.sweep(place.1)?;
            let since = Instant::now();
            bench.engine.load_image(&archive)?;
            self.own.add(whole.saturating_sub(since.elapsed()));
        }
        let again = self.builder.command(bench, image, place, false)?;
        if let Some(mut again) = again {
            self.again.add(measure::time(&mut again, &bench.directory)?);
        }
        Ok(())
    }
}

/// The least time of the Dockerfiles.
pub(super) fn fastest_dockerfile(all: &[Turns]) -> f64 {
    let dockerfiles = all.iter().filter(|turns| turns.builder.is_dockerfile());
    dockerfiles.map(|turns| turns.first.min()).fold(f64::NAN, f64::min)
}

pub(super) fn titles() -> Vec<String> {
    columns(&["who", "what", "first", "÷ windlass", "of it our own", "again", "÷ windlass"])
}

/// A row for each who is here; ours is the first.
pub(super) fn rows<'a>(what: &'a str, all: &'a [Turns]) -> impl Iterator<Item = Vec<String>> {
    let ours = &all[0];
    all.iter().filter(|turns| !turns.first.is_empty()).map(move |turns| {
        vec![
            turns.builder.words().into(),
            what.into(),
            turns.first.shown(),
            ratio(turns.first.min(), ours.first.min()),
            turns.own.shown(),
            turns.again.shown(),
            ratio(turns.again.min(), ours.again.min()),
        ]
    })
}
