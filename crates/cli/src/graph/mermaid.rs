//! The graph in the language of Mermaid, which many pages of text draw.
//!
//! Invariant: a name only occurs as a quoted label; nodes are known by numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::graph::{Graph, kind};

/// The graph, to be put into a block of Markdown.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    let numbers: BTreeMap<&str, usize> =
        graph.nodes.keys().enumerate().map(|(number, name)| (name.as_str(), number)).collect();
    for (name, number) in &numbers {
        let (open, close) = match kind(name) {
            "image" => ("[[", "]]"),
            "volume" => ("[(", ")]"),
            "network" => ("([", "])"),
            "secret" => (">", "]"),
            _ => ("[", "]"),
        };
        let _ = writeln!(out, "  n{number}{open}\"{}\"{close}", escaped(name));
    }
    for (name, edges) in &graph.nodes {
        for edge in edges {
            let label = edge.condition.map(|condition| format!("|{condition}|"));
            let (from, to) = (numbers[name.as_str()], numbers[edge.to.as_str()]);
            let _ = writeln!(out, "  n{from} -->{} n{to}", label.unwrap_or_default());
        }
    }
    out
}

/// Entities by number, as Mermaid writes them.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    #[test]
    fn a_name_is_only_a_label() {
        let edges = vec![Edge { to: "image a\"#b".to_owned(), condition: Some("healthy") }];
        let nodes = [("web".to_owned(), edges), ("image a\"#b".to_owned(), Vec::new())];
        let text = mermaid(&Graph { nodes: nodes.into(), roots: vec!["web".to_owned()] });
        let expected =
            "flowchart LR\n  n0[[\"image a#34;#35;b\"]]\n  n1[\"web\"]\n  n1 -->|healthy| n0\n";
        assert_eq!(text, expected);
    }
}
