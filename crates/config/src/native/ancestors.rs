//! `extends`: whose values a container starts from.
//!
//! Invariant: each ancestor counts once, and a circle is an error that shows it; so merging always ends.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::ProjectName;

use super::container::Outline;
use crate::diagnostic::Diagnostic;
use crate::read::{Reader, did_you_mean};
use crate::template::Named;

/// Longest chain of `extends`.
const MAX_ANCESTORS: usize = 64;

/// Each container's ancestors, farthest first, each once.
pub(super) struct Ancestors<'a> {
    outlines: &'a BTreeMap<String, Outline>,
    of: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Ancestors<'a> {
    pub(super) fn new(reader: &Reader, outlines: &'a BTreeMap<String, Outline>) -> Self {
        let mut found = Self { outlines, of: BTreeMap::new() };
        let mut reported = BTreeSet::new();
        for key in outlines.keys() {
            let mut order = Vec::new();
            let mut path = vec![key.as_str()];
            found.collect(reader, key, &mut path, &mut order, &mut reported);
            order.pop();
            if !order.is_empty() {
                found.of.insert(key, order);
            }
        }
        found
    }

    fn collect(
        &self,
        reader: &Reader,
        key: &'a str,
        path: &mut Vec<&'a str>,
        order: &mut Vec<&'a str>,
        reported: &mut BTreeSet<String>,
    ) {
        let Some(outline) = self.outlines.get(key) else { return };
        for base in &outline.extends {
            let Some((base_key, _)) = self.outlines.get_key_value(&base.value) else {
                self.missing(reader, outline, base, reported);
                continue;
            };
            if let Some(at) = path.iter().position(|other| other == base_key) {
                self.cycle(reader, &path[at..], base.span, reported);
                continue;
            }
            if order.contains(&base_key.as_str()) {
                continue;
            }
            if path.len() >= MAX_ANCESTORS || order.len() >= MAX_ANCESTORS {
                let message = format!("`extends` goes over more than {MAX_ANCESTORS} containers");
                if reported.insert("depth".to_owned()) {
                    reader.report(Diagnostic::error("extends-depth", message).at(base.span, ""));
                }
                return;
            }
            path.push(base_key);
            self.collect(reader, base_key, path, order, reported);
            path.pop();
        }
        order.push(key);
    }

    fn missing(
        &self,
        reader: &Reader,
        outline: &Outline,
        base: &crate::read::Spanned<String>,
        reported: &mut BTreeSet<String>,
    ) {
        let path = format!("{}.extends", outline.item.path);
        if !reported.insert(format!("{path} {}", base.value)) {
            return;
        }
        let known = self.outlines.keys().map(String::as_str);
        let help = reader.budgeted(|| did_you_mean(&base.value, known));
        let message = format!("unknown container \"{}\"", crate::yaml::shorten(&base.value));
        let found = Diagnostic::error("unknown-reference", message).at(base.span, "").in_path(path);
        reader.report(found.maybe_help(help));
    }

    fn cycle(
        &self,
        reader: &Reader,
        circle: &[&str],
        last: crate::Span,
        reported: &mut BTreeSet<String>,
    ) {
        let mut members: Vec<_> = circle.to_vec();
        members.sort_unstable();
        if !reported.insert(members.join(" ")) {
            return;
        }
        let mut names = circle.to_vec();
        names.extend(circle.first());
        let message = format!("containers extend one another in a circle: {}", names.join(" → "));
        let mut found = Diagnostic::error("extends-cycle", message).at(last, "closes the circle");
        for pair in circle.windows(2) {
            let outline = self.outlines.get(pair[0]);
            let base = outline.and_then(|o| o.extends.iter().find(|base| base.value == pair[1]));
            if let Some(base) = base {
                found = found.also(base.span, format!("{} extends {}", pair[0], pair[1]));
            }
        }
        reader.report(found.help("move what they share into an `abstract` container"));
    }

    fn get(&self, key: &str) -> Vec<&'a Outline> {
        let order = self.of.get(key).into_iter().flatten();
        order.filter_map(|key| self.outlines.get(*key)).collect()
    }

    /// The keys of each container's ancestors, farthest first; of those that have any.
    pub(super) fn lines(&self) -> BTreeMap<String, Vec<String>> {
        let owned = |keys: &Vec<&str>| keys.iter().map(|key| (*key).to_owned()).collect();
        self.of.iter().map(|(key, order)| ((*key).to_owned(), owned(order))).collect()
    }

    /// What templates see of each container.
    pub(super) fn names(&self, project: &ProjectName) -> BTreeMap<String, Named> {
        let concrete = self.outlines.iter().filter(|(_, outline)| !outline.is_abstract);
        concrete
            .map(|(key, outline)| {
                let text = format!("{project}.{key}");
                let all = self.get(key).into_iter().chain([outline]);
                let instances = all.flat_map(|outline| outline.instances.iter());
                let instances = instances
                    .map(|instance| (instance.value.clone(), format!("{text}.{}", instance.value)))
                    .collect();
                (key.clone(), Named { text, instances, ..Named::default() })
            })
            .collect()
    }
}
