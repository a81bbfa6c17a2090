//! Bundle files: resources on their own, for a host or a directory.
//!
//! Invariant: as with projects, all findings are given, and a bundle only if none of them is an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_bundle::{Bundle, Resource, ResourceError};
use windlass_model::secret::SecretSpec;

use super::{LoadOptions, tree, unused};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Secret;
use crate::native::resource::{self, ResourcePlace, Resources};
use crate::native::{secret, section};
use crate::read::{Field, Item, Reader};
use crate::source::{SourceMap, Span};
use crate::template::{TemplateInputs, Templates};

/// What came of loading a bundle file.
#[derive(Debug)]
pub struct LoadedBundle {
    /// Only if there are no errors.
    pub bundle: Option<Bundle>,
    /// Where each resource is written, by its place in the bundle.
    pub places: Vec<ResourcePlace>,
    /// Where the values are that its commands may be given.
    pub secrets: BTreeMap<String, SecretSpec>,
    /// Where each secret's source is.
    pub secret_places: BTreeMap<String, Span>,
    /// In the order of the files.
    pub diagnostics: Diagnostics,
    pub sources: SourceMap,
    /// What `--set` names and nothing in the files asks for or declares, each with a hint.
    pub unused_set: Vec<(String, String)>,
}

impl LoadedBundle {
    /// What could not be planned or applied, at the place of the resource that it is about.
    pub fn diagnose(&self, errors: &[ResourceError]) -> Diagnostics {
        let resources = self.bundle.as_ref().map_or(&[][..], |bundle| &bundle.resources);
        diagnose_resources(resources, &self.places, errors)
    }
}

/// What could not be planned or applied, at the place of the resource that it is about.
pub fn diagnose_resources(
    resources: &[Resource],
    places: &[ResourcePlace],
    errors: &[ResourceError],
) -> Diagnostics {
    let mut found = Diagnostics::default();
    for error in errors {
        let mut all = resources.iter();
        let index = error.index().or_else(|| all.position(|one| one.id() == error.id));
        let place = index.and_then(|index| places.get(index));
        found.push(match place {
            Some(place) => resource::diagnostic(places, place, error),
            None => {
                Diagnostic::error("bad-resource", error.to_string()).maybe_help(error.help.clone())
            }
        });
    }
    found.sort();
    found
}

/// Reads a file of resources: `resources`, `secrets` for their commands, `vars` for its templates, `include`.
pub fn load_bundle(options: &LoadOptions) -> LoadedBundle {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::default());
    let root = tree::read(options, &mut sources, &mut diagnostics);
    let mut loaded = LoadedBundle {
        bundle: None,
        places: Vec::new(),
        secrets: BTreeMap::new(),
        secret_places: BTreeMap::new(),
        diagnostics,
        sources,
        unused_set: Vec::new(),
    };
    if let Some(root) = root {
        let templates = Templates::new(TemplateInputs {
            env: options.env.clone(),
            args: options.args.clone(),
            home: options.home.clone(),
            config_root: options.root(),
            secrets_optional: false,
            dialect: options.dialect,
        });
        let reader = Reader::new(std::mem::take(&mut loaded.sources), templates, options.dialect);
        let (resources, secrets) = read(&reader, &Item::root(root.node));
        loaded.bundle = Some(resources.bundle);
        loaded.places = resources.places;
        let (names, places) = (secrets.keys().cloned(), secrets.values());
        loaded.secret_places = names.zip(places.map(|secret| secret.place)).collect();
        let specs = secrets.into_iter().filter_map(|(name, secret)| {
            Some((name.clone(), SecretSpec { name, source: secret.source? }))
        });
        loaded.secrets = specs.collect();
        loaded.unused_set = unused(options, &root.variables, &reader);
        let (found, sources) = reader.into_parts();
        loaded.diagnostics.extend(found);
        loaded.sources = sources;
    }
    loaded.diagnostics.sort();
    if loaded.diagnostics.has_errors() {
        loaded.bundle = None;
    }
    loaded
}

#[derive(Default)]
struct Sections {
    vars: Option<Item>,
    resources: Option<Item>,
    secrets: Option<Item>,
}

const SECTIONS: &[Field<Sections>] = &[
    Field { name: "vars", read: |s, _, i| s.vars = Some(i.clone()) },
    Field { name: "include", read: |_, _, _| {} },
    Field { name: "resources", read: |s, _, i| s.resources = Some(i.clone()) },
    Field { name: "secrets", read: |s, _, i| s.secrets = Some(i.clone()) },
];

/// What only a project has.
const OF_PROJECT: &[&str] = &["containers", "images", "networks", "volumes", "tasks"];
const IS_PROJECT: &str =
    "this is a project: `windlass up` runs it; `apply` takes a file of `resources`";

type Secrets = BTreeMap<String, Secret>;

fn read(reader: &Reader, root: &Item) -> (Resources, Secrets) {
    let mut sections = Sections::default();
    if !reader.fields(root, &mut sections, &[SECTIONS]) {
        return Default::default();
    }
    let of_project = OF_PROJECT.iter().filter_map(|key| root.get(key));
    let of_project: Vec<Span> = of_project.map(|item| item.key_span()).collect();
    for span in &of_project {
        reader.advise(*span, IS_PROJECT);
    }
    if let Some(vars) = &sections.vars {
        if vars.node.as_mapping().is_some() {
            reader.templates().set_vars(Some(Arc::clone(&vars.node)));
        } else {
            reader.expected(vars, "a mapping of variables", None);
        }
    }
    let declared = section(reader, sections.secrets.as_ref(), "secrets", |_, item| {
        secret::secret(reader, item)
    });
    // Resources take no values of them.
    let unread = |_: &str| Ok(String::new());
    reader.templates().set_secrets(declared.keys().cloned().collect(), Box::new(unread));
    let resources = if let Some(item) = &sections.resources {
        resource::read(reader, item)
    } else {
        let found = reader.error(root, "missing-key", "the file has no `resources`");
        reader.report(found.help(if of_project.is_empty() {
            "write `resources:` and below it `- file: {path: /etc/motd}`"
        } else {
            IS_PROJECT
        }));
        Resources::default()
    };
    resources.check_sources().for_each(|found| reader.report(found));
    for place in &resources.places {
        for name in place.secrets.iter().filter(|name| !declared.contains_key(&name.value)) {
            let known = declared.keys().map(String::as_str);
            let path = format!("{}.secrets", place.path);
            reader.report(reader.unknown("secret", name, path, known));
        }
    }
    let found = reader.templates().check_vars(&reader.sources());
    reader.report_all(found);
    (resources, declared)
}
