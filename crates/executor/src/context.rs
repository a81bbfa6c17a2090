//! What an execution needs beside the plan and the engines.
//!
//! Invariant: all of it was read before; an execution asks neither the environment nor a terminal.

use std::collections::BTreeMap;
use windlass_image::file_digests::FileDigests;
use windlass_model::lock::Holder;
use windlass_model::mask::{Mask, mask};
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::project::Project;
use windlass_model::secret::SecretValues;

/// How many steps run at once on an engine of which nothing is said: 4 × the CPUs of this machine,
/// within these bounds. More makes an engine slower, not faster.
const PARALLEL: std::ops::RangeInclusive<usize> = 4..=16;

/// What an execution needs beside the plan and the engines.
#[derive(Clone, Debug)]
pub struct ExecutionContext {
    /// Objects of another project are never removed.
    pub project: ProjectName,
    /// Values of the secrets that the plan copies or gives to builds.
    pub secrets: SecretValues,
    /// Takes them out of what containers and engines say.
    pub(crate) mask: Mask,
    /// How many steps run at once, where an engine's entry says so.
    pub parallel: BTreeMap<EngineName, usize>,
    /// Whose the containers are that are made on the way.
    pub holder: Option<Holder>,
    /// Those of the observation, so that no file is hashed twice.
    pub file_digests: FileDigests,
}

impl ExecutionContext {
    pub fn new(project: &Project, secrets: SecretValues) -> Self {
        let parallel = project
            .engines
            .iter()
            .filter_map(|(name, spec)| Some((name.clone(), spec.parallel?)))
            .collect();
        let mask = mask(project, &secrets);
        Self {
            project: project.name.clone(),
            secrets,
            mask,
            parallel,
            holder: None,
            file_digests: FileDigests::default(),
        }
    }

    pub(crate) fn parallel(&self, engine: &EngineName) -> usize {
        let asked = self.parallel.get(engine).copied();
        asked.unwrap_or_else(|| {
            let cpus = std::thread::available_parallelism().map_or(1, usize::from);
            (4 * cpus).clamp(*PARALLEL.start(), *PARALLEL.end())
        })
    }
}
