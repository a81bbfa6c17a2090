//! Pins: images from outside by their digests, as a lock file has them.
//!
//! Invariant: what is pinned once is not pinned again: a reference by digest, or an id, is none from outside that could change.

use crate::image::{ImageSource, ImageUse, PullPolicy, familiar_reference};
use crate::name::EngineName;
use crate::project::Project;
use crate::task::TaskTarget;
use std::collections::BTreeMap;

/// The digest of each image, `sha256:` and 64 hex digits, by its familiar reference: `busybox:1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(pub BTreeMap<String, String>);

impl Pins {
    /// The reference by digest that stands for another one: `busybox@sha256:…`.
    pub fn by_digest(&self, reference: &str) -> Option<String> {
        let familiar = familiar_reference(reference);
        let digest = self.0.get(&familiar)?;
        Some(format!("{}@{digest}", repository(&familiar)))
    }

    /// All of them: familiar reference to reference by digest.
    pub fn all(&self) -> BTreeMap<String, String> {
        let pinned = |reference: &String| Some((reference.clone(), self.by_digest(reference)?));
        self.0.keys().filter_map(pinned).collect()
    }
}

/// Whether it is what a registry calls a digest, in the only form that they use today.
pub fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hex))
}

/// A reference without its tag.
fn repository(reference: &str) -> &str {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        Some(_) | None => reference,
    }
}

/// Whether a reference can mean another image tomorrow.
fn may_change(reference: &str) -> bool {
    !reference.contains('@') && !reference.starts_with("sha256:")
}

impl Project {
    /// The images from outside that the project uses and that may be pulled, by their familiar references, each with an engine that
    /// needs it. `bases` has what each image that is built is built on.
    pub fn outside_images(
        &self,
        bases: &BTreeMap<String, Vec<ImageUse>>,
    ) -> BTreeMap<String, EngineName> {
        let default = self.default_engine();
        let containers = self.containers.values().filter(|one| one.pull != PullPolicy::Never);
        let containers = containers.map(|one| (&one.image, &one.address.engine));
        let bases = bases.values().flatten().map(|image| (image, &default));
        let tasks = self.tasks.values().filter_map(|task| match &task.target {
            TaskTarget::Image(image) => Some((image, &default)),
            TaskTarget::Container(_) | TaskTarget::Nothing => None,
        });
        let uses = bases.chain(tasks).chain(containers);
        let named = uses.filter_map(|(image, engine)| match image {
            ImageUse::External(reference) => Some((reference.as_str(), engine)),
            ImageUse::Project(_) => None,
        });
        let declared = self.images.values().filter_map(|image| match image.source {
            ImageSource::External { pull } if pull != PullPolicy::Never => {
                Some((image.reference.as_str(), &default))
            }
            ImageSource::External { .. }
            | ImageSource::Commands { .. }
            | ImageSource::Dockerfile { .. }
            | ImageSource::Provision(_)
            | ImageSource::Import { .. } => None,
        });
        let all = declared.chain(named).filter(|(reference, _)| may_change(reference));
        all.map(|(reference, engine)| (familiar_reference(reference), engine.clone())).collect()
    }

    /// Puts references by digest in the place of those that are pinned.
    pub fn pin(&mut self, pins: &Pins) {
        let pinned = |image: &mut ImageUse| {
            if let ImageUse::External(reference) = image
                && let Some(by_digest) = pins.by_digest(reference)
            {
                *reference = by_digest.into();
            }
        };
        for container in self.containers.values_mut() {
            if container.pull != PullPolicy::Never {
                pinned(&mut container.image);
            }
        }
        for task in self.tasks.values_mut() {
            if let TaskTarget::Image(image) = &mut task.target {
                pinned(image);
            }
        }
        for image in self.images.values_mut() {
            match image.source {
                ImageSource::External { pull: PullPolicy::Never } => {}
                ImageSource::External { .. } => {
                    if let Some(by_digest) = pins.by_digest(&image.reference) {
                        image.reference = by_digest;
                    }
                }
                ImageSource::Commands { .. }
                | ImageSource::Dockerfile { .. }
                | ImageSource::Provision(_)
                | ImageSource::Import { .. } => image.build.pins = pins.all(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_by_digest() {
        let references = ["busybox:1", "127.0.0.1:5000/x/y:latest", "127.0.0.1:5000/z:2"];
        let pins = references.map(|one| (one.to_owned(), "sha256:ab".to_owned()));
        let pins = Pins(pins.into());
        for (reference, expected) in [
            ("docker.io/library/busybox:1", Some("busybox@sha256:ab")),
            ("busybox:2", None),
            ("127.0.0.1:5000/x/y", Some("127.0.0.1:5000/x/y@sha256:ab")),
            ("127.0.0.1:5000/z:2", Some("127.0.0.1:5000/z@sha256:ab")),
            ("busybox@sha256:cd", None),
        ] {
            assert_eq!(pins.by_digest(reference).as_deref(), expected, "{reference}");
        }
    }
}
