//! The thread that puts an image together.
//!
//! Invariant: files are read here and nothing else is waited for but the engine's answers.

use super::ask::Asker;
use super::target::{ImageTarget, Options};
use crate::failure;
use crate::step::Result;
use std::collections::{BTreeMap, BTreeSet};
use windlass_bundle::{Facts, Mode, ResourceError, View, apply_with, check_user};
use windlass_image::layer::{BaseImage, ImageView, SavedImage};
use windlass_image::provision::ProvisionRecipe;
use windlass_model::report::{Failure, FailureKind};

/// What is made, and of what.
pub(super) struct Work {
    pub(super) recipe: ProvisionRecipe,
    /// Its id, and what is in it; nothing for `scratch`.
    pub(super) base: Option<(String, SavedImage)>,
    /// Beside those of the base.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) references: BTreeSet<String>,
    pub(super) repository: String,
    /// Of images on the way.
    pub(super) passing_labels: BTreeMap<String, String>,
    pub(super) runs_anew: bool,
    /// Nothing is loaded: it ends where something has to be.
    pub(super) only_looks: bool,
}

/// What became of it.
pub(super) struct Made {
    /// The id of the image.
    pub(super) result: Result<String>,
    /// References on the way that nothing needs any more.
    pub(super) passing: BTreeSet<String>,
    /// References of what commands left.
    pub(super) kept: BTreeSet<String>,
    /// Places in the bundle of those whose commands did not run, because what they leave is known.
    pub(super) known: BTreeSet<usize>,
}

/// Puts the image together and has it loaded.
pub(super) fn make(work: Work, asker: &Asker) -> Made {
    let Work {
        recipe,
        base,
        labels,
        references,
        repository,
        passing_labels,
        runs_anew,
        only_looks,
    } = work;
    let (image, mut saved) = match base {
        Some((id, saved)) => (Some(id), saved),
        None => (None, scratch(&recipe)),
    };
    let maintainer = recipe.defaults.maintainer.clone();
    saved.base.author = maintainer.or(saved.base.author);
    let arch = saved.base.architecture.clone();
    let config = saved.base.config.clone().with(&recipe.defaults, labels);
    let config_of = config.clone();
    let options = Options { repository, config: config_of, passing_labels, runs_anew, only_looks };
    let target = ImageTarget::new(asker.clone(), (image, saved), options);
    let result = applied(&recipe, &target, &arch).and_then(|()| {
        // Where nothing runs it is not known whom commands would add.
        if let (Some(user), false) = (&recipe.defaults.user, only_looks) {
            check_user(&target, user).map_err(|error| Failure {
                help: error.help,
                ..failure::local(format!(
                    "containers could not run as its `user`: {}",
                    error.message
                ))
            })?;
        }
        target.seal()?;
        target.load(&target.stack.borrow(), &config, references)
    });
    let (passing, kept, known) = (target.passing.take(), target.kept.take(), target.known.take());
    Made { result, passing, kept, known }
}

pub(super) fn scratch(recipe: &ProvisionRecipe) -> SavedImage {
    let platform = recipe
        .options
        .platform
        .clone()
        .unwrap_or_else(|| format!("linux/{}", windlass_payload::arch()));
    SavedImage { base: BaseImage::scratch(&platform), view: ImageView::empty() }
}

fn applied(recipe: &ProvisionRecipe, target: &ImageTarget, arch: &str) -> Result<()> {
    let failed = |errors: &[ResourceError]| {
        let otherwise = "the resources could not be applied";
        let said = failure::from_resources(&recipe.bundle, errors, otherwise);
        let Some(asked) = target.failed.take() else { return said };
        let is_of_resource = matches!(asked.kind, FailureKind::Local | FailureKind::Exec { .. });
        let kind = if is_of_resource { said.kind } else { asked.kind };
        Failure {
            kind,
            message: said.message,
            detail: asked.detail,
            help: said.help.or(asked.help),
        }
    };
    let facts =
        Facts::of(target as &dyn View, Mode::Image, arch).map_err(|error| failed(&[error]))?;
    let applied = apply_with(&recipe.bundle, target, &facts, &mut ());
    let applied = applied.and_then(|_| target.catch_up().map_err(|error| vec![error]));
    applied.map_err(|errors| failed(&errors))
}
