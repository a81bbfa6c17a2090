//! Images made of resources, as far as they can be made ready without an engine.
//!
//! Invariant: the digest covers every byte that can get into the image, and nothing of where it lies on this machine.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use windlass_bundle::{Bundle, Kind, ResourceError};
use windlass_model::healthcheck::HealthTest;
use windlass_model::image::{BuildOptions, ImageUse};
use windlass_model::provision::{ImageDefaults, Provision};
use windlass_store::Store;

use crate::digest::{ContentDigest, FieldHasher};
use crate::dockerfile::{HealthcheckOrigin, ImageReference, ReferenceKind};
use crate::file_digests::FileDigests;
use crate::inputs::hash_options;

/// Resources that were gathered, on a base that need not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionRecipe {
    pub bundle: Bundle,
    pub defaults: ImageDefaults,
    /// The base; none is `scratch`.
    pub images: Vec<ImageReference>,
    pub options: BuildOptions,
    /// The key of the base, where that is an image of the project.
    pub base_key: Option<String>,
}

impl ProvisionRecipe {
    /// `references` has the reference of each image of the project, by its key.
    pub(crate) fn new(
        provision: &Provision,
        options: &BuildOptions,
        references: &BTreeMap<String, String>,
    ) -> Self {
        let Provision { from, bundle, defaults } = provision;
        let image = from.as_ref().map(|from| match from {
            ImageUse::Project(key) => references.get(key).unwrap_or(key).clone(),
            ImageUse::External(text) => pinned(text, options),
        });
        let reference = |image| ImageReference { image, kind: ReferenceKind::From, line: 1 };
        let base_key = match from {
            Some(ImageUse::Project(key)) => Some(key.clone()),
            Some(ImageUse::External(_)) | None => None,
        };
        Self {
            bundle: bundle.clone(),
            defaults: defaults.clone(),
            images: image.map(reference).into_iter().collect(),
            options: options.clone(),
            base_key,
        }
    }

    /// Looks at the files of this machine that it is made of, and brings here what is elsewhere; that is kept beside what is
    /// kept of files.
    ///
    /// # Errors
    ///
    /// The first resource of which one can't be had.
    pub fn gather(mut self, files: &FileDigests) -> Result<Self, ResourceError> {
        let cache = files.folder().and_then(Path::parent);
        let nowhere = || io::Error::other("this user has no directory for caches");
        let store = || Store::open(cache.ok_or_else(nowhere)?.join("resources"));
        // Sources are absolute.
        match windlass_store::gather(&mut self.bundle, Path::new("/"), store) {
            Ok(()) => Ok(self),
            Err(errors) => Err(errors
                .into_iter()
                .next()
                .unwrap_or_else(|| ResourceError::new("what it is made of could not be had"))),
        }
    }

    /// Of what was gathered: files are read.
    ///
    /// # Errors
    ///
    /// The resource of which a file can't be read.
    pub fn digest(&self) -> Result<ContentDigest, ResourceError> {
        let mut bundle = self.bundle.clone();
        bundle.take_assets()?;
        bundle.resources.iter_mut().for_each(|one| forget_origin(&mut one.kind));
        // It goes up when the same resources give another image.
        let mut hasher = FieldHasher::new("windlass provision 2");
        hasher.field(bundle.to_json());
        let defaults = serde_json::to_string(&self.defaults);
        hasher.field(defaults.expect("invariant: the defaults are plain data"));
        hash_options(&mut hasher, &self.options);
        hasher.number(self.images.len() as u64);
        for image in &self.images {
            hasher.field(&image.image);
        }
        Ok(hasher.finish())
    }

    /// Whether something may be in it that is shown and kept nowhere. A command may write down the secrets that it is given.
    pub fn is_sensitive(&self) -> bool {
        let is_declared = self.bundle.resources.iter().any(|one| one.sensitive);
        is_declared || !self.bundle.secrets().is_empty()
    }

    pub(crate) fn healthcheck(&self) -> HealthcheckOrigin {
        let own = self.defaults.healthcheck.as_ref();
        match (own.filter(|check| check.test != HealthTest::Inherit), self.images.first()) {
            (Some(check), _) => HealthcheckOrigin::Own(check.is_active()),
            (None, Some(base)) => HealthcheckOrigin::Image(base.image.clone()),
            (None, None) => HealthcheckOrigin::Own(false),
        }
    }
}

/// Where it was had from makes no difference to what it is.
fn forget_origin(kind: &mut Kind) {
    if let Kind::Fetch(fetch) = kind {
        fetch.urls.clear();
    }
    if let Kind::Git(git) = kind {
        git.repository.clear();
        git.rev.clear();
    }
}

fn pinned(image: &str, options: &BuildOptions) -> String {
    let familiar = windlass_model::image::familiar_reference(image);
    options.pins.get(&familiar).map_or_else(|| image.to_owned(), Clone::clone)
}
