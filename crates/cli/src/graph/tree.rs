//! The graph as a tree of text.
//!
//! Invariant: an object's needs are shown once.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Edge, Graph};
use crate::render::style::{Role, Style};

/// The graph as a tree. What was shown before is named again, but not shown again.
pub(crate) fn tree(graph: &Graph, style: Style) -> String {
    let mut tree = Tree { nodes: &graph.nodes, shown: BTreeSet::new(), out: String::new() };
    for root in &graph.roots {
        tree.push(root, "", "", None, style);
    }
    tree.out
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

    fn edge(to: &str, condition: Option<&'static str>) -> Edge {
        Edge { to: to.to_owned(), condition }
    }

    #[test]
    fn a_tree_names_again_what_it_showed() {
        let nodes = BTreeMap::from([
            ("web".to_owned(), vec![edge("app", Some("healthy")), edge("db", None)]),
            ("app".to_owned(), vec![edge("db", None)]),
            ("db".to_owned(), vec![edge("data", None)]),
            ("data".to_owned(), Vec::new()),
        ]);
        let graph = Graph { nodes, roots: vec!["web".to_owned()] };
        assert_eq!(
            tree(&graph, Style::PLAIN),
            "web\n├─ app (healthy)\n│  └─ db\n│     └─ data\n└─ db (see above)\n"
        );
    }
}
