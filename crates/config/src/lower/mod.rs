//! Document to project: names are resolved, instances are expanded, and the whole is checked.
//!
//! Invariant: a project is given only if nothing was wrong, so every reference in it resolves.

mod addresses;
mod checks;
mod container;
mod cycles;
mod image;
mod members;
mod mounts;
mod network;
mod objects;
mod raw;
mod task;

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{Address, EngineName};

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::places::Places;
use crate::read::{Reader, Spanned};
use crate::source::Span;

use members::Members;

/// A project with the places of its objects.
pub struct Lowered {
    pub project: windlass_model::project::Project,
    pub places: Places,
    /// By task: what lies over the files while it runs, by section and key.
    pub overlays: BTreeMap<String, Overlay>,
}

/// Keys of one image or container.
pub struct Overlay {
    pub section: &'static str,
    pub key: String,
    pub node: std::sync::Arc<crate::yaml::Node>,
}

/// What every step of lowering looks at.
struct Lowering<'a> {
    reader: &'a Reader,
    document: &'a Document,
    members: Members<'a>,
    /// Keys of images by their references.
    images: BTreeMap<&'a str, &'a str>,
    volumes: objects::Volumes<'a>,
    /// Keys of containers whose health check is disabled.
    unchecked: BTreeSet<String>,
}

/// An edge of the dependency graph, with where it was written.
struct Edge {
    from: Address,
    to: Address,
    span: Span,
}

pub fn lower(reader: &Reader, mut document: Document) -> Lowered {
    let unchecked = container::unchecked(&document);
    let configs = document.take_configs();
    let document = &document;
    let images =
        document.images.iter().map(|(key, image)| (image.reference.as_str(), key.as_str()));
    let members = Members::new(reader, document);
    let volumes = objects::Volumes::new(reader, document);
    let images = images.collect();
    let lowering = Lowering { reader, document, members, images, volumes, unchecked };
    let mut project =
        windlass_model::project::Project::empty(document.name.clone(), document.root.clone());
    let mut places = Places::default();
    let mut edges = lowering.images(&mut project, &mut places);
    edges.extend(lowering.containers(configs, &mut project, &mut places));
    lowering.objects(&mut project, &mut places);
    let overlays = lowering.tasks(&mut project);
    cycles::check(reader, &edges);
    lowering.check_ports(&project);
    lowering.check_addresses(&project);
    lowering.check_subnets(&project);
    Lowered { project, places, overlays }
}

impl Lowering<'_> {
    fn report(&self, diagnostic: Diagnostic) {
        self.reader.report(diagnostic);
    }

    /// Reports a name that nothing has.
    fn unknown<'n>(
        &self,
        what: &str,
        name: &Spanned<String>,
        path: String,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        self.report(self.reader.unknown(what, name, path, known));
    }

    /// The engines of a container or task; reports those that the file does not declare.
    fn default_engine(&self) -> EngineName {
        members::default_engine(self.document)
    }
}

/// A container's name as a hostname: `_` and `.` become `-`, at most 63 bytes.
pub(crate) fn hostname(name: &str) -> String {
    const LONGEST: usize = 63;
    let text = name.replace(['_', '.'], "-");
    if text.len() <= LONGEST {
        return text;
    }
    let digest = windlass_model::Digest::of([name]).0;
    let mut at = LONGEST - 9;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    format!("{}-{}", text[..at].trim_end_matches('-'), &digest[..8])
}

#[cfg(test)]
mod tests {
    #[test]
    fn hostnames_are_short_and_differ() {
        assert_eq!(super::hostname("shop.web_1.a"), "shop-web-1-a");
        let long = "x".repeat(80);
        let (a, b) = (super::hostname(&format!("{long}a")), super::hostname(&format!("{long}b")));
        assert_eq!((a.len(), b.len()), (63, 63));
        assert_ne!(a, b);
    }
}
