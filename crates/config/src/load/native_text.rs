//! Files of Harpoon as a tree in the native format, to be written down.
//!
//! Invariant: nothing of the environment is in it: what depends on that stays a template.

use serde_json::Value as Json;

use super::{Dialect, LoadOptions, tree};
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::yaml::{Node, Resolved, Style, Value};

/// What came of it, with what was found on the way.
#[derive(Debug)]
pub struct NativeTree {
    /// Only if there are no errors.
    pub tree: Option<Json>,
    pub diagnostics: Diagnostics,
    pub sources: SourceMap,
}

/// The tree that windlass.yaml would have, of files in Harpoon's dialect. Values from outside (`--set`) are left out.
pub fn native_tree(options: &LoadOptions) -> NativeTree {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::default();
    let env = options.env.iter().filter(|(name, _)| !name.starts_with("WINDLASS_VAR_"));
    let env = env.map(|(name, value)| (name.clone(), value.clone())).collect();
    let options =
        LoadOptions { dialect: Dialect::Harpoon, set: Vec::new(), env, ..options.clone() };
    let root = tree::read_to_write(&options, &mut sources, &mut diagnostics);
    let tree = root.filter(|_| !diagnostics.has_errors()).map(|root| json(&root.node));
    diagnostics.sort();
    NativeTree { tree, diagnostics, sources }
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(scalar) if scalar.style == Style::Rendered => {
            let is_template = scalar.text.contains("{{") || scalar.text.contains("{%");
            Json::from(if is_template {
                crate::harpoon::escaped(&scalar.text)
            } else {
                scalar.text.to_string()
            })
        }
        Value::Scalar(scalar) if scalar.resolve() == Resolved::Null => Json::Null,
        Value::Scalar(_) => node.to_json(),
        Value::Sequence(items) => items.iter().map(|item| json(item)).collect(),
        Value::Mapping(map) => {
            let entries = map.entries().iter();
            entries.map(|entry| (entry.key.text.to_string(), json(&entry.value))).collect()
        }
    }
}
