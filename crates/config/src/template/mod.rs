//! Templates: `{{ expr }}` in strings, evaluated once, when a value is read.
//!
//! Invariant: text without `{{` or `{%` never gets here, and a value that a secret went into is always marked so.

mod convert;
mod evaluate;
mod filters;
mod guard;
mod names;
mod objects;
mod size;
mod state;

pub use names::{Named, Scope};
pub use state::{SecretReader, UnreadSecret, Uses};

use std::collections::{BTreeMap, HashMap};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use crate::Dialect;
use crate::diagnostic::Diagnostics;
use crate::read::Path;
use crate::source::SourceMap;
use crate::yaml::{Node, Scalar, Style, Value};

use state::State;

/// What templates may look at beside the document.
pub struct TemplateInputs {
    /// The caller's environment.
    pub env: BTreeMap<String, String>,
    /// The words after `--`.
    pub args: Vec<String>,
    pub home: Option<PathBuf>,
    /// Directory of the main file.
    pub config_root: PathBuf,
    /// A secret that cannot be read is empty, not a finding.
    pub secrets_optional: bool,
    /// In whose words advice is given.
    pub dialect: Dialect,
}

/// The template engine of one load.
pub struct Templates {
    state: Arc<State>,
    home: Option<PathBuf>,
}

impl Templates {
    pub fn new(inputs: TemplateInputs) -> Self {
        let home = inputs.home.clone();
        Self { state: State::new(inputs), home }
    }

    /// Whether a scalar has anything to evaluate.
    pub fn is_template(scalar: &Scalar) -> bool {
        scalar.style != Style::Rendered
            && scalar.text.contains('{')
            && (scalar.text.contains("{{") || scalar.text.contains("{%"))
    }

    pub fn home(&self) -> Option<&FilePath> {
        self.home.as_deref()
    }

    pub fn env(&self) -> &BTreeMap<String, String> {
        self.state.env()
    }

    /// Whether nothing is made of what is read.
    pub fn makes_nothing(&self) -> bool {
        self.state.secrets_optional
    }

    pub fn set_project(&self, name: &str) {
        self.state.set_project(name);
    }

    pub fn set_vars(&self, vars: Option<Arc<Node>>) {
        self.state.set_vars(vars);
    }

    /// Runs something with more variables, which win over those of the file, for that time.
    pub fn with_vars<T>(&self, more: &Arc<Node>, work: impl FnOnce() -> T) -> T {
        let (before, cache) = {
            let mut inner = self.state.inner();
            let vars = match &inner.vars {
                Some(vars) => crate::load::merge(vars, more),
                None => Arc::clone(more),
            };
            // What was evaluated with the others would not see these, and the other way round.
            (inner.vars.replace(vars), std::mem::take(&mut inner.cache))
        };
        let result = work();
        let mut inner = self.state.inner();
        inner.vars = before;
        inner.cache = cache;
        result
    }

    /// Runs something that takes no secret: none is read for it, and one that is asked for is told as that.
    pub fn without_secrets<T>(&self, work: impl FnOnce() -> T) -> T {
        let swap = |checking, cache| {
            let mut inner = self.state.inner();
            // A variable with a secret is another one here.
            (
                std::mem::replace(&mut inner.checking, checking),
                std::mem::replace(&mut inner.cache, cache),
            )
        };
        let (checking, cache) = swap(true, HashMap::new());
        let result = work();
        swap(checking, cache);
        result
    }

    /// Makes names known; until then templates that ask for them are refused.
    pub fn set_names(&self, scope: Scope, names: BTreeMap<String, Named>) {
        self.state.set_names(scope, names);
    }

    pub fn set_secrets(&self, names: Vec<String>, reader: SecretReader) {
        self.state.set_secrets(names, reader);
    }

    /// Begins an owner: from here on, what templates use is recorded for it, and `self` is it.
    pub fn enter(&self, name: &str, node: Arc<Node>) {
        self.state.enter(name, node);
    }

    /// Ends the owner; gives what its templates used.
    pub fn leave(&self) -> Uses {
        self.state.leave()
    }

    /// Evaluates a scalar that is a template. The result has the scalar's place.
    pub fn render(
        &self,
        node: &Arc<Node>,
        path: &Path,
        sources: &SourceMap,
    ) -> Result<Node, Diagnostics> {
        evaluate::render(&self.state, node, path, sources)
    }

    /// Lets go of the names, once no template is left to ask for them.
    pub fn forget_names(&self) {
        self.state.forget_names();
    }

    /// Whether the variables that templates ask for from now on are kept: what is printed as it is written needs them.
    pub fn keep(&self, keeps: bool) {
        self.state.inner().keeps = keeps;
    }

    /// Whether a template asked for a variable.
    pub fn asked_for(&self, variable: &str) -> bool {
        self.state.inner().asked.contains(variable)
    }

    /// The variables, as they are written, that the templates of what is printed as it is written ask for: sensitive values, and
    /// what [`Self::keep`] says.
    pub fn kept_vars(&self) -> BTreeMap<String, Arc<Node>> {
        let inner = self.state.inner();
        let mut kept = BTreeMap::new();
        let Some(vars) = inner.vars.as_ref().and_then(|vars| vars.as_mapping()) else {
            return kept;
        };
        let mut names: Vec<&String> = inner.kept.iter().collect();
        while let Some(name) = names.pop() {
            let Some(entry) = vars.get(name).filter(|_| !kept.contains_key(name)) else { continue };
            kept.insert(name.clone(), Arc::clone(&entry.value));
            let mut nodes = vec![&entry.value];
            while let Some(node) = nodes.pop() {
                match &node.value {
                    Value::Scalar(_) => {
                        let evaluated = inner.cache.get(&(Arc::as_ptr(node) as usize));
                        names.extend(evaluated.into_iter().flat_map(|(_, _, frame)| &frame.vars));
                    }
                    Value::Sequence(items) => nodes.extend(items),
                    Value::Mapping(map) => {
                        nodes.extend(map.entries().iter().map(|entry| &entry.value));
                    }
                }
            }
        }
        kept
    }

    /// The variables that have templates, each evaluated now, so that mistakes in unused ones are found too.
    pub fn check_vars(&self, sources: &SourceMap) -> Diagnostics {
        evaluate::check_vars(&self.state, sources)
    }
}
