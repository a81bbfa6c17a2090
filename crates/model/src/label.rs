//! Labels: all that windlass remembers, on the engine's own objects.
//!
//! Invariant: an object is ours if and only if its `dev.windlass.project` label says so.

use crate::address::Address;
use crate::container::ContainerConfig;
use crate::name::{EngineName, ImageId, ProjectName};
use crate::observed::ObservedContainer;
use crate::volume::VolumeOwner;
use crate::wait::ExecSpec;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

pub const PREFIX: &str = "dev.windlass.";
pub const PROJECT: &str = "dev.windlass.project";
pub const ADDRESS: &str = "dev.windlass.address";
/// The version of windlass that made the object.
pub const VERSION: &str = "dev.windlass.version";
/// What was asked for, as JSON, secrets left out.
pub const SPEC: &str = "dev.windlass.spec";
/// The digest of inputs that can't be read back from the engine: a build's sources, secrets. Empty
/// on a container without secrets, because a label that is missing would be its image's.
pub const DIGEST: &str = "dev.windlass.digest";

/// Whose a volume's root was made when the volume was, as JSON; `null`: nobody's in particular. No
/// engine can be asked, nor changes a volume's labels later.
pub const VOLUME_OWNER: &str = "dev.windlass.volume-owner";

/// Of an image that a sensitive resource had a part in, and of whatever is made on it: nothing that is in it is kept beside the engine.
pub const SENSITIVE: &str = "dev.windlass.sensitive";

/// The commands that run after a start of the container, as JSON; missing if there are none.
pub const COMMANDS: &str = "dev.windlass.commands";

/// What ran before the container, as JSON: see [`Previous`].
pub const PREVIOUS: &str = "dev.windlass.previous";

/// What a container took the place of: enough to make it again, but for its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    pub image: ImageId,
    /// As it was named then.
    pub reference: String,
    pub config: ContainerConfig,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<ExecSpec>,
}

impl Previous {
    /// Of a container of ours that ran; `None` if it is not known what was asked for.
    pub fn of(container: &ObservedContainer) -> Option<Self> {
        let owner = container.owner.as_ref().filter(|_| container.was_started())?;
        let (image, reference) = (container.image_id.clone(), container.image.clone());
        Some(Self { image, reference, config: owner.spec()?, commands: owner.commands() })
    }

    /// The label of its successor.
    pub fn label(&self) -> (String, String) {
        let text = serde_json::to_string(self).expect("invariant: a spec has string keys only");
        (PREVIOUS.to_owned(), text)
    }
}

/// What the labels of an object of ours say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub project: ProjectName,
    /// `None` where the label is missing or is not an address.
    pub address: Option<Address>,
    pub digest: Option<String>,
    /// JSON, as written.
    pub spec: Option<String>,
    /// JSON, as written.
    pub commands: Option<String>,
    /// JSON, as written.
    pub previous: Option<String>,
    /// JSON, as written; of volumes.
    pub volume_owner: Option<String>,
}

impl Owner {
    /// Reads the labels of an object; `None` if it is not ours.
    pub fn read(engine: &EngineName, labels: &BTreeMap<String, String>) -> Option<Self> {
        let get = |key: &str| labels.get(key).cloned();
        Some(Self {
            project: ProjectName::new(labels.get(PROJECT)?),
            address: get(ADDRESS).and_then(|text| Address::from_label(engine, &text)),
            digest: get(DIGEST).filter(|digest| !digest.is_empty()),
            spec: get(SPEC),
            commands: get(COMMANDS),
            previous: get(PREVIOUS),
            volume_owner: get(VOLUME_OWNER),
        })
    }

    /// What was asked for; `None` if it was not written, or by a version that wrote otherwise.
    pub fn spec<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.spec.as_deref()?).ok()
    }

    /// The commands that run after a start; none if they were written by a version that wrote otherwise.
    pub fn commands(&self) -> Vec<ExecSpec> {
        let text = self.commands.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// What ran before; `None` if nothing did, or it was written by a version that wrote otherwise.
    pub fn previous(&self) -> Option<Previous> {
        serde_json::from_str(self.previous.as_deref()?).ok()
    }

    /// Whose a volume's root was made. The outer `None`: nothing says so, or it was written by a
    /// version that wrote otherwise.
    pub fn volume_owner(&self) -> Option<Option<VolumeOwner>> {
        serde_json::from_str(self.volume_owner.as_deref()?).ok()
    }
}

/// The labels that make an object ours.
pub fn owner_labels(
    project: &ProjectName,
    address: &Address,
    spec: Option<&impl Serialize>,
    digest: Option<&str>,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (PROJECT.to_owned(), project.to_string()),
        (ADDRESS.to_owned(), address.label()),
        (VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    if let Some(spec) = spec {
        let text = serde_json::to_string(spec).expect("invariant: a spec has string keys only");
        labels.insert(SPEC.to_owned(), text);
    }
    if let Some(digest) = digest {
        labels.insert(DIGEST.to_owned(), digest.to_owned());
    }
    labels
}

/// The label of a new volume that says whose its root becomes.
pub fn volume_owner_label(owner: Option<VolumeOwner>) -> (String, String) {
    let text = serde_json::to_string(&owner).expect("invariant: an owner is three numbers");
    (VOLUME_OWNER.to_owned(), text)
}

/// The label of a container that says which commands run after its start, if any do.
pub fn commands_label(commands: &[ExecSpec]) -> Option<(String, String)> {
    let text = serde_json::to_string(commands).expect("invariant: a command has string keys only");
    (!commands.is_empty()).then(|| (COMMANDS.to_owned(), text))
}

/// The labels of an object that are not windlass's own.
pub fn without_own(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels
        .iter()
        .filter(|(key, _)| !key.starts_with(PREFIX))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::ContainerConfig;
    use crate::env::EnvValue;
    use crate::secret::Sensitive;

    #[test]
    fn round_trip_without_the_secret() {
        let engine = EngineName::default();
        let address = Address::container(&engine, "web");
        let mut config = ContainerConfig::default();
        config.env.insert("PW".into(), EnvValue::Sensitive(Sensitive::new("hunter2")));
        let labels = owner_labels(&ProjectName::new("shop"), &address, Some(&config), Some("d1"));
        assert!(!format!("{labels:?}").contains("hunter2"));
        let owner = Owner::read(&engine, &labels).unwrap();
        assert_eq!(owner.address, Some(address));
        assert_eq!(owner.digest.as_deref(), Some("d1"));
        let read: ContainerConfig = owner.spec().unwrap();
        assert_eq!(read.env["PW"], EnvValue::Withheld);
        assert!(without_own(&labels).is_empty());
    }

    #[test]
    fn a_volume_says_whose_it_was_made() {
        let owner = Some(VolumeOwner { uid: 1000, gid: 100, mode: 0o750 });
        let read = |label: Option<(String, String)>| {
            let labels = [(PROJECT.to_owned(), "p".to_owned())].into_iter().chain(label);
            Owner::read(&EngineName::default(), &labels.collect()).unwrap().volume_owner()
        };
        for owner in [owner, None] {
            assert_eq!(read(Some(volume_owner_label(owner))), Some(owner));
        }
        assert_eq!(read(Some((VOLUME_OWNER.to_owned(), "1000".to_owned()))), None);
        assert_eq!(read(None), None);
    }

    #[test]
    fn foreign_and_broken_labels() {
        let engine = EngineName::default();
        assert_eq!(Owner::read(&engine, &BTreeMap::new()), None);
        let labels = [(PROJECT.to_owned(), "p".to_owned()), (SPEC.to_owned(), "{".to_owned())];
        let owner = Owner::read(&engine, &labels.into()).unwrap();
        assert_eq!(owner.spec::<ContainerConfig>(), None);
    }
}
