//! What the resources of a bundle are called.
//!
//! Invariant: every name is made once, so that nothing compares each resource with each other.

use crate::Bundle;
use std::collections::HashMap;

/// See the module. Places are those in the bundle.
pub(crate) struct Index {
    ids: Vec<String>,
    typed_ids: Vec<String>,
    called: HashMap<String, Vec<usize>>,
    watchers: Vec<Vec<usize>>,
}

impl Index {
    pub(crate) fn new(bundle: &Bundle) -> Self {
        let mut index = Self {
            ids: Vec::with_capacity(bundle.resources.len()),
            typed_ids: Vec::with_capacity(bundle.resources.len()),
            called: HashMap::with_capacity(bundle.resources.len()),
            watchers: vec![Vec::new(); bundle.resources.len()],
        };
        for (place, resource) in bundle.resources.iter().enumerate() {
            let typed_id = resource.typed_id();
            let other = resource.id.clone().or_else(|| resource.name());
            for name in [Some(typed_id.clone()), other].into_iter().flatten() {
                let places = index.called.entry(name).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
            index.ids.push(resource.id.clone().unwrap_or_else(|| typed_id.clone()));
            index.typed_ids.push(typed_id);
        }
        for (place, resource) in bundle.resources.iter().enumerate() {
            for watched in resource.watches.iter().filter_map(|name| index.called.get(name)) {
                for one in watched {
                    let watchers = &mut index.watchers[*one];
                    if watchers.last() != Some(&place) {
                        watchers.push(place);
                    }
                }
            }
        }
        index
    }

    /// `Resource::id`.
    pub(crate) fn id(&self, place: usize) -> &str {
        &self.ids[place]
    }

    /// `Resource::typed_id`.
    pub(crate) fn typed_id(&self, place: usize) -> &str {
        &self.typed_ids[place]
    }

    /// Where the resources are that a reference means, in their order.
    pub(crate) fn called(&self, reference: &str) -> &[usize] {
        self.called.get(reference).map_or(&[], Vec::as_slice)
    }

    /// Where those are that watch one, in their order.
    pub(crate) fn watchers(&self, place: usize) -> &[usize] {
        &self.watchers[place]
    }
}
