//! The labels of a container that is to be created.
//!
//! Invariant: what makes a container ours is always among them where the file declares it, and a label of the
//! file never takes its place.

use crate::Shared;
use crate::address::Address;
use crate::container::ContainerConfig;
use crate::digest::Digest;
use crate::label::{self, Previous, owner_labels};
use crate::name::ProjectName;
use crate::wait::ExecSpec;
use std::collections::BTreeMap;

/// Listed, or what they are made of when the container is created: most of them say in JSON what the plan has
/// as values, and a plan may be for thousands of containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerLabels {
    Listed(BTreeMap<String, String>),
    Declared(DeclaredLabels),
}

/// What the labels of a declared container say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredLabels {
    pub project: ProjectName,
    pub address: Address,
    /// As declared; its labels are the file's own.
    pub config: Shared<ContainerConfig>,
    /// Of its secrets; `None` if it has none.
    pub digest: Option<Digest>,
    pub commands: Vec<ExecSpec>,
    /// What it takes the place of.
    pub previous: Option<Box<Previous>>,
}

impl ContainerLabels {
    /// All of them: name → value.
    pub fn all(&self) -> BTreeMap<String, String> {
        match self {
            Self::Listed(labels) => labels.clone(),
            Self::Declared(declared) => {
                let DeclaredLabels { project, address, config, digest, commands, previous } =
                    declared;
                let mut labels = label::without_own(&config.labels);
                let digest = digest.as_ref().map_or("", |digest| digest.0.as_str());
                labels.extend(owner_labels(project, address, Some(&**config), Some(digest)));
                labels.extend(label::commands_label(commands));
                labels.extend(previous.as_ref().map(|previous| previous.label()));
                labels
            }
        }
    }
}

impl From<BTreeMap<String, String>> for ContainerLabels {
    fn from(labels: BTreeMap<String, String>) -> Self {
        Self::Listed(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::EngineName;

    #[test]
    fn a_label_of_the_file_takes_the_place_of_none_of_ours() {
        let mut config = ContainerConfig::default();
        let theirs = [("a", "b"), (label::PROJECT, "x"), (label::PREVIOUS, "y")];
        config.labels.extend(theirs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let labels = ContainerLabels::Declared(DeclaredLabels {
            project: ProjectName::new("shop"),
            address: Address::container(&EngineName::default(), "web"),
            config: config.into(),
            digest: None,
            commands: Vec::new(),
            previous: None,
        });
        let all = labels.all();
        assert_eq!((all["a"].as_str(), all[label::PROJECT].as_str()), ("b", "shop"));
        assert_eq!((all[label::DIGEST].as_str(), all.get(label::PREVIOUS)), ("", None));
        assert_eq!(all[label::ADDRESS], "container/web");
    }
}
