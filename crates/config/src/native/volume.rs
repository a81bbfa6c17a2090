//! `volumes.<alias>` and `host.<alias>`.
//!
//! Invariant: host paths are absolute once read: against the host root, and that against the file's directory.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_model::volume::VolumeConfig;

use super::container::{container_path, permissions};
use super::{put, set};
use crate::document::{HostPath, Volume};
use crate::read::{Field, Item, Reader};

/// Null, a path, or a mapping.
pub(super) fn volume(reader: &Reader, item: &Item) -> Option<Volume> {
    let mut volume = Volume {
        span: item.key_span(),
        path: None,
        name: None,
        external: false,
        config: VolumeConfig::default(),
        user: None,
        permissions: None,
    };
    let item = reader.resolve(item)?;
    if item.node.is_null() {
        return Some(volume);
    }
    if item.node.as_scalar().is_some() {
        volume.path = Some(container_path(reader, &item)?);
    } else if !reader.fields(&item, &mut volume, &[VOLUME]) {
        return None;
    }
    local_options(reader, &item, &volume.config);
    Some(volume)
}

/// The engine's own driver takes these options, and some of them ask for others. (podman takes `o` by itself.)
fn local_options(reader: &Reader, item: &Item, config: &VolumeConfig) {
    const KNOWN: [(&str, &[&str]); 4] =
        [("device", &["type"]), ("o", &[]), ("size", &[]), ("type", &["device"])];
    if config.driver.as_deref().is_some_and(|driver| driver != "local") {
        return;
    }
    for name in config.driver_options.keys() {
        let place = item.get("driver_options").unwrap_or_else(|| item.clone());
        let place = place.get(name).unwrap_or(place);
        let Some((_, others)) = KNOWN.iter().find(|(known, _)| known == name) else {
            let message =
                format!("the driver local has no option \"{}\"", crate::yaml::shorten(name));
            let known = KNOWN.iter().map(|(known, _)| *known);
            let help = crate::read::did_you_mean(name, known);
            let found = reader.error(&place, "bad-value", message).at(place.key_span(), "");
            reader.report(found.maybe_help(help));
            continue;
        };
        let is_missing = |other: &&&str| !config.driver_options.contains_key(**other);
        if let Some(other) = others.iter().find(is_missing) {
            let message = format!("the option {name} is nothing without {other}");
            let found = reader.error(&place, "missing-key", message).at(place.key_span(), "");
            reader.report(found.help("write {type: tmpfs, device: tmpfs}, for example"));
        }
    }
}

const VOLUME: &[Field<Volume>] = &[
    Field { name: "path", read: |v, r, i| put(&mut v.path, container_path(r, i)) },
    Field { name: "default_path", read: |v, r, i| put(&mut v.path, container_path(r, i)) },
    Field {
        name: "name",
        read: |v, r, i| put(&mut v.name, r.parse(i, crate::scalar::volume_name)),
    },
    Field { name: "external", read: |v, r, i| set(&mut v.external, r.bool(i)) },
    Field { name: "driver", read: |v, r, i| put(&mut v.config.driver, r.string(i)) },
    Field { name: "driver_options", read: |v, r, i| v.config.driver_options.extend(r.options(i)) },
    Field { name: "labels", read: |v, r, i| v.config.labels.extend(r.labels(i)) },
    Field { name: "user", read: |v, r, i| put(&mut v.user, r.spanned(i)) },
    Field { name: "permissions", read: |v, r, i| put(&mut v.permissions, permissions(r, i)) },
    // docker-map's way to say labels.
    Field {
        name: "create_options",
        read: |v, r, i| {
            r.fields(i, v, &[CREATE]);
        },
    },
];

const CREATE: &[Field<Volume>] = &[
    Field { name: "labels", read: |v, r, i| v.config.labels.extend(r.labels(i)) },
    Field { name: "driver", read: |v, r, i| put(&mut v.config.driver, r.string(i)) },
    Field { name: "driver_opts", read: |v, r, i| v.config.driver_options.extend(r.options(i)) },
];

/// The section's `root`, absolute.
pub(super) fn host_root(
    reader: &Reader,
    section: Option<&Item>,
    root: Option<&Item>,
) -> Option<String> {
    let inner = section.and_then(|section| section.get("root"));
    let root = inner.as_ref().or(root)?;
    reader.path(root)
}

/// A path, or `{instance: path}`.
pub(super) fn host_path(reader: &Reader, root: Option<&str>, item: &Item) -> Option<HostPath> {
    let item = reader.resolve(item)?;
    let place = |item: &Item| {
        let text = reader.string(item)?;
        Some(match root {
            Some(root) if !text.starts_with(['/', '~']) => {
                crate::read::clean(&Path::new(root).join(text))
            }
            _ => reader.absolute(item, &text),
        })
    };
    let span = item.key_span();
    if item.node.as_mapping().is_none() {
        return Some(HostPath { span, path: Some(place(&item)?), instances: BTreeMap::new() });
    }
    let mut instances = BTreeMap::new();
    for (key, value) in reader.entries(&item, "paths") {
        if let Some(path) = place(&value) {
            instances.insert(key.text.to_string(), path);
        }
    }
    let path = instances.get("default").cloned();
    Some(HostPath { span, path, instances })
}
