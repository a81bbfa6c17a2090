//! The local inputs: build contexts and secrets, as digests.
//!
//! Invariant: files are read and hashed in blocking threads, all images at the same time, and only
//! of the images that are asked for and those that they are built on.

use crate::error::{InputError, ObserveError};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use windlass_image::dockerfile::HealthcheckOrigin;
use windlass_image::file_digests::FileDigests;
use windlass_image::source::{Recipe, SourceError};
use windlass_model::Address;
use windlass_model::digest::Digest;
use windlass_model::image::{ImageSpec, ImageUse, familiar_reference};
use windlass_model::observed::{BuiltHealthcheck, ObservedBuild};
use windlass_model::project::Project;
use windlass_model::secret::{SecretMount, SecretValues};

/// Which images' inputs are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ImageFilter {
    #[default]
    All,
    /// By key; what they are built on is read too.
    Only(BTreeSet<String>),
}

/// What is read on this machine.
#[derive(Clone, Debug, Default)]
pub struct LocalInputs {
    pub images: ImageFilter,
    /// Those that were read; a container with a secret that was not gets no digest.
    pub secrets: SecretValues,
    /// What is known of files from before.
    pub file_digests: FileDigests,
}

/// The inputs of the images that are built, by key.
pub(crate) async fn builds(
    project: &Project,
    filter: &ImageFilter,
    known: &FileDigests,
) -> Result<BTreeMap<String, ObservedBuild>, ObserveError> {
    let references: BTreeMap<String, String> =
        project.images.iter().map(|(key, spec)| (key.clone(), spec.reference.clone())).collect();
    let mut next: BTreeSet<String> = match filter {
        ImageFilter::All => project.images.keys().cloned().collect(),
        ImageFilter::Only(keys) => keys.clone(),
    };
    let mut builds: BTreeMap<String, ObservedBuild> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut images = Vec::new();
    while !next.is_empty() {
        seen.extend(next.iter().cloned());
        let specs = next.iter().filter_map(|key| project.images.get(key));
        let found = join_all(specs.map(|spec| build(spec, &references, known))).await;
        next.clear();
        for found in found {
            let (key, implied, build) = match found {
                Ok(found) => found,
                Err(error) => {
                    images.push(error);
                    continue;
                }
            };
            next.extend(implied);
            let Some(build) = build else { continue };
            next.extend(build.bases.iter().filter_map(|base| match base {
                ImageUse::Project(key) => Some(key.clone()),
                ImageUse::External(_) => None,
            }));
            builds.insert(key, build);
        }
        next.retain(|key| !seen.contains(key));
    }
    if images.is_empty() { Ok(builds) } else { Err(ObserveError::Images { images }) }
}

type Found = (String, BTreeSet<String>, Option<ObservedBuild>);

async fn build(
    spec: &ImageSpec,
    references: &BTreeMap<String, String>,
    known: &FileDigests,
) -> Result<Found, InputError> {
    let (key, implied) = (spec.key.clone(), spec.depends_on.clone());
    if spec.source.is_external() {
        return Ok((key, implied, None));
    }
    let (spec, references, known) = (spec.clone(), references.clone(), known.clone());
    let read = tokio::task::spawn_blocking(move || {
        read(&spec, &references, &known).map_err(|source| InputError::new(&spec, source))
    });
    let build = read.await.expect("invariant: reading local files does not panic")?;
    Ok((key, implied, build))
}

fn read(
    spec: &ImageSpec,
    references: &BTreeMap<String, String>,
    known: &FileDigests,
) -> Result<Option<ObservedBuild>, SourceError> {
    let recipe = Recipe::read(spec, references)?;
    let bases = bases(&recipe, references);
    let healthcheck = match recipe.healthcheck() {
        HealthcheckOrigin::Unknown => BuiltHealthcheck::Unknown,
        HealthcheckOrigin::Own(is_there) => BuiltHealthcheck::Own(is_there),
        HealthcheckOrigin::Image(image) => BuiltHealthcheck::OfBase(image_use(&image, references)),
    };
    let content = match recipe {
        Recipe::Build(recipe) => recipe.prepare(&BTreeMap::new(), known)?.digest,
        Recipe::Import(import) => import.digest()?,
        Recipe::Provision(recipe) => recipe.gather(known)?.digest()?,
        Recipe::External => return Ok(None),
    };
    Ok(Some(ObservedBuild { digest: Digest(content.to_hex()), bases, healthcheck }))
}

/// The images it is built on, once each, in order.
fn bases(recipe: &Recipe, references: &BTreeMap<String, String>) -> Vec<ImageUse> {
    let mut bases = Vec::new();
    for needed in recipe.images() {
        let base = image_use(&needed.image, references);
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    bases
}

/// An image of the project by its reference, or one from outside.
fn image_use(image: &str, references: &BTreeMap<String, String>) -> ImageUse {
    let familiar = familiar_reference(image);
    let of_project =
        references.iter().find(|(_, reference)| familiar_reference(reference) == familiar);
    match of_project {
        Some((key, _)) => ImageUse::Project(key.clone()),
        None => ImageUse::External(image.into()),
    }
}

/// What each image that is built is built on, as far as that can be read. Build contexts are not.
pub fn image_bases(project: &Project) -> BTreeMap<String, Vec<ImageUse>> {
    let references: BTreeMap<String, String> =
        project.images.iter().map(|(key, spec)| (key.clone(), spec.reference.clone())).collect();
    let bases = |(key, spec): (&String, &ImageSpec)| {
        let recipe = Recipe::read(spec, &references).ok()?;
        Some((key.clone(), bases(&recipe, &references)))
    };
    project.images.iter().filter_map(bases).collect()
}

/// Digests of the secrets of each container that has some.
pub(crate) async fn secret_digests(
    project: &Project,
    values: &SecretValues,
) -> Result<BTreeMap<Address, Digest>, ObserveError> {
    let known = |mounts: &[SecretMount]| {
        !mounts.is_empty() && mounts.iter().all(|mount| values.get(&mount.secret).is_some())
    };
    let digests = project.containers.values().filter(|spec| known(&spec.secrets)).map(|spec| {
        let (address, mounts, values) =
            (spec.address.clone(), spec.secrets.clone(), values.clone());
        tokio::task::spawn_blocking(move || {
            let names = mounts.iter().map(|mount| mount.secret.as_str());
            let digest = values.digest(&salt(&address, &mounts), names);
            (address, digest)
        })
    });
    let digests = join_all(digests).await;
    let digest = |joined: Result<_, _>| joined.expect("invariant: hashing does not panic");
    Ok(digests.into_iter().map(digest).collect())
}

/// What the secrets are for: also where their files are and who may read them.
fn salt(address: &Address, mounts: &[SecretMount]) -> String {
    let mut salt = address.label();
    for SecretMount { secret, target, uid, gid, mode } in mounts {
        write!(salt, "\n{secret} {target} {uid} {gid} {mode:o}")
            .expect("invariant: writing to a String does not fail");
    }
    salt
}
