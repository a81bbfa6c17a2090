//! Files to project: the first of the four functions.
//!
//! Invariant: `load` always gives all findings, and a project only if none of them is an error.

mod merge;
mod options;
mod tree;

pub use options::{Dialect, LoadOptions};

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::Address;
use windlass_model::project::Project;

use crate::diagnostic::Diagnostics;
use crate::lower::lower;
use crate::native;
use crate::read::{Item, Reader};
use crate::source::{SourceMap, Span};
use crate::template::{TemplateInputs, Templates};

/// What came of loading.
#[derive(Debug)]
pub struct Loaded {
    /// Only if there are no errors.
    pub project: Option<Project>,
    /// In the order of the files.
    pub diagnostics: Diagnostics,
    pub sources: SourceMap,
    /// Where each object's key is, for what is found out later.
    pub places: BTreeMap<Address, Span>,
    /// Tasks that take the words after `--` by themselves; other tasks get them appended to their command.
    pub tasks_with_args: BTreeSet<String>,
}

/// Reads, merges, evaluates, decodes, lowers and checks.
pub fn load(options: &LoadOptions) -> Loaded {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::default();
    let root = tree::read(options, &mut sources, &mut diagnostics);
    let mut loaded = Loaded {
        project: None,
        diagnostics,
        sources,
        places: BTreeMap::new(),
        tasks_with_args: BTreeSet::new(),
    };
    if let Some(root) = root {
        interpret(options, root, &mut loaded);
    }
    loaded.diagnostics.sort();
    if loaded.diagnostics.has_errors() {
        loaded.project = None;
    }
    loaded
}

fn interpret(options: &LoadOptions, root: std::sync::Arc<crate::yaml::Node>, loaded: &mut Loaded) {
    let directory = options.root();
    let templates = Templates::new(TemplateInputs {
        env: options.env.clone(),
        args: options.args.clone(),
        home: options.home.clone(),
        config_root: directory.clone(),
        secrets_optional: options.secrets_optional,
    });
    let reader = Reader::new(std::mem::take(&mut loaded.sources), templates);
    let given = native::Given { name: options.project.as_deref(), root: &directory };
    let document = match options.dialect {
        Dialect::Windlass => native::read(&reader, &Item::root(root), &given),
    };
    if let Some(document) = document {
        let lowered = lower(&reader, &document);
        loaded.project = Some(lowered.project);
        loaded.places = lowered.places;
        loaded.tasks_with_args = lowered.tasks_with_args;
    }
    let (found, sources) = reader.into_parts();
    loaded.diagnostics.extend(found);
    loaded.sources = sources;
}
