//! `windlass login --check`: what is used to log in to registries, and whether they accept it.
//!
//! Invariant: user names and places are shown, and never what is secret.

use std::collections::BTreeSet;
use windlass::engine::RegistryAccess;
use windlass::engine::docker::registry_of_image;
use windlass::model::EngineName;
use windlass::model::image::ImageUse;
use windlass::model::project::Project;

use crate::args::Login;
use crate::exit::Exit;
use crate::hint;
use crate::invocation::{self, Invocation};
use crate::render::style::Role;
use crate::render::table::{Cell, table};
use crate::render::{escape, json};
use crate::session::Session;
use crate::trouble::{Result, Trouble, causes};

/// A registry as one engine sees it, for pulls, pushes or both.
struct Row {
    engine: EngineName,
    registry: String,
    purpose: &'static str,
    access: RegistryAccess,
}

pub(super) fn run(invocation: &Invocation, args: &Login) -> Result<Exit> {
    if !args.check {
        let way = "log in with `docker login`, or write the login under `engines.NAME.registries` of the file; \
                   `windlass login --check` says what is used";
        return Err(Trouble::usage("windlass stores no credentials", way));
    }
    let rows = invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut rows = Vec::new();
        for (engine, registry) in registries(&session.project, &args.registries) {
            rows.extend(check(&session, engine, registry).await?);
        }
        Ok(rows)
    })?;
    show(invocation, &rows);
    let is_in = rows.iter().all(|row| row.access.answer.is_ok());
    Ok(if is_in { Exit::Done } else { Exit::Failed })
}

/// The registries that are named, or all that the project uses, on each engine that uses them.
fn registries(project: &Project, named: &[String]) -> BTreeSet<(EngineName, String)> {
    if !named.is_empty() {
        let engines = project.engines.keys();
        let all = engines.flat_map(|engine| named.iter().map(|one| (engine.clone(), one.clone())));
        return all.collect();
    }
    let of = |reference: &str| registry_of_image(reference).to_owned();
    let declared = project.engines.iter().flat_map(|(engine, spec)| {
        let hosts = spec.registries.keys();
        hosts.map(|host| (engine.clone(), of(&format!("{host}/x"))))
    });
    let images = project.images.values().flat_map(|spec| {
        let external = spec.source.is_external().then(|| spec.reference.clone());
        let pushed = if spec.source.is_external() { Vec::new() } else { spec.pushed_references() };
        pushed.into_iter().chain(external)
    });
    let images = images.map(|reference| (project.default_engine(), of(&reference)));
    let used = project.containers.values().filter_map(|spec| match &spec.image {
        ImageUse::External(reference) => Some((spec.address.engine.clone(), of(reference))),
        ImageUse::Project(_) => None,
    });
    declared.chain(images).chain(used).collect()
}

/// Where pushes use another login, both are tried.
async fn check(session: &Session, name: EngineName, registry: String) -> Result<Vec<Row>> {
    let Some(engine) = session.engines.get(&name) else { return Ok(Vec::new()) };
    let declared =
        session.project.engines.get(&name).and_then(|spec| spec.registries.get(&registry));
    let differs = declared.is_some_and(|spec| spec.push.is_some());
    let purposes: &[_] =
        if differs { &[("pull", false), ("push", true)] } else { &[("pull, push", true)] };
    let mut rows = Vec::new();
    for (purpose, push) in purposes {
        let access = match engine.check_registry(&registry, *push).await {
            Ok(access) => access,
            Err(error) => RegistryAccess { credentials: None, answer: Err(error) },
        };
        if let Err(error) = &access.answer
            && hint::is_about_the_connection(&error.fault)
        {
            let RegistryAccess { answer, .. } = access;
            return answer.map(|()| rows).map_err(|error| Trouble::engine("log in", error));
        }
        rows.push(Row { engine: name.clone(), registry: registry.clone(), purpose, access });
    }
    Ok(rows)
}

fn show(invocation: &Invocation, rows: &[Row]) {
    let console = &invocation.console;
    let mut lines = Vec::new();
    for Row { engine, registry, purpose, access } in rows {
        let found = access.credentials.as_ref();
        let username = found.and_then(|found| found.username.as_deref());
        let refusal = access.answer.as_ref().err().map(|error| {
            let causes = causes(error);
            let all = std::iter::once(&error.message).chain(&causes);
            all.map(String::as_str).collect::<Vec<_>>().join(": ")
        });
        if console.is_json {
            let fields = serde_json::json!({
                "registry": registry, "engine": engine.as_str(), "for": purpose,
                "origin": found.map(|found| &found.origin), "username": username,
                "accepted": refusal.is_none(), "message": refusal,
            });
            console.json(&json::object("registry", fields));
            continue;
        }
        let text = |text: &str| Cell::from(escape::line(text).into_owned());
        lines.push(vec![
            text(registry),
            text(engine.as_str()),
            text(purpose),
            text(found.map_or("none", |found| &found.origin)),
            text(username.unwrap_or_default()),
            match &refusal {
                None => Cell::painted("accepted", Role::Create),
                Some(why) => Cell::painted(format!("refused: {}", escape::line(why)), Role::Error),
            },
        ]);
    }
    if !console.is_json && !console.quiet {
        let titles = ["REGISTRY", "ENGINE", "FOR", "CREDENTIALS", "USER", "ANSWER"];
        console.result(&table(&titles, &lines, console.stdout));
    }
}
