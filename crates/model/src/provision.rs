//! Images that are made of resources.
//!
//! Invariant: what an image gives to its containers is no layer, and what is not said here is as the image below it has it.

use crate::healthcheck::Healthcheck;
use crate::image::ImageUse;
use crate::port::ExposedPort;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use windlass_bundle::Bundle;

/// A base image, what its file system shall have, and what containers get of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provision {
    /// `None`: nothing, as Dockerfiles say it with `FROM scratch`.
    pub from: Option<ImageUse>,
    pub bundle: Bundle,
    pub defaults: ImageDefaults,
}

/// What an image says of the containers that are made of it. `None` and empty: as its base has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageDefaults {
    pub env: BTreeMap<String, String>,
    pub user: Option<String>,
    pub workdir: Option<String>,
    pub entrypoint: Option<Vec<String>>,
    /// An entrypoint of its own takes the base's command away, as in a Dockerfile.
    pub command: Option<Vec<String>>,
    pub exposed: BTreeSet<ExposedPort>,
    /// Paths that become anonymous volumes.
    pub volumes: BTreeSet<String>,
    pub healthcheck: Option<Healthcheck>,
    pub stop_signal: Option<String>,
    /// Who made it.
    pub maintainer: Option<String>,
}
