//! Reference: what a word on the command line names in a project.
//!
//! Invariant: what the project itself calls by a word wins over everything that a prefix could make of it.

use crate::address::Address;
use crate::project::Project;
use std::collections::BTreeSet;

/// Every container, or every project, as docker-map calls them.
const ALL: &str = "__all__";

impl Project {
    /// The containers that a reference names: `container` (all its instances, on all its engines),
    /// `container.instance`, a group, or `__all__`; each also behind `project/`, `project.` or
    /// `__all__.`.
    /// Empty: nothing is called so.
    pub fn named(&self, reference: &str) -> BTreeSet<&Address> {
        let name = self.name.as_str();
        if let Some((owner, rest)) = reference.split_once('/') {
            return if owner == name { self.called(rest) } else { BTreeSet::new() };
        }
        let found = self.called(reference);
        let of = |owner: &str| reference.strip_prefix(owner)?.strip_prefix('.');
        let rest = of(name).or_else(|| of(ALL));
        match rest {
            Some(rest) if found.is_empty() => self.called(rest.trim_end_matches('.')),
            _ => found,
        }
    }

    fn called(&self, word: &str) -> BTreeSet<&Address> {
        if word == ALL {
            return self.containers.keys().collect();
        }
        let found = self.container(word);
        if !found.is_empty() {
            return found;
        }
        let members = self.groups.get(word).into_iter().flatten();
        members.flat_map(|member| self.container(member)).collect()
    }

    /// By key, by `key.instance`, or by the name on the engine.
    fn container(&self, word: &str) -> BTreeSet<&Address> {
        let all = self.containers.iter();
        let called = all.filter(|(address, spec)| {
            spec.key == word || address.name == word || spec.name == word
        });
        called.map(|(address, _)| address).collect()
    }

    /// Every word that [`Project::named`] knows, in its shortest form.
    pub fn names(&self) -> BTreeSet<String> {
        let containers = self.containers.iter();
        let names = containers.flat_map(|(address, spec)| [&*spec.key, &*address.name]);
        names.chain(self.groups.keys().map(String::as_str)).map(str::to_owned).collect()
    }
}
