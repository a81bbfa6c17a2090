//! Notes say what a plan leaves alone; blockers say why there is none.
//!
//! Invariant: both are data; words for people are made in the cli.

use crate::address::Address;
use crate::plan::{FieldChange, Plan};
use std::collections::BTreeMap;

/// Something that is left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub address: Address,
    pub reason: NoteReason,
}

/// Why something is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteReason {
    /// It is as declared.
    UpToDate,
    /// Declared `external`.
    External,
    /// Of this project and not declared; the name on the engine.
    Orphan { name: String },
    /// The same of a volume, which goes only by its name.
    OrphanVolume { name: String },
    /// Persistent, and it was started before.
    Persistent,
    /// It ended well, and dependents only want that.
    Completed,
    /// It runs and its health check fails.
    Unhealthy { output: Option<String> },
    /// A volume is kept unless it is named.
    VolumeKept,
    /// Still used by containers that are not part of this run.
    InUse { by: Vec<String> },
    /// The difference can't be applied without more consent.
    Kept { changes: Vec<FieldChange> },
    /// A volume was made with another owner or other permissions; only a new one is given them.
    OwnerKept { change: FieldChange },
    /// `rollback`: nothing ran before it.
    NothingBefore,
    /// Already in the state that was asked for.
    Already { state: &'static str },
}

/// What would be done if nothing stood in the way. None of it is carried out: a run does all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// At least one.
    pub blockers: Vec<Blocker>,
    /// To be shown only.
    pub plan: Plan,
    /// Containers that need what is blocked, each with the object that blocks it.
    pub held: BTreeMap<Address, Address>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub address: Address,
    pub reason: BlockerReason,
}

/// What stands in the way of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockerReason {
    /// An object of this name is there and is not ours; `adoptable`: `--adopt` makes room.
    Foreign { name: String, owner: String, adoptable: bool },
    /// Declared `external`, and not there.
    ExternalMissing { name: String },
    /// It uses the network or a name space of a container that is neither in the file nor on the engine.
    ContainerMissing { name: String },
    /// Two networks of this name.
    Ambiguous { name: String, ids: Vec<String> },
    /// A volume is not as declared, and is never recreated.
    VolumeDiverged { name: String, changes: Vec<FieldChange> },
    /// May not be pulled and is not there.
    ImageMissing { reference: String },
    /// A fixed port of the host is held by another container.
    PortHeld { port: String, holder: String },
    /// A container of the project that is not declared any more has what only one can have: a port of
    /// the host, an address.
    OrphanHolds { what: String, holder: String },
    /// `push`: no image of the project is declared with `push: true`.
    NothingToPush,
    /// It would go to Docker Hub, whose name the file does not say.
    NoRegistry { reference: String },
    /// It is not built here, but comes from its registry.
    NotPushable { reference: String },
    /// It is not on the engine, and nothing of this run makes it.
    NotBuilt { reference: String },
    /// A reference on the command line that names nothing.
    UnknownReference { reference: String, candidates: Vec<String> },
    /// `rollback`: nothing ran before it that is known.
    NothingBefore,
    /// It waits until another is healthy, which has no health check.
    NoHealthcheck { on: Address },
    /// `update.order: start-first` is impossible.
    StartFirstImpossible { why: String },
}
