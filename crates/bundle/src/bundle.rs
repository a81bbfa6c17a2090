//! Bundles: resources in their order.
//!
//! Invariant: the same resources give the same bytes, on any machine.

use crate::{Content, Kind, PackageSystem, Resource, ResourceError, VERSION};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Resources, in the order in which they are applied where nothing says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    version: u32,
    pub resources: Vec<Resource>,
}

impl Default for Bundle {
    fn default() -> Self {
        Self { version: VERSION, resources: Vec::new() }
    }
}

impl Bundle {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource.
    #[must_use]
    pub fn with(mut self, resource: impl Into<Resource>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Looks at the sources of trees and at the inputs of commands, which are relative to a directory.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn gather(&mut self, directory: &Path) -> Result<(), ResourceError> {
        for (index, resource) in self.resources.iter_mut().enumerate() {
            let id = resource.id();
            let failed = |error| ResourceError::io("gather", &id, &error).of(id.clone()).at(index);
            if let Kind::Tree(tree) = &mut resource.kind {
                tree.gather(directory).map_err(failed)?;
            }
            if let Kind::Execute(execute) = &mut resource.kind {
                let mut inputs = execute.inputs.values_mut();
                inputs.try_for_each(|input| input.gather(directory)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Takes files of sensitive resources into itself, so that they are kept nowhere on the way.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn take_sensitive(&mut self) -> Result<(), ResourceError> {
        for resource in self.resources.iter_mut().filter(|resource| resource.sensitive) {
            let id = resource.id();
            for content in resource.kind.contents() {
                let name = content.name(&id).into_owned();
                let failed = |error| ResourceError::io("read", &name, &error).of(id.clone());
                if let Content::File(_) = content {
                    let bytes = content.read().map_err(failed)?;
                    *content = String::from_utf8(bytes)
                        .map_or_else(|error| Content::Bytes(error.into_bytes()), Content::Text);
                }
            }
        }
        Ok(())
    }

    /// Gives every file of this machine that it needs a name by its contents, `assets/SHA256`, for a machine that it is
    /// sent to; says where each of them is here.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn take_assets(&mut self) -> Result<BTreeMap<String, PathBuf>, ResourceError> {
        let mut assets = BTreeMap::new();
        for (index, resource) in self.resources.iter_mut().enumerate() {
            let id = resource.id();
            for content in resource.kind.contents() {
                let name = content.name(&id).into_owned();
                let failed =
                    |error| ResourceError::io("read", &name, &error).of(id.clone()).at(index);
                let digest = content.digest().map_err(failed)?;
                if let Content::File(path) = content {
                    let name = format!("assets/{digest}");
                    assets.insert(name.clone(), std::mem::replace(path, name.into()));
                }
            }
        }
        Ok(assets)
    }

    /// Files of the machine that plans, which go with a bundle that is sent.
    pub fn contents(&mut self) -> impl Iterator<Item = &mut Content> {
        self.resources.iter_mut().flat_map(|resource| resource.kind.contents())
    }

    /// Names of the secrets that commands are given.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let all = self.resources.iter().filter_map(|resource| {
            let Kind::Execute(execute) = &resource.kind else { return None };
            Some(execute.secrets.values().map(String::as_str))
        });
        all.flatten().collect()
    }

    /// Files of the target whose contents planning may ask for, as far as that can be told without a look at it.
    pub fn paths(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for resource in &self.resources {
            if let Kind::Package(_) = &resource.kind {
                paths.extend(PackageSystem::DATABASES.iter().map(|path| (*path).to_owned()));
            }
            if let Kind::Tree(tree) = &resource.kind {
                let entries = tree.entries.iter().flatten();
                paths.extend(entries.map(|entry| format!("{}/{}", tree.path, entry.path)));
            }
            paths.extend(Some(resource.kind.name()).filter(|name| name.starts_with('/')));
        }
        paths
    }

    /// Reads the wire form.
    ///
    /// # Errors
    ///
    /// If it is not a bundle, or one of another version.
    pub fn from_json(text: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let Head { version } = serde_json::from_slice(text)?;
        if version != VERSION {
            let message = format!("a bundle of version {version}: this one knows {VERSION}");
            return Err(serde::de::Error::custom(message));
        }
        serde_json::from_slice(text)
    }

    /// The wire form: keys in a fixed order, without spaces.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: a bundle is plain data")
    }
}
