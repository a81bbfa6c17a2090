//! `windlass graph`: what depends on what, as a tree.
//!
//! Invariant: asks no engine; what was shown before is named again, but not shown again.

use std::collections::{BTreeMap, BTreeSet};
use windlass::model::container::ContainerSpec;
use windlass::model::dependency::Condition;
use windlass::model::image::{ImageSpec, ImageUse};
use windlass::model::project::Project;

use crate::args::Select;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load::load;
use crate::render::style::{Role, Style};
use crate::render::{escape, json, object};
use crate::select;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Select) -> Result<Exit> {
    let console = &invocation.console;
    let project = load(invocation)?;
    let selected = select::containers(&project, &args.references)?;
    let nodes = nodes(&project, &windlass::image_bases(&project));
    let roots: Vec<String> = if args.references.is_empty() {
        let needed: BTreeSet<_> = nodes.values().flatten().map(|edge| &edge.to).collect();
        nodes.keys().filter(|name| !needed.contains(name)).cloned().collect()
    } else {
        selected.iter().map(object::full_name).collect()
    };
    if console.is_json {
        for (name, edges) in &nodes {
            let needs: Vec<_> = edges
                .iter()
                .map(|edge| serde_json::json!({"name": edge.to, "condition": edge.condition}))
                .collect();
            let fields = serde_json::json!({"name": name, "needs": needs});
            console.json(&json::object("node", fields));
        }
    } else {
        let mut tree = Tree { nodes: &nodes, shown: BTreeSet::new(), out: String::new() };
        for root in &roots {
            tree.push(root, "", "", None, console.stdout);
        }
        console.result(&tree.out);
    }
    Ok(Exit::Done)
}

/// What a node needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    to: String,
    condition: Option<&'static str>,
}

/// What every object needs, by names that are safe for a terminal.
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
        edges.push(edge(&windlass::model::Address::volume(&engine, key).to_string(), None));
    }
    for name in spec.config.endpoints.keys() {
        let key = project.networks.values().find(|network| network.name == *name);
        let key = key.map_or(name.as_str(), |network| network.key.as_str());
        edges.push(edge(&windlass::model::Address::network(&engine, key).to_string(), None));
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

struct Tree<'n> {
    nodes: &'n BTreeMap<String, Vec<Edge>>,
    shown: BTreeSet<String>,
    out: String,
}

impl Tree<'_> {
    /// A line for the node, and what it needs below it. `here` stands before its name, `below`
    /// before the lines of what it needs.
    fn push(&mut self, name: &str, here: &str, below: &str, condition: Option<&str>, style: Style) {
        let edges = self.nodes.get(name).map_or(&[][..], Vec::as_slice);
        let again = !self.shown.insert(name.to_owned()) && !edges.is_empty();
        self.out.push_str(&style.paint(Role::Faint, here));
        self.out.push_str(name);
        if let Some(condition) = condition {
            self.out.push_str(&style.paint(Role::Hint, &format!(" ({condition})")));
        }
        if again {
            self.out.push_str(&style.paint(Role::Faint, " (see above)"));
        }
        self.out.push('\n');
        if again {
            return;
        }
        for (index, edge) in edges.iter().enumerate() {
            let (branch, rest) =
                if index + 1 == edges.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let (here, below) = (format!("{below}{branch}"), format!("{below}{rest}"));
            self.push(&edge.to, &here, &below, edge.condition, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_names_again_what_it_showed() {
        let nodes = BTreeMap::from([
            ("web".to_owned(), vec![edge("app", Some("healthy")), edge("db", None)]),
            ("app".to_owned(), vec![edge("db", None)]),
            ("db".to_owned(), vec![edge("data", None)]),
            ("data".to_owned(), Vec::new()),
        ]);
        let mut tree = Tree { nodes: &nodes, shown: BTreeSet::new(), out: String::new() };
        tree.push("web", "", "", None, Style::PLAIN);
        assert_eq!(tree.out, "web\n├─ app (healthy)\n│  └─ db\n│     └─ data\n└─ db (see above)\n");
    }
}
