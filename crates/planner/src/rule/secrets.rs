//! Secrets as files: put into a container before it starts, gone with it.
//!
//! Invariant: a plan has the names of secrets and never their values.

use crate::draft::{Draft, Why};
use std::collections::BTreeMap;
use windlass_model::container::ContainerSpec;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, ContainerRef};
use windlass_model::secret::{SECRETS_DIR, SecretMount};

/// Puts secrets into a container that was never started: one that is created, or one whose run ended before it had them.
/// Engines refuse to write to a read-only root, but not to a volume in it.
pub(crate) fn copy(spec: &ContainerSpec, container: &ContainerRef, why: &Why, draft: &mut Draft) {
    let mut by_directory = BTreeMap::<_, Vec<SecretMount>>::new();
    for file in &spec.secrets {
        let above = spec.config.mount_above(&file.target).filter(|_| spec.config.read_only);
        by_directory.entry(above.map_or("/", |(target, _)| target)).or_default().push(file.clone());
    }
    for (directory, files) in by_directory {
        let (container, directory) = (container.clone(), directory.into());
        let action = Action::CopySecrets { container, directory, files };
        let after = draft.progress(&spec.address).present;
        let copied = draft.step(&spec.address, action, why.clone(), after);
        draft.progress(&spec.address).present = Some(copied);
    }
}

/// Whether the anonymous volumes of a container that is replaced have nothing but secrets, which go with it.
pub(crate) fn has_only_secrets(container: &ObservedContainer) -> bool {
    let mut targets = container.anonymous_volumes.keys().peekable();
    targets.peek().is_some() && targets.all(|target| target == SECRETS_DIR)
}
