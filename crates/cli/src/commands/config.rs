//! `windlass config`: the files checked, and the project that they declare.
//!
//! Invariant: asks no engine, and shows no secret.

use std::collections::BTreeSet;
use windlass::model::digest::Digest;
use windlass::model::project::Project;

use crate::args::Config;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load::load_with_origin;
use crate::render::{escape, json, long, yaml};
use crate::session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Config) -> Result<Exit> {
    let console = &invocation.console;
    // So that it is seen where the words of a task go.
    let with_place = Invocation { words: vec![long::PLACE.to_owned()], ..invocation.clone() };
    let (project, origin) = load_with_origin(&with_place)?;
    // As with Compose: quiet only checks.
    if args.check || (console.quiet && !console.is_json && !args.shows_a_list()) {
        let secrets = windlass::check_secrets(&project, &invocation.environment.variables);
        let inputs = windlass::check_inputs(&project);
        if !(secrets.is_empty() && inputs.is_empty()) {
            return Err(Trouble::Found(origin.unreadable(&inputs, &secrets)));
        }
        console.say(&format!("{} is well.\n", project.name));
        return Ok(Exit::Done);
    }
    let lines: Option<Vec<String>> = if args.services {
        Some(project.containers.keys().map(|address| address.name.to_string()).collect())
    } else if args.images {
        Some(images(&project).into_iter().collect())
    } else if args.image_keys {
        Some(project.images.keys().cloned().collect())
    } else if args.tasks {
        Some(project.tasks.keys().cloned().collect())
    } else if args.order {
        let order = windlass::order(&project);
        Some(order.into_iter().map(|address| address.name.to_string()).collect())
    } else if args.hash {
        Some(hashes(&project))
    } else {
        None
    };
    match (lines, console.is_json) {
        (Some(lines), true) => {
            console.json(&json::object("list", serde_json::json!({"items": lines})));
        }
        (Some(lines), false) => {
            for line in lines {
                console.result(&format!("{}\n", escape::line(&line)));
            }
        }
        (None, true) => {
            console.json(&json::object("project", long::project(&project)));
        }
        (None, false) => {
            let long::Written { file, withheld } =
                long::written(&project, &origin.vars, origin.shares_ports);
            for path in withheld {
                let path = escape::line(&path);
                console.say(&format!(
                    "{path} has a secret and things that only the file knows: it is not printed.\n"
                ));
            }
            console.result(&yaml::emit(&file));
        }
    }
    Ok(Exit::Done)
}

fn images(project: &Project) -> BTreeSet<String> {
    let declared = project.images.values().map(|image| image.reference.clone());
    let used =
        project.containers.values().map(|spec| session::image_reference(project, &spec.image));
    declared.chain(used).collect()
}

/// Of everything that is said about a container, secrets left out.
fn hashes(project: &Project) -> Vec<String> {
    let all = long::project(project);
    let containers = all.get("containers").and_then(serde_json::Value::as_object);
    let hash = |(name, container): (&String, &serde_json::Value)| {
        format!("{name} {}", Digest::of([container.to_string()]))
    };
    containers.into_iter().flatten().map(hash).collect()
}
