//! Between the words of the model and the documents of the API.
//!
//! Invariant: what windlass creates reads back equal to what was asked for, on every engine; what
//! an engine fills in by itself is left out, as long as nobody asked for it.

mod create;
mod endpoint;
mod health;
mod image;
mod limits;
mod list;
mod mount;
mod network;
mod observe;
mod podman;
mod port;
mod process;
mod time;
mod volume;

use std::collections::BTreeMap;

pub(crate) use create::{Creation, create_body};
pub(crate) use endpoint::to_settings as endpoint_settings;
pub(crate) use image::{image_inspect, image_summary};
pub(crate) use limits::update_body;
pub(crate) use list::container_summary;
pub(crate) use network::{network_create, network_observed};
pub(crate) use observe::{anonymous_volumes, container_observed, referenced_containers};
pub(crate) use podman::{as_asked, as_understood, network_as_asked};
pub(crate) use time::epoch_s;
pub(crate) use volume::{volume_create, volume_observed};
use windlass_model::address::Kind;
use windlass_model::label::Owner;
use windlass_model::name::{EngineName, ImageId};

/// A text that says something.
fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.is_empty())
}

/// A list that is sent only when it says something.
fn some_list<'a>(values: impl IntoIterator<Item = &'a String>) -> Option<Vec<String>> {
    let list: Vec<String> = values.into_iter().cloned().collect();
    (!list.is_empty()).then_some(list)
}

/// A map that is sent only when it says something.
fn some_map(map: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    (!map.is_empty()).then(|| map.clone())
}

/// A flag that is sent only when it is set.
fn some_flag(flag: bool) -> Option<bool> {
    flag.then_some(true)
}

/// Leaves out what the engine filled in. With our own record of what was asked (`asked` is `Some`
/// then), that is whatever was not asked for; without, it is what engines are known to fill in.
fn unless_filled<T: PartialEq>(
    observed: Option<T>,
    asked: Option<bool>,
    is_default: impl FnOnce(&T) -> bool,
) -> Option<T> {
    match asked {
        Some(true) => observed,
        Some(false) => None,
        None => observed.filter(|value| !is_default(value)),
    }
}

/// Adds the algorithm that podman leaves out, and takes it away where it says nothing else.
fn image_id(id: &str) -> ImageId {
    let id = if id == "sha256:" { "" } else { id };
    let bare = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    ImageId::new(if bare { format!("sha256:{id}") } else { id.to_owned() })
}

/// The id that a line of an import's stream is, if it is one.
pub(crate) fn image_id_of(word: &str) -> Option<ImageId> {
    let id = image_id(word);
    let hex = id.as_str().strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Whose container it is. A container inherits the labels of its image, also those that make the
/// image ours: they do not make the container ours. One that says it is nobody's is.
fn container_owner(engine: &EngineName, labels: &BTreeMap<String, String>) -> Option<Owner> {
    Owner::read(engine, labels).filter(|owner| {
        let is_container =
            owner.address.as_ref().is_none_or(|address| address.kind == Kind::Container);
        is_container && !owner.project.0.is_empty()
    })
}
