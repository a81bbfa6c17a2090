//! What is in an image that an engine has, as a document for whoever has to account for it.
//!
//! Invariant: an image is only looked at, and what it is made of is read as a build reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::Arc;

use serde_json::Value;
use windlass_bundle::{Facts, Mode, View as _};
use windlass_engine::Engine;
use windlass_image::file_digests::FileDigests;
use windlass_image::layer::{ImageView, ImageViews};
use windlass_image::sbom::{DATABASES, DIRECTORIES, InstalledPackage, OTHERS, ResourceFiles, Sbom};
use windlass_image::source::Recipe;
use windlass_model::image::ImageSpec;

use crate::failure;
use crate::lookup;
use crate::provision::Desk;
use crate::step::Result;

/// What is in an image.
#[derive(Debug)]
pub struct SbomDocument {
    /// SPDX 2.3.
    pub json: Value,
    /// Of what there are packages that can't be read, and so are not in it: `rpm`, a place.
    pub unread: Vec<String>,
}

/// The document of an image that was built. `references` has the reference of each image of the project, by its key;
/// `program` is the version of the program that writes it, `created_s` the moment that is in it, in seconds since 1970.
///
/// # Errors
///
/// If the engine does not have the image, or a file of this machine that it is made of can't be read any more.
pub async fn sbom(
    engine: &Arc<dyn Engine>,
    spec: &ImageSpec,
    references: &BTreeMap<String, String>,
    files: &FileDigests,
    (program, created_s): (&str, u64),
) -> Result<SbomDocument> {
    let (read, all, known) = (spec.clone(), references.clone(), files.clone());
    let made = tokio::task::spawn_blocking(move || made_of(&read, &all, &known)).await;
    let (base, resources) = made.expect("invariant: reading local files does not panic")?;
    let views = ImageViews::beside(files);
    let desk = Desk { engine, views: &views, says: &|_| () };
    let wanted: BTreeSet<String> = DATABASES.map(str::to_owned).into();
    let (id, mut saved) = desk.look(&spec.reference, wanted).await?;
    let there = databases(&saved.view);
    // What was known of the image need not have them.
    if there.iter().any(|place| contents(&saved.view, place).is_none()) {
        saved = desk.saved(&id, there.iter().cloned().collect()).await?;
    }
    let view = &saved.view;
    let (packages, unread) = installed(view, &there);
    let facts = Facts::of(view, Mode::Image, &saved.base.architecture);
    let os = facts.map(|facts| (facts.os_id, facts.os_version)).unwrap_or_default();
    let base_id = match &base {
        Some(base) => base_id(desk, base, &saved.base.diff_ids).await?,
        None => None,
    };
    let document = Sbom {
        name: spec.reference.clone(),
        id,
        base,
        base_id,
        os,
        packages,
        unread: unread.clone(),
        resources,
        created_s,
        version: program.to_owned(),
    };
    Ok(SbomDocument { json: document.spdx(), unread })
}

/// The id of the base, if what has its name is still what an image of these layers was made on.
async fn base_id(desk: Desk<'_>, base: &str, layers: &[String]) -> Result<Option<String>> {
    let found = lookup::if_there(|| desk.engine.inspect_image(base)).await;
    if found.map_err(failure::from_engine)?.is_none() {
        return Ok(None);
    }
    let (id, saved) = desk.look(base, BTreeSet::new()).await?;
    Ok(layers.starts_with(&saved.base.diff_ids).then_some(id))
}

fn made_of(
    spec: &ImageSpec,
    references: &BTreeMap<String, String>,
    files: &FileDigests,
) -> Result<(Option<String>, ResourceFiles)> {
    let wrong = |error: &dyn std::error::Error| failure::local(error.to_string());
    let Recipe::Provision(recipe) =
        Recipe::read(spec, references).map_err(|error| wrong(&error))?
    else {
        return Ok((None, ResourceFiles::default()));
    };
    let recipe = recipe.gather(files).map_err(|error| wrong(&error))?;
    let resources = ResourceFiles::of(&recipe.bundle).map_err(|error| wrong(&error))?;
    Ok((recipe.images.first().map(|base| base.image.clone()), resources))
}

fn is_there(view: &ImageView, path: &str) -> bool {
    view.metadata(path).is_ok_and(|found| found.is_some())
}

/// Those that the image has.
fn databases(view: &ImageView) -> Vec<String> {
    let files = DATABASES.iter().filter(|place| is_there(view, place));
    let mut all: Vec<String> = files.map(|place| (*place).to_owned()).collect();
    for directory in DIRECTORIES {
        let names = view.list(directory).unwrap_or_default().into_iter();
        let names = names.filter(|name| !name.ends_with(".md5sums"));
        all.extend(names.map(|name| format!("{directory}/{name}")));
    }
    all
}

/// Packages, and of what there are some that can't be read.
fn installed(view: &ImageView, there: &[String]) -> (Vec<InstalledPackage>, Vec<String>) {
    let (mut packages, mut unread) = (Vec::new(), BTreeSet::new());
    let mut is_read = BTreeSet::new();
    for place in there {
        // What is not in the database yet is in its log.
        let log = view.metadata(&format!("{place}-wal"));
        let is_whole = log.is_ok_and(|log| log.is_none_or(|log| log.size == 0));
        let found = contents(view, place).filter(|_| is_whole);
        match found.and_then(|bytes| InstalledPackage::read(place, &bytes)) {
            Some(found) => {
                is_read.extend(found.iter().map(|one| one.kind));
                packages.extend(found);
            }
            None => drop(unread.insert(place.clone())),
        }
    }
    let others = OTHERS.iter().filter(|(place, _)| is_there(view, place));
    let others = others.filter(|(_, whose)| !is_read.contains(whose));
    unread.extend(others.map(|(_, whose)| (*whose).to_owned()));
    (packages, unread.into_iter().collect())
}

fn contents(view: &ImageView, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    view.open(path).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
