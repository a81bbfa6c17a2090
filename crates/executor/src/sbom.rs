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
use windlass_image::sbom::{DATABASES, InstalledPackage, ResourceFiles, Sbom, UNREADABLE};
use windlass_image::source::Recipe;
use windlass_model::image::ImageSpec;

use crate::failure;
use crate::provision::Desk;
use crate::step::Result;

/// The document (SPDX 2.3) of an image that was built. `references` has the reference of each image of the project, by its key;
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
) -> Result<Value> {
    let (read, all, known) = (spec.clone(), references.clone(), files.clone());
    let made = tokio::task::spawn_blocking(move || made_of(&read, &all, &known)).await;
    let (base, resources) = made.expect("invariant: reading local files does not panic")?;
    let views = ImageViews::beside(files);
    let desk = Desk { engine, views: &views, says: &|_| () };
    let wanted: BTreeSet<String> = DATABASES.map(str::to_owned).into();
    let (id, mut saved) = desk.look(&spec.reference, wanted.clone()).await?;
    let there: Vec<&str> = DATABASES.into_iter().filter(|at| is_there(&saved.view, at)).collect();
    // What was known of the image need not have them.
    if there.iter().any(|place| text(&saved.view, place).is_none()) {
        saved = desk.saved(&id, wanted).await?;
    }
    let view = &saved.view;
    let packages = there.iter().filter_map(|place| Some((place, text(view, place)?)));
    let packages = packages.flat_map(|(place, text)| InstalledPackage::read(place, &text));
    let facts = Facts::of(view, Mode::Image, &saved.base.architecture);
    let os = facts.map(|facts| (facts.os_id, facts.os_version)).unwrap_or_default();
    let document = Sbom {
        name: spec.reference.clone(),
        id,
        base,
        os,
        packages: packages.collect(),
        has_unread_packages: UNREADABLE.iter().any(|place| is_there(view, place)),
        resources,
        created_s,
        version: program.to_owned(),
    };
    Ok(document.spdx())
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

fn text(view: &ImageView, path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    view.open(path).ok()?.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
