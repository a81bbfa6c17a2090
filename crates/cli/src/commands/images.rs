//! `windlass images`: the images that the project uses, and whether they are there.
//!
//! Invariant: one list per engine is all that is asked.

use std::collections::{BTreeMap, BTreeSet};
use windlass::model::image::{ImageSource, ImageUse};

use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::style::Role;
use crate::render::table::{Cell, table};
use crate::render::{escape, json};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use crate::words;

pub(super) fn run(invocation: &Invocation) -> Result<Exit> {
    let console = &invocation.console;
    let (wanted, lists) = invocation::block_on(async {
        let session = Session::open(invocation)?;
        let wanted = wanted(&session);
        let mut lists = BTreeMap::new();
        for (name, engine) in &session.engines {
            let images = engine.list_images().await;
            lists.insert(
                name.clone(),
                images.map_err(|error| Trouble::engine("list images", error))?,
            );
        }
        Ok((wanted, lists))
    })?;
    let mut rows = Vec::new();
    for (reference, (source, users)) in &wanted {
        let familiar = windlass::model::image::familiar_reference(reference);
        let found = lists.values().flatten().find(|image| image.references.contains(&familiar));
        if console.is_json {
            let fields = serde_json::json!({
                "reference": reference, "source": source, "used_by": users,
                "id": found.map(|image| image.id.as_str()),
                "size_bytes": found.map(|image| image.size_bytes),
                "created_s": found.map(|image| image.created_s),
            });
            console.json(&json::object("image", fields));
            continue;
        }
        if console.quiet {
            if let Some(image) = found {
                console.result(&format!("{}\n", escape::line(image.id.as_str())));
            }
            continue;
        }
        let users: Vec<_> = users.iter().map(|user| escape::line(user)).collect();
        // What is made of resources has the moment of all such images: it has no age.
        let age = |created_s| {
            let is_told = created_s > 24 * 60 * 60;
            if is_told { words::age(invocation::now_s() - created_s) } else { "-".to_owned() }
        };
        rows.push(vec![
            escape::line(reference).into_owned().into(),
            Cell::from((*source).to_owned()),
            words::and_list_up_to(&users, 3).into(),
            match found {
                Some(image) => image.id.short().to_owned().into(),
                None => Cell::painted("absent", Role::Faint),
            },
            found.map_or(String::new(), |image| words::bytes(image.size_bytes)).into(),
            found.map_or(String::new(), |image| age(image.created_s)).into(),
        ]);
    }
    if !console.is_json && !console.quiet {
        let titles = ["REFERENCE", "SOURCE", "USED BY", "ID", "SIZE", "AGE"];
        console.result(&table(&titles, &rows, console.stdout));
    }
    Ok(Exit::Done)
}

/// Where each reference comes from, and who uses it.
fn wanted(session: &Session) -> BTreeMap<String, (&'static str, BTreeSet<String>)> {
    let mut wanted: BTreeMap<String, (&'static str, BTreeSet<String>)> = BTreeMap::new();
    for spec in session.project.images.values() {
        let source = match &spec.source {
            ImageSource::Commands { .. }
            | ImageSource::Dockerfile { .. }
            | ImageSource::Provision(_) => "built",
            ImageSource::Import { .. } => "imported",
            ImageSource::External { .. } => "pulled",
        };
        wanted.entry(spec.reference.clone()).or_insert((source, BTreeSet::new()));
    }
    for spec in session.project.containers.values() {
        let source = match &spec.image {
            ImageUse::Project(_) => "built",
            ImageUse::External(_) => "pulled",
        };
        let reference = session.image_reference(&spec.image);
        let entry = wanted.entry(reference).or_insert((source, BTreeSet::new()));
        entry.1.insert(spec.address.name.to_string());
    }
    wanted
}
