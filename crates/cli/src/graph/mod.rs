//! The graph: what the objects of a project need.
//!
//! Invariant: every name in it is a node of it, and is safe for a terminal.

pub(crate) mod dot;
pub(crate) mod mermaid;
pub(crate) mod svg;
pub(crate) mod tree;

use std::collections::{BTreeMap, BTreeSet};
use windlass::model::Address;
use windlass::model::container::ContainerSpec;
use windlass::model::dependency::Condition;
use windlass::model::image::{ImageSpec, ImageUse};
use windlass::model::project::Project;

use crate::render::{escape, object};

/// What a node needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub to: String,
    pub condition: Option<&'static str>,
}

/// Objects by names that are safe for a terminal, each with what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    pub nodes: BTreeMap<String, Vec<Edge>>,
    /// Where a drawing begins.
    pub roots: Vec<String>,
}

impl Graph {
    /// All of a project, or what is named, containers and keys of images, and what that needs.
    pub(crate) fn new(
        project: &Project,
        bases: &BTreeMap<String, Vec<ImageUse>>,
        named: Option<&(BTreeSet<Address>, BTreeSet<String>)>,
    ) -> Self {
        let mut nodes = nodes(project, bases);
        let Some((containers, images)) = named else {
            let needed: BTreeSet<_> = nodes.values().flatten().map(|edge| &edge.to).collect();
            let roots = nodes.keys().filter(|name| !needed.contains(name)).cloned().collect();
            return Self { nodes, roots };
        };
        let images = images.iter().map(|key| safe(&format!("image {key}")));
        let roots: Vec<String> = containers.iter().map(object::full_name).chain(images).collect();
        let mut reached = BTreeSet::new();
        let mut queue = roots.clone();
        while let Some(name) = queue.pop() {
            let edges = nodes.get(&name).into_iter().flatten();
            queue.extend(edges.map(|edge| edge.to.clone()).filter(|to| !reached.contains(to)));
            reached.insert(name);
        }
        nodes.retain(|name, _| reached.contains(name));
        Self { nodes, roots }
    }
}

/// What every object needs.
fn nodes(
    project: &Project,
    bases: &BTreeMap<String, Vec<ImageUse>>,
) -> BTreeMap<String, Vec<Edge>> {
    let mut nodes = BTreeMap::new();
    let mut leaves = BTreeSet::new();
    for (key, image) in &project.images {
        let edges = image_edges(image, bases.get(key).map_or(&[], Vec::as_slice));
        leaves.extend(edges.iter().map(|edge| edge.to.clone()));
        nodes.insert(safe(&format!("image {key}")), edges);
    }
    for (address, spec) in &project.containers {
        let edges = container_edges(project, spec);
        leaves.extend(edges.iter().map(|edge| edge.to.clone()));
        nodes.insert(object::full_name(address), edges);
    }
    for leaf in leaves {
        nodes.entry(leaf).or_default();
    }
    nodes
}

/// The images that templates name, and those that it is built on.
fn image_edges(image: &ImageSpec, bases: &[ImageUse]) -> Vec<Edge> {
    let named = image.depends_on.iter().map(|key| ImageUse::Project(key.clone()));
    let uses: BTreeSet<ImageUse> = named.chain(bases.iter().cloned()).collect();
    uses.iter().map(|image| edge(&format!("image {image}"), None)).collect()
}

fn container_edges(project: &Project, spec: &ContainerSpec) -> Vec<Edge> {
    let mut edges = vec![edge(&format!("image {}", spec.image), None)];
    for dependency in &spec.depends_on {
        let condition =
            (dependency.condition != Condition::Started).then_some(dependency.condition.as_str());
        edges.push(edge(&dependency.on.to_string(), condition));
    }
    let engine = spec.address.engine.clone();
    for name in spec.config.volume_names() {
        let key = project.volumes.values().find(|volume| volume.name == name);
        let key = key.map_or(name, |volume| volume.key.as_str());
        edges.push(edge(&Address::volume(&engine, key).to_string(), None));
    }
    for name in spec.config.endpoints.keys() {
        let key = project.networks.values().find(|network| network.name == *name);
        let key = key.map_or(name.as_str(), |network| network.key.as_str());
        edges.push(edge(&Address::network(&engine, key).to_string(), None));
    }
    edges.extend(spec.needs.iter().map(|address| edge(&address.to_string(), None)));
    for mount in &spec.secrets {
        edges.push(edge(&format!("secret {}", mount.secret), None));
    }
    let mut seen = BTreeSet::new();
    edges.retain(|edge| seen.insert(edge.to.clone()));
    edges
}

fn edge(to: &str, condition: Option<&'static str>) -> Edge {
    Edge { to: safe(to), condition }
}

fn safe(text: &str) -> String {
    escape::line(text).into_owned()
}

/// What kind of object a node is: its first word, but for containers.
pub(crate) fn kind(name: &str) -> &'static str {
    let kinds = ["image", "volume", "network", "secret"];
    let first = name.split(' ').next().unwrap_or_default();
    kinds.into_iter().find(|kind| *kind == first).unwrap_or("container")
}
