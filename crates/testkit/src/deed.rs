//! What somebody else does to a project's objects behind windlass's back.
//!
//! Invariant: a deed is done to containers and networks of one project only, chosen by their names;
//! where there is none that it could be done to, nothing happens.

use crate::world::World;
use windlass_model::label::Owner;
use windlass_model::lock;
use windlass_model::name::{ContainerId, NetworkId, ProjectName};

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub project: ProjectName,
    pub what: Doing,
    /// Which of the objects that it can be done to.
    pub pick: usize,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    RemoveContainer,
    RenameContainer,
    StopContainer,
    StartContainer,
    /// With everything taken off it.
    RemoveNetwork,
    /// Somebody frees the lock of a run that goes on.
    RemoveLock,
}

impl Doing {
    pub const ALL: [Self; 6] = [
        Self::RemoveContainer,
        Self::RenameContainer,
        Self::StopContainer,
        Self::StartContainer,
        Self::RemoveNetwork,
        Self::RemoveLock,
    ];
}

impl World {
    /// Lets a deed be done.
    pub(crate) fn suffer(&mut self, deed: &Deed) {
        // Somebody else's call may be refused as well.
        match deed.what {
            Doing::RemoveContainer => {
                if let Some(id) = self.victim(deed, |_| true) {
                    drop(self.remove_container(&id, true, false));
                }
            }
            Doing::RenameContainer => {
                if let Some(id) = self.victim(deed, |_| true) {
                    drop(self.rename_container(&id, &format!("somebody-s-{}", id.short())));
                }
            }
            Doing::StopContainer => {
                if let Some(id) = self.victim(deed, |is_up| is_up) {
                    drop(self.stop(&id));
                }
            }
            Doing::StartContainer => {
                if let Some(id) = self.victim(deed, |is_up| !is_up) {
                    drop(self.start(&id));
                }
            }
            Doing::RemoveNetwork => {
                if let Some(id) = self.victim_network(deed) {
                    self.tear_down(&id);
                }
            }
            Doing::RemoveLock => self.remove_behind(&lock::name(&deed.project)),
        }
    }

    fn victim(&self, deed: &Deed, fits: impl Fn(bool) -> bool) -> Option<ContainerId> {
        let is_ours = |owner: Owner| owner.project == deed.project;
        let mut all: Vec<_> = self
            .containers
            .values()
            .filter(|container| Owner::read(&self.name, &container.labels).is_some_and(is_ours))
            .filter(|container| fits(container.state.is_up()))
            .map(|container| (&container.name, &container.id))
            .collect();
        all.sort();
        (!all.is_empty()).then(|| all[deed.pick % all.len()].1.clone())
    }

    fn victim_network(&self, deed: &Deed) -> Option<NetworkId> {
        let is_ours = |owner: &Owner| owner.project == deed.project;
        let all = self.networks.values().filter(|n| n.owner.as_ref().is_some_and(is_ours));
        let mut all: Vec<_> = all.map(|network| (&network.name, &network.id)).collect();
        all.sort();
        (!all.is_empty()).then(|| all[deed.pick % all.len()].1.clone())
    }

    fn tear_down(&mut self, network: &NetworkId) {
        let ids: Vec<ContainerId> = self.containers.keys().cloned().collect();
        for id in ids {
            // Most are not on it.
            drop(self.disconnect_network(network.as_str(), &id));
        }
        drop(self.remove_network(network));
    }
}
