//! The scopes as the template engine sees them.
//!
//! Invariant: objects point weakly at the state that owns their values, so nothing keeps itself alive.

use std::fmt;
use std::sync::{Arc, Weak};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use super::evaluate::value_of;
use super::names::{Named, Scope};
use super::state::State;
use crate::Dialect;
use crate::read::did_you_mean;
use crate::yaml::Node;

const ROOTS: [&str; 6] = ["vars", "env", "project", "config_root", "args", "self"];

/// Everything that a template can name.
#[derive(Debug)]
pub(super) struct Root(pub(super) Weak<State>);

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let state = self.0.upgrade()?;
        let key = key.as_str()?;
        if let Some(scope) = Scope::parse(key) {
            return Some(Value::from_object(Names { scope, state: Weak::clone(&self.0) }));
        }
        match key {
            "vars" => Some(match state.inner().vars.clone() {
                Some(node) => nodes(&node, "vars".to_owned(), &self.0),
                None => Value::from_object(Empty { label: "vars", state: Weak::clone(&self.0) }),
            }),
            "env" => Some(Value::from_object(Env(Weak::clone(&self.0)))),
            "project" => Some(Value::from(state.inner().project.clone())),
            "config_root" => {
                state.is_local();
                Some(Value::from(state.config_root.display().to_string()))
            }
            "args" => {
                if let Some(frame) = state.inner().frames.last_mut() {
                    frame.args = true;
                }
                Some(Value::from_object(Args(state.args.clone())))
            }
            "self" => {
                if let Some(frame) = state.inner().frames.last_mut() {
                    frame.own = true;
                }
                let owner = state.inner().owner.clone()?;
                Some(Value::from_object(Nodes {
                    node: owner.node,
                    label: "self".to_owned(),
                    name: Some(owner.name),
                    state: Weak::clone(&self.0),
                }))
            }
            _ => {
                let known = ROOTS.into_iter().chain(Scope::ALL.map(Scope::as_str));
                let help = crate::read::suggest(key, known.clone()).map_or_else(
                    || {
                        let known: Vec<_> = known.collect();
                        format!("a template can use {}", known.join(", "))
                    },
                    |near| format!("did you mean \"{near}\"?"),
                );
                state.miss("", key, Some(help));
                None
            }
        }
    }
}

/// A mapping of the document, read lazily.
#[derive(Debug)]
pub(super) struct Nodes {
    node: Arc<Node>,
    label: String,
    /// `self.name`.
    name: Option<String>,
    state: Weak<State>,
}

pub(super) fn nodes(node: &Arc<Node>, label: String, state: &Weak<State>) -> Value {
    let state = Weak::clone(state);
    Value::from_object(Nodes { node: Arc::clone(node), label, name: None, state })
}

impl Object for Nodes {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let state = self.state.upgrade()?;
        let key = key.as_str()?;
        let map = self.node.as_mapping()?;
        // Mappings that contain one another are walked again at each place.
        if !state.look_up() {
            return None;
        }
        if self.label == "vars" {
            state.ask(key);
        }
        if let Some(entry) = map.get(key) {
            return value_of(&state, &entry.value, &format!("{}.{key}", self.label));
        }
        if let ("name", Some(name)) = (key, &self.name) {
            return Some(Value::from(name.clone()));
        }
        let known = map.entries().iter().map(|entry| &*entry.key.text);
        state.miss(&self.label, key, did_you_mean(key, known));
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let entries = self.node.as_mapping().map(crate::yaml::Mapping::entries).unwrap_or_default();
        if let Some(state) = self.state.upgrade().filter(|_| self.label == "vars") {
            for entry in entries {
                state.ask(&entry.key.text);
            }
        }
        Enumerator::Values(entries.iter().map(|entry| Value::from(&*entry.key.text)).collect())
    }
}

/// A scope without anything in it.
#[derive(Debug)]
struct Empty {
    label: &'static str,
    state: Weak<State>,
}

impl Object for Empty {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let help = format!("the file has no `{}`", self.label);
        self.state.upgrade()?.miss(self.label, key, Some(help));
        None
    }
}

/// The caller's environment.
#[derive(Debug)]
struct Env(Weak<State>);

impl Object for Env {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let state = self.0.upgrade()?;
        let key = key.as_str()?;
        if let Some(value) = state.env.get(key) {
            return Some(Value::from(value.clone()));
        }
        let near = crate::read::suggest(key, state.env.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if state.dialect == Dialect::Harpoon => "set it, or write a value".to_owned(),
            None => format!("set it, or write {{{{ env.{key} | default(\"…\") }}}}"),
        };
        state.miss("env", key, Some(help));
        None
    }
}

/// The words after `--`. As text they are quoted for a shell; in a list they are single items.
#[derive(Debug)]
pub(super) struct Args(pub(super) Vec<String>);

impl Object for Args {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(usize::try_from(key.as_i64()?).ok()?).cloned().map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|word| crate::scalar::quote(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// One scope of names.
#[derive(Debug)]
struct Names {
    scope: Scope,
    state: Weak<State>,
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let state = self.state.upgrade()?;
        let key = key.as_str()?;
        let scope = self.scope;
        if matches!(scope, Scope::Host | Scope::Volumes) {
            state.is_local();
        }
        if scope == Scope::Secrets {
            return secret(&state, key);
        }
        let Some(names) = state.inner().names.get(&scope).cloned() else {
            let help = format!("`{}` cannot be used in this place", scope.as_str());
            state.miss(scope.as_str(), key, Some(help));
            return None;
        };
        if let Some(named) = names.get(key) {
            return Some(Value::from_object(Name {
                scope,
                key: key.to_owned(),
                named: named.seen_in(scope),
                state: Weak::clone(&self.state),
            }));
        }
        let help = did_you_mean(key, names.keys().map(String::as_str));
        state.miss(scope.as_str(), key, help);
        None
    }
}

fn secret(state: &State, key: &str) -> Option<Value> {
    let names = state.inner().secret_names.clone().unwrap_or_default();
    if names.iter().any(|name| name == key) {
        return state.secret(key).map(Value::from);
    }
    state.miss("secrets", key, did_you_mean(key, names.iter().map(String::as_str)));
    None
}

/// One name; text where text is wanted.
#[derive(Debug)]
pub(super) struct Name {
    scope: Scope,
    key: String,
    named: Named,
    state: Weak<State>,
}

impl Name {
    fn record(&self, name: String) {
        if let Some(state) = self.state.upgrade() {
            state.record(self.scope, name);
        }
    }
}

impl Object for Name {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        // In the long form instances are containers of their own.
        if self.named.instances.contains_key(key) {
            self.state.upgrade()?.is_local();
        }
        if let Some(text) = self.named.instances.get(key) {
            self.record(format!("{}.{key}", self.key));
            return Some(Value::from(text.clone()));
        }
        if let Some(text) = self.named.parts.get(key) {
            self.record(self.key.clone());
            return Some(Value::from(text.clone()));
        }
        let instances = self.named.instances.keys().map(String::as_str);
        let help = did_you_mean(key, self.named.parts.keys().copied().chain(instances));
        let label = format!("{}.{}", self.scope.as_str(), self.key);
        self.state.upgrade()?.miss(&label, key, help);
        None
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record(self.key.clone());
        f.write_str(&self.named.text)
    }
}
