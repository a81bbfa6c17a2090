//! The lock file of a project: where it is, and `--locked`.
//!
//! Invariant: with `--locked` nothing of the project comes from outside but by a digest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use windlass::config::{LOCK_FILE, read_lock_file};
use windlass::model::pins::Pins;
use windlass::model::project::Project;

use crate::discover;
use crate::invocation::Invocation;
use crate::load;
use crate::render::escape;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Where it is: beside the first file, and called after it if that has a name of its own.
pub(crate) fn place(invocation: &Invocation) -> Result<PathBuf> {
    let here = &invocation.environment.directory;
    let first = match invocation.files.first() {
        Some(file) if file == Path::new("-") => PathBuf::from(LOCK_FILE),
        Some(file) => file.clone(),
        None => discover::file(here)?,
    };
    Ok(beside(&first))
}

fn beside(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default();
    let mut name = stem.to_owned();
    if stem == "windlass" {
        name = LOCK_FILE.into();
    } else {
        name.push(".");
        name.push(LOCK_FILE);
    }
    file.with_file_name(name)
}

/// The pins of a lock file; none, if there is no file. What is wrong with it is said.
pub(crate) fn read(invocation: &Invocation, place: &Path) -> Result<Option<Pins>> {
    let name = place.to_string_lossy();
    let path = invocation.environment.directory.join(place);
    let read = match read_lock_file(&path, &name) {
        Ok(Some(read)) => read,
        Ok(None) => return Ok(None),
        Err(error) => {
            let message = format!("cannot read {}: {error}", escape::line(&name));
            return Err(Trouble::files(message, "`windlass lock` writes it anew"));
        }
    };
    load::show(&invocation.console, &read.diagnostics, &read.sources);
    read.pins.map(Some).ok_or(Trouble::Diagnosed)
}

/// `--locked`: the project with every image from outside by its digest.
pub(crate) fn pin(invocation: &Invocation, project: &mut Project) -> Result<()> {
    let place = place(invocation)?;
    let name = place.to_string_lossy();
    let name = escape::line(&name);
    let Some(pins) = read(invocation, &place)? else {
        let message = format!("there is no {name}");
        return Err(Trouble::files(message, "`windlass lock` writes it; keep it with the files"));
    };
    let used = project.outside_images(&windlass::image_bases(project));
    let missing: BTreeSet<&String> =
        used.keys().filter(|reference| !pins.0.contains_key(*reference)).collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().map(|one| escape::line(one)).collect();
        let message = format!("{name} has no digest of {}", words::and_list(&missing));
        let way = "`windlass lock` writes it anew; one that is on the engine only is `pull: never`";
        return Err(Trouble::files(message, way));
    }
    project.pin(&pins);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_lock_file_of_its_own() {
        for (file, expected) in [
            ("windlass.yaml", "windlass.lock"),
            ("../windlass.yml", "../windlass.lock"),
            ("/a/shop.yaml", "/a/shop.windlass.lock"),
            ("map.x.yaml", "map.x.windlass.lock"),
            (LOCK_FILE, LOCK_FILE),
        ] {
            assert_eq!(beside(Path::new(file)), Path::new(expected));
        }
    }
}
