//! What one load's templates share: the scopes, what was evaluated, and what is being evaluated.
//!
//! Invariant: the lock is never held while a template runs, so templates may evaluate others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_model::Ordinary;

use minijinja::{Environment, Value};

use super::names::{Named, Scope};
use super::{TemplateInputs, filters};
use crate::Dialect;
use crate::source::Span;
use crate::yaml::Node;

/// Gives a secret's value.
pub type SecretReader = Box<dyn Fn(&str) -> Result<String, UnreadSecret> + Send + Sync>;

/// Why a secret can't be read, as a sentence fragment, and what to do; the value is in neither.
#[derive(Debug, Clone)]
pub struct UnreadSecret {
    pub reason: String,
    pub help: String,
}

/// What the templates of one owner used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Each name with the place of the first template that used it.
    pub names: BTreeMap<(Scope, String), Span>,
    pub args: bool,
}

impl Ordinary for Uses {
    const ORDINARY: &'static Self = &Self { names: BTreeMap::new(), args: false };
}

/// One evaluation in progress.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) names: BTreeSet<(Scope, String)>,
    pub(super) secret: bool,
    pub(super) args: bool,
    /// It asked for `self`, so its value holds for this owner only.
    pub(super) own: bool,
    /// It asked for something else that the long form of the file does not have.
    pub(super) local: bool,
    /// The variables that it asked for itself, not those that these ask for.
    pub(super) vars: BTreeSet<String>,
}

impl Frame {
    pub(super) fn absorb(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.secret |= other.secret;
        self.args |= other.args;
        self.own |= other.own;
        self.local |= other.local;
    }
}

/// Why an evaluation failed, with everything needed to place it later.
pub(super) struct Failure {
    pub(super) node: Option<Arc<Node>>,
    pub(super) range: Option<std::ops::Range<usize>>,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<(Span, String)>,
}

/// A name that was looked for in vain, for the hint of the error that follows.
pub(super) struct Missing {
    pub(super) scope: String,
    pub(super) name: String,
    pub(super) help: Option<String>,
}

#[derive(Clone)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) node: Arc<Node>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) project: String,
    pub(super) vars: Option<Arc<Node>>,
    pub(super) names: BTreeMap<Scope, Arc<BTreeMap<String, Named>>>,
    pub(super) secret_names: Option<Arc<Vec<String>>>,
    pub(super) secret_reader: Option<Arc<SecretReader>>,
    pub(super) secret_values: BTreeMap<String, Result<String, UnreadSecret>>,
    pub(super) owner: Option<Owner>,
    pub(super) uses: Uses,
    pub(super) frames: Vec<Frame>,
    /// Scalars that are being evaluated, outermost first.
    pub(super) evaluating: Vec<(Arc<Node>, String, Span)>,
    /// Those that were found in a circle, by address: each circle is said once.
    pub(super) circular: HashMap<usize, Arc<Node>>,
    /// Variables that templates asked for.
    pub(super) asked: BTreeSet<String>,
    /// Variables without which what secrets went into can't be written down again.
    pub(super) kept: BTreeSet<String>,
    /// What is evaluated now is written down as it is.
    pub(super) keeps: bool,
    /// Results of scalars that may be asked for again, by address; the nodes outlive the load's templates.
    pub(super) cache: HashMap<usize, (Arc<Node>, Value, Frame)>,
    /// Variables that failed, by address: what failed once was said, and fails at once from then on.
    pub(super) failed: HashSet<usize>,
    /// How often one of them was asked for.
    pub(super) failed_again: usize,
    /// Nobody needs the values: secrets are not read.
    pub(super) checking: bool,
    pub(super) failures: Vec<Failure>,
    pub(super) missing: Option<Missing>,
    /// What all results so far weigh.
    pub(super) spent: usize,
    /// Values of mappings that the outermost evaluation in progress has asked for.
    pub(super) lookups: usize,
}

pub(super) struct State {
    pub(super) environment: Environment<'static>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) args: Vec<String>,
    pub(super) config_root: PathBuf,
    pub(super) secrets_optional: bool,
    pub(super) dialect: Dialect,
    inner: Mutex<Inner>,
}

impl State {
    pub(super) fn new(inputs: TemplateInputs) -> Arc<Self> {
        Arc::new(Self {
            environment: filters::environment(),
            env: inputs.env,
            args: inputs.args,
            config_root: inputs.config_root,
            secrets_optional: inputs.secrets_optional,
            dialect: inputs.dialect,
            inner: Mutex::default(),
        })
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many evaluations have failed, for whatever reason, and were not forgotten since.
    pub(super) fn failures(&self) -> usize {
        let inner = self.inner();
        inner.failures.len() + inner.failed_again
    }

    /// Takes so many bytes of what the load may make; `false`: there is not so much left.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let mut inner = self.inner();
        inner.spent = inner.spent.saturating_add(bytes);
        inner.spent <= super::size::MAX_TOTAL
    }

    /// Counts a value that is asked for; `false`: the evaluation has asked for too many, and fails.
    pub(super) fn look_up(&self) -> bool {
        let lookups = {
            let mut inner = self.inner();
            inner.lookups += 1;
            inner.lookups
        };
        if lookups == super::size::MAX_LOOKUPS + 1 {
            self.fail(Failure {
                node: None,
                range: None,
                code: "template",
                message: super::size::TOO_LARGE.to_owned(),
                help: None,
                related: Vec::new(),
            });
        }
        lookups <= super::size::MAX_LOOKUPS
    }

    pub(super) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    pub(super) fn forget_names(&self) {
        self.inner().names.clear();
    }

    pub(super) fn set_project(&self, name: &str) {
        name.clone_into(&mut self.inner().project);
    }

    pub(super) fn set_vars(&self, vars: Option<Arc<Node>>) {
        self.inner().vars = vars;
    }

    pub(super) fn set_names(&self, scope: Scope, names: BTreeMap<String, Named>) {
        self.inner().names.insert(scope, Arc::new(names));
    }

    pub(super) fn set_secrets(&self, names: Vec<String>, reader: SecretReader) {
        let mut inner = self.inner();
        inner.secret_names = Some(Arc::new(names));
        inner.secret_reader = Some(Arc::new(reader));
    }

    pub(super) fn enter(&self, name: &str, node: Arc<Node>) {
        let mut inner = self.inner();
        inner.owner = Some(Owner { name: name.to_owned(), node });
        inner.uses = Uses::default();
    }

    pub(super) fn leave(&self) -> Uses {
        let mut inner = self.inner();
        inner.owner = None;
        std::mem::take(&mut inner.uses)
    }

    /// Whether a secret went into the evaluation in progress.
    pub(super) fn frame_has_secret(&self) -> bool {
        self.inner().frames.last().is_some_and(|frame| frame.secret)
    }

    pub(super) fn record(&self, scope: Scope, name: String) {
        if let Some(frame) = self.inner().frames.last_mut() {
            frame.names.insert((scope, name));
        }
    }

    /// Notes that the evaluation in progress makes sense in this file only.
    pub(super) fn is_local(&self) {
        if let Some(frame) = self.inner().frames.last_mut() {
            frame.local = true;
        }
    }

    /// Notes that a variable is asked for.
    pub(super) fn ask(&self, variable: &str) {
        let mut inner = self.inner();
        if !inner.asked.contains(variable) {
            inner.asked.insert(variable.to_owned());
        }
        if let Some(frame) = inner.frames.last_mut() {
            frame.vars.insert(variable.to_owned());
        }
    }

    pub(super) fn miss(&self, scope: &str, name: &str, help: Option<String>) {
        self.inner().missing =
            Some(Missing { scope: scope.to_owned(), name: name.to_owned(), help });
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.inner().failures.push(failure);
    }

    /// A secret's value, read at most once; what can't be read is told wherever it is used.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        let known = {
            let mut inner = self.inner();
            if let Some(frame) = inner.frames.last_mut() {
                frame.secret = true;
                frame.names.insert((Scope::Secrets, name.to_owned()));
            }
            if inner.checking {
                return Some(String::new());
            }
            let known = inner.secret_values.get(name).cloned();
            known.ok_or_else(|| inner.secret_reader.clone())
        };
        let read = match known {
            Ok(known) => known,
            Err(reader) => {
                let read = reader?(name);
                self.inner().secret_values.insert(name.to_owned(), read.clone());
                read
            }
        };
        match read {
            Ok(value) => Some(value),
            Err(_) if self.secrets_optional => Some(String::new()),
            Err(UnreadSecret { reason, help }) => {
                self.fail(Failure {
                    node: None,
                    range: None,
                    code: "unreadable-secret",
                    message: format!("the secret \"{name}\" cannot be read: {reason}"),
                    help: Some(help),
                    related: Vec::new(),
                });
                None
            }
        }
    }
}
