//! Images of bundles that were put together in code.
//!
//! Invariant: they go the way of declared images of resources; only nobody planned it, and no project takes them for its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use windlass_bundle::{Bundle, Content, Kind, Mode, ResourceError, check, check_for};
use windlass_image::file_digests::FileDigests;
use windlass_image::provision::ProvisionRecipe;
use windlass_image::source::Recipe;
use windlass_model::healthcheck::Healthcheck;
use windlass_model::image::{BuildOptions, ImageSource, ImageSpec, ImageUse};
use windlass_model::port::ExposedPort;
use windlass_model::provision::{ImageDefaults, Provision};

use crate::bundle_build::BundleImageError;
use crate::image_settings::problems;

/// Under which name steps of an image are kept that has none itself.
const NAMELESS: &str = "localhost/windlass-bundle";

/// An image of resources: a base, a [`Bundle`], and how containers of it run.
///
/// What is not said is as the base has it. What is said once more takes the place of what was said before; variables, ports,
/// volumes, labels and tags are added to.
#[derive(Clone, Debug, Default)]
pub struct BundleImage {
    from: Option<String>,
    bundle: Bundle,
    defaults: ImageDefaults,
    labels: BTreeMap<String, String>,
    tags: Vec<String>,
    directory: Option<PathBuf>,
    cache: Option<PathBuf>,
}

impl BundleImage {
    /// On nothing, as Dockerfiles say it with `FROM scratch`.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it is put on, such as `debian:12`. It is pulled if the engine does not have it.
    #[must_use]
    pub fn from_image(mut self, reference: impl Into<String>) -> Self {
        self.from = Some(reference.into());
        self
    }

    /// What shall be in it.
    #[must_use]
    pub fn bundle(mut self, bundle: Bundle) -> Self {
        self.bundle = bundle;
        self
    }

    /// Its name, such as `site:1`; one without a tag is `latest`. An image without a name is found by its id alone.
    #[must_use]
    pub fn tag(mut self, reference: impl Into<String>) -> Self {
        self.tags.push(tagged(reference.into()));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.defaults.env.insert(name.into(), value.into());
        self
    }

    /// Paths that become anonymous volumes of containers that have nothing else there.
    #[must_use]
    pub fn volumes<T: Into<String>>(mut self, paths: impl IntoIterator<Item = T>) -> Self {
        self.defaults.volumes.extend(paths.into_iter().map(Into::into));
        self
    }

    /// `80`, or `(53, Protocol::Udp)`.
    #[must_use]
    pub fn ports<T: Into<ExposedPort>>(mut self, ports: impl IntoIterator<Item = T>) -> Self {
        self.defaults.exposed.extend(ports.into_iter().map(Into::into));
        self
    }

    /// What containers run, or what they give to the entrypoint.
    #[must_use]
    pub fn cmd<T: Into<String>>(mut self, argv: impl IntoIterator<Item = T>) -> Self {
        self.defaults.command = Some(argv.into_iter().map(Into::into).collect());
        self
    }

    /// It takes the base's command away, as in a Dockerfile.
    #[must_use]
    pub fn entrypoint<T: Into<String>>(mut self, argv: impl IntoIterator<Item = T>) -> Self {
        self.defaults.entrypoint = Some(argv.into_iter().map(Into::into).collect());
        self
    }

    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.defaults.user = Some(user.into());
        self
    }

    #[must_use]
    pub fn workdir(mut self, path: impl Into<String>) -> Self {
        self.defaults.workdir = Some(path.into());
        self
    }

    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub fn labels<N: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.labels.extend(labels.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    #[must_use]
    pub fn healthcheck(mut self, check: Healthcheck) -> Self {
        self.defaults.healthcheck = Some(check);
        self
    }

    /// `SIGINT`.
    #[must_use]
    pub fn stop_signal(mut self, signal: impl Into<String>) -> Self {
        self.defaults.stop_signal = Some(signal.into());
        self
    }

    /// Who made it.
    #[must_use]
    pub fn maintainer(mut self, name: impl Into<String>) -> Self {
        self.defaults.maintainer = Some(name.into());
        self
    }

    /// What relative paths of sources are relative to; without it, the working directory.
    #[must_use]
    pub fn sources_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// A directory for what is fetched, and for what is known of base images: it may be removed at any time. Without it an image
    /// is looked at anew each time, and nothing can be fetched.
    #[must_use]
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// Its names.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    pub(crate) fn files(&self) -> FileDigests {
        let cache = self.cache.as_ref();
        cache.map_or_else(FileDigests::default, |cache| FileDigests::kept_in(cache.join("files")))
    }

    /// The image as one of a file would be. Its own labels are in its options.
    pub(crate) fn spec(mut self, mut options: BuildOptions) -> Result<ImageSpec, BundleImageError> {
        let problems = problems(self.from.as_deref(), &self.tags, &self.defaults);
        if !problems.is_empty() {
            return Err(BundleImageError::Settings { problems });
        }
        let mut errors = check(&self.bundle);
        errors.extend(check_for(&self.bundle, Mode::Image));
        if !errors.is_empty() {
            return Err(BundleImageError::Resources { errors });
        }
        let here = std::path::absolute(self.directory.unwrap_or_else(|| ".".into()));
        place(&mut self.bundle, &here.map_err(|source| BundleImageError::Directory { source })?);
        options.labels.extend(self.labels);
        let from = self.from.map(|from| ImageUse::External(from.into()));
        let reference = self.tags.first().cloned().unwrap_or_else(|| tagged(NAMELESS.to_owned()));
        Ok(ImageSpec {
            key: "image".to_owned(),
            reference,
            tags: self.tags.into_iter().skip(1).collect(),
            source: ImageSource::Provision(Box::new(Provision {
                from,
                bundle: self.bundle,
                defaults: self.defaults,
            })),
            build: options,
            depends_on: BTreeSet::new(),
            push: false,
        })
    }
}

/// Reads what the resources of an image are made of.
pub(crate) fn recipe(
    spec: &ImageSpec,
    files: &FileDigests,
) -> Result<ProvisionRecipe, BundleImageError> {
    let wrong = |error: ResourceError| BundleImageError::Resources { errors: vec![error] };
    match Recipe::read(spec, &BTreeMap::new()) {
        Ok(Recipe::Provision(recipe)) => recipe.gather(files).map_err(wrong),
        Ok(Recipe::Build(_) | Recipe::Import(_) | Recipe::External) | Err(_) => {
            Err(wrong(ResourceError::new("it is not made of resources")))
        }
    }
}

/// Makes the paths of sources absolute.
fn place(bundle: &mut Bundle, directory: &Path) {
    for content in bundle.contents() {
        if let Content::File(path) = content {
            *path = directory.join(&*path);
        }
    }
    for resource in &mut bundle.resources {
        if let Kind::Tree(tree) = &mut resource.kind
            && let Some(source) = &mut tree.source
        {
            *source = directory.join(&*source);
        }
    }
}

fn tagged(reference: String) -> String {
    let last = reference.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { reference } else { format!("{reference}:latest") }
}
