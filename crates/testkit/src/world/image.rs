//! Images of a fake engine.
//!
//! Invariant: an id is derived from what the image was made of: the same inputs give the same id.

use super::{World, refuse};
use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::Result;
use windlass_engine::build::BuildRequest;
use windlass_model::digest::Digest;
use windlass_model::fault::Fault;
use windlass_model::image::{PullPolicy, familiar_reference};
use windlass_model::label::Owner;
use windlass_model::name::{ContainerId, ImageId};
use windlass_model::observed::{ImageConfig, ObservedImage};

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct FakeImage {
    pub(crate) id: ImageId,
    pub(crate) references: BTreeSet<String>,
    pub(crate) config: ImageConfig,
    created_s: i64,
}

impl World {
    pub(crate) fn insert_image(&mut self, reference: &str, config: ImageConfig) -> ImageId {
        let familiar = familiar_reference(reference);
        let id = ImageId(format!("sha256:{}", Digest::of([format!("{familiar} {config:?}")])));
        let created_s = self.tick() / 1_000_000_000;
        let image = FakeImage { id: id.clone(), references: BTreeSet::new(), config, created_s };
        self.images.entry(id.clone()).or_insert(image);
        self.tag(&id, &familiar);
        id
    }

    fn tag(&mut self, id: &ImageId, familiar: &str) {
        for image in self.images.values_mut() {
            image.references.remove(familiar);
        }
        if let Some(image) = self.images.get_mut(id) {
            image.references.insert(familiar.to_owned());
        }
    }

    pub(crate) fn find_image(&self, key: &str) -> Result<ImageId> {
        let familiar = familiar_reference(key);
        self.images
            .values()
            .find(|image| image.id.as_str() == key || image.references.contains(&familiar))
            .map(|image| image.id.clone())
            .map_or_else(|| refuse(Fault::NotFound, format!("No such image: {key}")), Ok)
    }

    pub(crate) fn observe_image(&self, id: &ImageId, with_config: bool) -> Result<ObservedImage> {
        let Some(image) = self.images.get(id) else {
            return refuse(Fault::NotFound, format!("No such image: {id}"));
        };
        Ok(ObservedImage {
            id: id.clone(),
            references: image.references.clone(),
            labels: image.config.labels.clone(),
            owner: Owner::read(&self.name, &image.config.labels),
            size_bytes: 1_000_000,
            created_s: image.created_s,
            layers: Vec::new(),
            config: with_config.then(|| image.config.clone()),
        })
    }

    pub(crate) fn pull_image(&mut self, reference: &str) -> Result<()> {
        let Some(config) = self.registry.get(&familiar_reference(reference)).cloned() else {
            return refuse(Fault::RegistryNotFound, format!("manifest for {reference} not found"));
        };
        self.insert_image(reference, config);
        self.emit("image", "pull", reference, &[]);
        Ok(())
    }

    /// What is pushed can be pulled, here and wherever the registry is shared.
    pub(crate) fn push_image(&mut self, reference: &str) -> Result<()> {
        let id = self.find_image(reference)?;
        let Some(image) = self.images.get(&id) else { return Ok(()) };
        self.registry.insert(familiar_reference(reference), image.config.clone());
        self.emit("image", "push", reference, &[]);
        Ok(())
    }

    pub(crate) fn build_image(&mut self, request: &BuildRequest) -> Result<ImageId> {
        for line in request.dockerfile.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["FROM", base, ..] if *base != "scratch" && self.find_image(base).is_err() => {
                    if request.pull == PullPolicy::Never {
                        return refuse(Fault::ImageMissing, format!("no such image: {base}"));
                    }
                    self.pull_image(base)?;
                }
                ["RUN", "false"] => {
                    return refuse(Fault::BuildFailed, "the command 'false' returned 1");
                }
                _ => {}
            }
        }
        self.make_image(&request.references, request.labels.clone(), &request.dockerfile)
    }

    /// An image made here, with the labels given to it; what it was made of is told apart by them.
    pub(crate) fn make_image(
        &mut self,
        references: &[String],
        labels: BTreeMap<String, String>,
        recipe: &str,
    ) -> Result<ImageId> {
        let Some((first, rest)) = references.split_first() else {
            return refuse(Fault::Invalid, "no reference");
        };
        let mut config =
            ImageConfig { platform: "linux/amd64".to_owned(), labels, ..ImageConfig::default() };
        config.command = Some(vec!["run".to_owned()]);
        config.env.insert("RECIPE".to_owned(), Digest::of([recipe]).0);
        let id = self.insert_image(first, config);
        for reference in rest {
            self.tag(&id, &familiar_reference(reference));
        }
        self.emit("image", "tag", id.as_str(), &[("name", first)]);
        Ok(id)
    }

    pub(crate) fn commit(
        &mut self,
        container: &ContainerId,
        reference: String,
        labels: BTreeMap<String, String>,
        recipe: &str,
    ) -> Result<()> {
        self.container(container)?;
        self.make_image(&[reference], labels, recipe).map(|_| ())
    }

    pub(crate) fn tag_image(&mut self, image: &str, reference: &str) -> Result<()> {
        let id = self.find_image(image)?;
        self.tag(&id, &familiar_reference(reference));
        Ok(())
    }

    /// By reference: takes the tag away, and the image with its last tag.
    pub(crate) fn remove_image(&mut self, key: &str) -> Result<()> {
        let id = self.find_image(key)?;
        let familiar = familiar_reference(key);
        let by: Vec<String> = self
            .containers
            .values()
            .filter(|container| container.image_id == id)
            .map(|container| container.id.0.clone())
            .collect();
        let Some(image) = self.images.get_mut(&id) else { return Ok(()) };
        let others = image.references.iter().any(|reference| *reference != familiar);
        if by.is_empty() || (others && key != id.as_str()) {
            image.references.remove(&familiar);
            if image.references.is_empty() || key == id.as_str() {
                self.images.remove(&id);
            }
            self.emit("image", "delete", id.as_str(), &[]);
            return Ok(());
        }
        refuse(Fault::InUse { by }, format!("conflict: unable to remove {key}: in use"))
    }
}
