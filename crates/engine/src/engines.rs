//! The engines of a run, by their names in the file.
//!
//! Invariant: every address of a plan names an engine that is here.

use crate::Engine;
use std::collections::BTreeMap;
use std::sync::Arc;
use windlass_model::name::EngineName;

pub type Engines = BTreeMap<EngineName, Arc<dyn Engine>>;
