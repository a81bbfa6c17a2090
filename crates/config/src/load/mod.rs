//! Files to project: the first of the four functions.
//!
//! Invariant: `load` always gives all findings, and a project only if none of them is an error.

mod bundle;
mod harpoon_files;
mod merge;
mod native_text;
pub(crate) use merge::merge;
mod options;
mod resources;
mod tree;

pub use bundle::{LoadedBundle, diagnose_resources, load_bundle};
pub use native_text::{NativeTree, native_tree};
pub use options::{Dialect, LoadOptions};

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_model::project::Project;

use crate::diagnostic::Diagnostics;
use crate::lower::{Overlay, lower};
use crate::native;
use crate::places::Places;
use crate::read::{Item, Reader, did_you_mean};
use crate::source::SourceMap;
use crate::template::{TemplateInputs, Templates};
use crate::yaml::Node;

/// What came of loading.
#[derive(Debug)]
pub struct Loaded {
    /// Only if there are no errors.
    pub project: Option<Project>,
    /// In the order of the files.
    pub diagnostics: Diagnostics,
    pub sources: SourceMap,
    pub places: Places,
    /// The variables that templates of sensitive values ask for, as they are written.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// What `--set` names and nothing in the files asks for or declares, each with a hint.
    pub unused_set: Vec<(String, String)>,
}

/// Reads, merges, evaluates, decodes, lowers and checks.
pub fn load(options: &LoadOptions) -> Loaded {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::default();
    let root = tree::read(options, &mut sources, &mut diagnostics);
    let mut overlay = None;
    if let (Some(task), Some(root)) = (&options.task, &root) {
        let (sources, diagnostics) = (sources.clone(), diagnostics.clone());
        let (loaded, mut overlays) = finish(options, Some(root.clone()), sources, diagnostics);
        overlay = overlays.remove(task);
        if overlay.is_none() || loaded.project.is_none() {
            return loaded;
        }
    }
    let root = match (root, overlay) {
        (Some(root), Some(overlay)) => Some(root.under(overlay)),
        (root, _) => root,
    };
    finish(options, root, sources, diagnostics).0
}

/// As [`load`], of a tree in the native format's sections that no file says.
pub(crate) fn load_tree(options: &LoadOptions, sources: SourceMap, node: Arc<Node>) -> Loaded {
    let root = tree::Root { node, variables: Vec::new() };
    finish(options, Some(root), sources, Diagnostics::default()).0
}

fn finish(
    options: &LoadOptions,
    root: Option<tree::Root>,
    sources: SourceMap,
    diagnostics: Diagnostics,
) -> (Loaded, BTreeMap<String, Overlay>) {
    let mut overlays = BTreeMap::new();
    let mut loaded = Loaded {
        project: None,
        diagnostics,
        sources,
        places: Places::default(),
        vars: BTreeMap::new(),
        unused_set: Vec::new(),
    };
    if let Some(root) = root {
        overlays = interpret(options, root, &mut loaded);
    }
    loaded.diagnostics.sort();
    if loaded.diagnostics.has_errors() {
        loaded.project = None;
    }
    (loaded, overlays)
}

/// Gives, by task, what lies over the files while it runs.
fn interpret(
    options: &LoadOptions,
    root: tree::Root,
    loaded: &mut Loaded,
) -> BTreeMap<String, Overlay> {
    let mut overlays = BTreeMap::new();
    let directory = options.root();
    let templates = Templates::new(TemplateInputs {
        env: options.env.clone(),
        args: options.args.clone(),
        home: options.home.clone(),
        config_root: directory.clone(),
        secrets_optional: options.secrets_optional,
        dialect: options.dialect,
    });
    let reader = Reader::new(std::mem::take(&mut loaded.sources), templates, options.dialect);
    let given = native::Given {
        name: options.project.as_deref(),
        origin: options.origin(),
        dialect: options.dialect,
        // A map that is built in code has engines.
        says_clients: options.dialect == Dialect::DockerMap && !options.files.is_empty(),
        root: &directory,
    };
    if let Some(document) = native::read(&reader, Item::root(root.node), &given) {
        let lowered = lower(&reader, document);
        loaded.project = Some(lowered.project);
        loaded.places = lowered.places;
        overlays = lowered.overlays;
    }
    let vars = reader.templates().kept_vars();
    loaded.vars = vars.into_iter().map(|(name, node)| (name, node.to_json())).collect();
    loaded.unused_set = unused(options, &root.variables, &reader);
    let (found, sources) = reader.into_parts();
    loaded.diagnostics.extend(found);
    loaded.sources = sources;
    overlays
}

fn unused(options: &LoadOptions, declared: &[String], reader: &Reader) -> Vec<(String, String)> {
    let is_unused =
        |name: &&String| !declared.contains(name) && !reader.templates().asked_for(name);
    let names = options.set.iter().map(|(name, _)| name).filter(is_unused);
    let hint = |name: &String| {
        let known = declared.iter().map(String::as_str);
        did_you_mean(name, known).unwrap_or_else(|| "declare it under `vars`".to_owned())
    };
    names.map(|name| (name.clone(), hint(name))).collect()
}
