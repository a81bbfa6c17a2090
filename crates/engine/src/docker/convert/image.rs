//! Images.
//!
//! Invariant: references are in their familiar form, and `<none>` is no reference.

use std::collections::BTreeSet;

use windlass_model::image::familiar_reference;
use windlass_model::label::{Owner, without_own};
use windlass_model::name::EngineName;
use windlass_model::observed::{ImageConfig, ObservedImage};

use super::process::{env_map, exposed_ports, signal_name};
use super::{health, image_id, text, time};
use crate::docker::document::container::Config;
use crate::docker::document::image::{Inspect, Summary};
use crate::docker::document::{Loose, Words};

pub(crate) fn image_summary(engine: &EngineName, document: Summary) -> ObservedImage {
    let Summary { id, repo_tags, repo_digests, labels, size, created } = document;
    let labels = labels.unwrap_or_default();
    ObservedImage {
        id: image_id(&id),
        references: references(repo_tags, repo_digests),
        owner: Owner::read(engine, &labels),
        labels,
        size_bytes: size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
        created_s: created.unwrap_or_default(),
        layers: Vec::new(),
        config: None,
    }
}

pub(crate) fn image_inspect(engine: &EngineName, document: Inspect) -> ObservedImage {
    let Inspect { id, repo_tags, repo_digests, created, size, config, root_fs, .. } = document;
    let Inspect { os, architecture, variant, .. } = document;
    let config = config.unwrap_or_default();
    let labels = config.labels.clone().unwrap_or_default();
    let parts = [text(os), text(architecture), text(variant)];
    let platform = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    ObservedImage {
        id: image_id(&id),
        references: references(repo_tags, repo_digests),
        owner: Owner::read(engine, &labels),
        labels,
        size_bytes: size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
        created_s: time::epoch_s(&created.unwrap_or_default()),
        layers: root_fs.layers.unwrap_or_default(),
        config: Some(given_config(config, platform)),
    }
}

fn given_config(config: Config, platform: String) -> ImageConfig {
    ImageConfig {
        command: config.cmd.map(Words::into_vec),
        entrypoint: config.entrypoint.map(Words::into_vec),
        env: env_map(config.env),
        labels: without_own(&config.labels.unwrap_or_default()),
        user: config.user.unwrap_or_default(),
        workdir: config.working_dir.unwrap_or_default(),
        exposed: exposed_ports(config.exposed_ports),
        volumes: config.volumes.into_iter().flatten().map(|(target, _)| target).collect(),
        healthcheck: config.healthcheck.and_then(health::observed),
        stop_signal: text(config.stop_signal.map(Loose::into_text)).map(|name| signal_name(&name)),
        platform,
    }
}

fn references(tags: Option<Vec<String>>, digests: Option<Vec<String>>) -> BTreeSet<String> {
    let all = tags.into_iter().chain(digests).flatten();
    all.filter(|reference| !reference.contains("<none>"))
        .map(|reference| familiar_reference(&reference))
        .collect()
}
