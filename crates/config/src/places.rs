//! Where a project's objects are written, for what is found out only later: by reading files, by asking engines.
//!
//! Invariant: every object of the project has a place.

use std::collections::BTreeMap;

use windlass_model::{Address, EngineName};

use crate::native::resource::ResourcePlace;
use crate::source::Span;

/// Places in the files of one load.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Where each object's key is.
    pub objects: BTreeMap<Address, Span>,
    /// By key, for those that are built.
    pub images: BTreeMap<String, ImagePlaces>,
    /// Where each declared engine's key is.
    pub engines: BTreeMap<EngineName, Span>,
    /// Where it is said whose the volumes are that a container attaches: its `user` and its `permissions`.
    pub owners: BTreeMap<Address, [Option<Span>; 2]>,
    /// Where each secret's source is.
    pub secrets: BTreeMap<String, Span>,
}

impl Places {
    /// The place of an object; one that is on several engines is written once.
    pub fn of(&self, address: &Address) -> Option<Span> {
        let same = |other: &&Address| other.kind == address.kind && other.name == address.name;
        let found = self.objects.get(address);
        found.or_else(|| self.objects.get(self.objects.keys().find(same)?)).copied()
    }

    /// The place that says whose a volume is, or which permissions it has.
    pub fn of_owner(&self, volume: &Address, permissions: bool) -> Option<Span> {
        let same = |other: &&Address| other.name == volume.name;
        let said = self.owners.get(volume);
        let said = said.or_else(|| self.owners.get(self.owners.keys().find(same)?));
        let said = said.and_then(|said| said[usize::from(permissions)]);
        said.or_else(|| self.of(volume))
    }
}

/// Where the parts of one image are written.
#[derive(Debug, Clone, Default)]
pub struct ImagePlaces {
    /// The value of `dockerfile`, `import` or `commands`.
    pub source: Option<Span>,
    /// The value of `context`, or of its `dir`.
    pub context: Option<Span>,
    /// Each of the commands.
    pub commands: Vec<Span>,
    /// Each line of a Dockerfile that is written in the file itself.
    pub lines: Vec<Span>,
    /// Each of the resources.
    pub resources: Vec<ResourcePlace>,
}
