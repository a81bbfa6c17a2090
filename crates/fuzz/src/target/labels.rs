//! Labels of an engine's objects, which anybody may have written.
//!
//! Invariant: what is understood of them can be written again and means the same.

use std::collections::BTreeMap;

use windlass_model::address::Address;
use windlass_model::container::ContainerConfig;
use windlass_model::label::{ADDRESS, DIGEST, Owner, PREVIOUS, PROJECT, SPEC, owner_labels};
use windlass_model::lock::Holder;
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::network::NetworkConfig;
use windlass_model::volume::VolumeConfig;

use crate::input::Input;

pub fn labels(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (project, address, spec) = (input.text(), input.text(), input.text());
    let engine = EngineName::default();
    if let Some(found) = Address::from_label(&engine, &address) {
        assert_eq!(found.label(), address);
    }
    if let Some(name) = ProjectName::normalise(&project) {
        assert!(ProjectName::is_valid(name.as_str()), "{name}");
    }
    let labels: BTreeMap<String, String> = [
        (PROJECT, project),
        (ADDRESS, address),
        (DIGEST, input.text()),
        (SPEC, spec.clone()),
        (PREVIOUS, format!(r#"{{"image":"sha256:1","reference":"a","config":{spec}}}"#)),
        ("dev.windlass.lock", spec),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let owner = Owner::read(&engine, &labels).expect("it has a project");
    again::<ContainerConfig>(&owner);
    again::<NetworkConfig>(&owner);
    again::<VolumeConfig>(&owner);
    if let Some(previous) = owner.previous() {
        let (key, value) = previous.label();
        let labels = BTreeMap::from([(PROJECT.to_owned(), "p".to_owned()), (key, value)]);
        let owner = Owner::read(&engine, &labels).expect("it has a project");
        assert_eq!(owner.previous(), Some(previous));
    }
    if let Some(holder) = Holder::read(&owner.project, &labels) {
        let labels = holder.labels(&owner.project);
        assert_eq!(Holder::read(&owner.project, &labels), Some(holder));
    }
}

fn again<T>(owner: &Owner)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let (Some(spec), Some(address)) = (owner.spec::<T>(), &owner.address) else { return };
    let labels = owner_labels(&owner.project, address, Some(&spec), owner.digest.as_deref());
    let read = Owner::read(&address.engine, &labels).expect("it has a project");
    assert_eq!((read.spec::<T>(), &read.address), (Some(spec), &owner.address));
}
