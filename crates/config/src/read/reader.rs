//! The reader: what every decoding step needs at hand.
//!
//! Invariant: all findings of one load go through one reader, and sources only ever grow, so spans stay valid.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use windlass_model::env::Env;

use super::item::Item;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::Dialect;
use crate::read::{Spanned, did_you_mean};
use crate::source::{SourceMap, Span};
use crate::template::Templates;

/// Looking for near names costs time; a file with thousands of mistakes gets hints on the first ones.
const SUGGESTIONS: u32 = 200;

pub struct Reader {
    diagnostics: RefCell<Diagnostics>,
    sources: RefCell<SourceMap>,
    templates: Templates,
    dialect: Dialect,
    suggestions: Cell<u32>,
    env_files: RefCell<HashMap<String, Rc<Env>>>,
    /// Variables of the caller that are not there, where that is no mistake yet.
    missing: RefCell<Option<BTreeSet<String>>>,
}

impl Reader {
    pub fn new(sources: SourceMap, templates: Templates, dialect: Dialect) -> Self {
        Self {
            diagnostics: RefCell::default(),
            sources: RefCell::new(sources),
            templates,
            dialect,
            suggestions: Cell::new(SUGGESTIONS),
            env_files: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// What the files were written in; the tree is the native format's.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn sources(&self) -> Ref<'_, SourceMap> {
        self.sources.borrow()
    }

    /// Adds a text that was met while reading, such as an env file.
    pub fn add_source(
        &self,
        name: String,
        directory: PathBuf,
        text: String,
    ) -> crate::source::FileId {
        self.sources.borrow_mut().add(name, directory, text)
    }

    /// The variables of an env file; each file is read, and complained about, once.
    pub fn env_file(&self, path: &str, read: impl FnOnce() -> Env) -> Rc<Env> {
        if let Some(known) = self.env_files.borrow().get(path) {
            return Rc::clone(known);
        }
        let env = Rc::new(read());
        self.env_files.borrow_mut().insert(path.to_owned(), Rc::clone(&env));
        env
    }

    /// From now on a variable that the caller does not have is noted instead of reported.
    pub fn note_missing(&self) {
        *self.missing.borrow_mut() = Some(BTreeSet::new());
    }

    /// What was noted since; from now on it is reported.
    pub fn take_missing(&self) -> BTreeSet<String> {
        self.missing.borrow_mut().take().unwrap_or_default()
    }

    /// Whether it is noted that this variable is not there.
    pub fn notes_missing(&self, name: &str) -> bool {
        let mut missing = self.missing.borrow_mut();
        missing.as_mut().map(|names| names.insert(name.to_owned())).is_some()
    }

    pub fn into_parts(self) -> (Diagnostics, SourceMap) {
        (self.diagnostics.into_inner(), self.sources.into_inner())
    }

    /// The directory that relative paths at this place start from.
    pub fn directory(&self, span: Span) -> PathBuf {
        let sources = self.sources.borrow();
        sources.get(span.file).map(|file| file.directory().to_path_buf()).unwrap_or_default()
    }

    /// Covers a text that no excerpt shall show.
    pub fn hide(&self, span: Span) {
        self.sources.borrow_mut().hide(span);
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Gives the finding at a place another help.
    pub fn advise(&self, span: Span, help: &str) {
        self.diagnostics.borrow_mut().advise(span, help);
    }

    pub fn report_all(&self, diagnostics: Diagnostics) {
        self.diagnostics.borrow_mut().extend(diagnostics);
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.diagnostics.borrow().count(crate::diagnostic::Severity::Error)
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.borrow().has_errors()
    }

    /// An error about a value.
    pub fn error(&self, item: &Item, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let span = if item.node.is_null() { item.key_span() } else { item.span() };
        Diagnostic::error(code, message).at(span, "").in_path(item.path.to_string())
    }

    /// A name that nothing has, where there may be one of few.
    pub fn unknown<'n>(
        &self,
        what: &str,
        name: &Spanned<String>,
        path: String,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Diagnostic {
        let help = self.budgeted(|| did_you_mean(&name.value, known));
        let help = help.or_else(|| Some(format!("declare it under `{what}s`")));
        let message = format!("unknown {what} \"{}\"", crate::yaml::shorten(&name.value));
        let found = Diagnostic::error("unknown-reference", message).at(name.span, "").in_path(path);
        found.maybe_help(help)
    }

    /// Reports that something else was expected, and what was found.
    pub fn expected(&self, item: &Item, what: &str, help: Option<String>) {
        let bare = item.node.as_mapping().is_some()
            && self.sources.borrow().slice(item.span()).starts_with("{{");
        if bare {
            // A template without quotes, which was reported as that.
            return;
        }
        let message = format!("expected {what}, found {}", item.node.describe());
        let help = super::variables::in_value(item, self.dialect).or(help);
        self.report(self.error(item, "wrong-type", message).maybe_help(help));
    }

    /// Runs a search for hints unless too many were run already.
    pub fn budgeted<T>(&self, search: impl FnOnce() -> Option<T>) -> Option<T> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        search()
    }

    /// The item with its template evaluated, if it is one. `None`: it could not be, which is reported.
    pub fn resolve<'i>(&self, item: &'i Item) -> Option<Cow<'i, Item>> {
        let Some(scalar) = item.node.as_scalar() else { return Some(Cow::Borrowed(item)) };
        if !Templates::is_template(scalar) {
            return Some(Cow::Borrowed(item));
        }
        let result = self.templates.render(&item.node, &item.path, &self.sources.borrow());
        match result {
            Ok(node) => Some(Cow::Owned(item.with_node(Arc::new(node)))),
            Err(found) => {
                self.report_all(found);
                None
            }
        }
    }
}
