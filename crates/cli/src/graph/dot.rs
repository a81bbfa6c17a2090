//! The graph in the language of Graphviz.
//!
//! Invariant: every name is quoted, whatever is in it.

use std::fmt::Write as _;

use crate::graph::{Graph, kind};

/// The graph, to be drawn by `dot`.
pub(crate) fn dot(graph: &Graph) -> String {
    let mut out =
        String::from("digraph project {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    for name in graph.nodes.keys() {
        let shape = match kind(name) {
            "image" => "component",
            "volume" => "cylinder",
            "network" => "ellipse",
            "secret" => "note",
            _ => "box",
        };
        let _ = writeln!(out, "  {} [shape={shape}];", quoted(name));
    }
    for (name, edges) in &graph.nodes {
        for edge in edges {
            let label = edge.condition.map(|condition| format!(" [label={}]", quoted(condition)));
            let (from, to) = (quoted(name), quoted(&edge.to));
            let _ = writeln!(out, "  {from} -> {to}{};", label.unwrap_or_default());
        }
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    #[test]
    fn names_and_conditions_are_quoted() {
        let edges = vec![Edge { to: "volume a\"b".to_owned(), condition: Some("healthy") }];
        let nodes = [("web".to_owned(), edges), ("volume a\"b".to_owned(), Vec::new())];
        let text = dot(&Graph { nodes: nodes.into(), roots: vec!["web".to_owned()] });
        assert!(
            text.contains("  \"volume a\\\"b\" [shape=cylinder];\n  \"web\" [shape=box];\n"),
            "{text}"
        );
        assert!(
            text.contains("  \"web\" -> \"volume a\\\"b\" [label=\"healthy\"];\n}\n"),
            "{text}"
        );
    }
}
