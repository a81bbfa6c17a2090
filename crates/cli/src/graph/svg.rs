//! The graph as a picture.
//!
//! Invariant: it needs nothing from outside, reads in the dark, and names can't be anything but text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::graph::{Graph, kind};
use crate::render::style::width;

const CHARACTER: usize = 8;
const HEIGHT: usize = 28;
const GAP: usize = 14;
const BETWEEN: usize = 70;
const MARGIN: usize = 16;

const STYLE: &str = "text{font:13px ui-monospace,monospace;fill:#222}\
path{fill:none;stroke:#888;stroke-width:1.2}rect{stroke:#666;rx:5}.l{font-size:11px;fill:#777}\
.container{fill:#dbeafe}.image{fill:#ede9fe}.volume{fill:#dcfce7}.network{fill:#fef3c7}.secret{fill:#fee2e2}\
@media(prefers-color-scheme:dark){text{fill:#eee}.l{fill:#aaa}rect{stroke:#999}.container{fill:#1e3a5f}\
.image{fill:#3b2f63}.volume{fill:#1d4030}.network{fill:#4a3b12}.secret{fill:#552626}}";

/// A box in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    x: usize,
    y: usize,
    width: usize,
}

/// The graph from left to right: what needs stands before what is needed.
pub(crate) fn svg(graph: &Graph) -> String {
    let columns = columns(graph);
    let places = places(&columns);
    let right = places.values().map(|place| place.x + place.width).max().unwrap_or_default();
    let bottom = places.values().map(|place| place.y + HEIGHT).max().unwrap_or_default();
    let (across, down) = (right + MARGIN, bottom + MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {across} {down}\" width=\"{across}\" \
         height=\"{down}\" role=\"img\"><title>What needs what</title><style>{STYLE}</style>\n\
         <defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8\"/></marker></defs>\n"
    );
    for (name, edges) in &graph.nodes {
        for edge in edges {
            push_edge(&mut out, places[name.as_str()], places[edge.to.as_str()], edge.condition);
        }
    }
    for (name, Place { x, y, width }) in &places {
        let (kind, text) = (kind(name), escaped(name));
        let (middle, line) = (x + width / 2, y + HEIGHT / 2 + 4);
        let _ = writeln!(
            out,
            "<rect class=\"{kind}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\"/>\
             <text x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\">{text}</text>"
        );
    }
    out.push_str("</svg>\n");
    out
}

fn push_edge(out: &mut String, from: Place, to: Place, condition: Option<&str>) {
    let (x1, y1) = (from.x + from.width, from.y + HEIGHT / 2);
    let (x2, y2) = (to.x, to.y + HEIGHT / 2);
    let middle = usize::midpoint(x1, x2);
    let _ = write!(
        out,
        "<path d=\"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}\" marker-end=\"url(#to)\"/>"
    );
    if let Some(condition) = condition {
        let y = usize::midpoint(y1, y2).saturating_sub(3);
        let _ = write!(
            out,
            "<text class=\"l\" x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">{condition}</text>"
        );
    }
    out.push('\n');
}

/// The objects of each column: each stands behind everything that needs it.
fn columns(graph: &Graph) -> Vec<Vec<&str>> {
    let order = order(graph);
    let numbered = order.iter().enumerate();
    let positions: BTreeMap<&str, usize> = numbered.map(|(at, name)| (*name, at)).collect();
    let mut ranks: BTreeMap<&str, usize> = BTreeMap::new();
    for name in order.iter().rev().copied() {
        let rank = *ranks.entry(name).or_default();
        // Images may be built on each other in a circle, which a build refuses.
        let behind = graph.nodes[name].iter().map(|edge| edge.to.as_str());
        for to in behind.filter(|to| positions[to] < positions[name]) {
            let behind = ranks.entry(to).or_default();
            *behind = (*behind).max(rank + 1);
        }
    }
    let mut columns: Vec<Vec<&str>> = Vec::new();
    for (name, rank) in ranks {
        columns.resize(columns.len().max(rank + 1), Vec::new());
        columns[rank].push(name);
    }
    columns
}

/// Every object after what it needs.
fn order(graph: &Graph) -> Vec<&str> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for name in graph.nodes.keys() {
        // Each with how many of its needs were looked at.
        let mut stack = Vec::new();
        if seen.insert(name.as_str()) {
            stack.push((name.as_str(), 0));
        }
        while let Some((name, next)) = stack.pop() {
            match graph.nodes.get(name).and_then(|edges| edges.get(next)) {
                Some(edge) => {
                    stack.push((name, next + 1));
                    if seen.insert(&edge.to) {
                        stack.push((&edge.to, 0));
                    }
                }
                None => order.push(name),
            }
        }
    }
    order
}

fn places<'n>(columns: &[Vec<&'n str>]) -> BTreeMap<&'n str, Place> {
    let mut places = BTreeMap::new();
    let mut x = MARGIN;
    for column in columns {
        let widest = column.iter().map(|name| width(name)).max().unwrap_or_default();
        let wide = widest * CHARACTER + 20;
        for (row, name) in column.iter().enumerate() {
            places.insert(*name, Place { x, y: MARGIN + row * (HEIGHT + GAP), width: wide });
        }
        x += wide + BETWEEN;
    }
    places
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    fn graph(needs: &[(&str, &[&str])]) -> Graph {
        let edge = |to: &&str| Edge { to: (*to).to_owned(), condition: Some("healthy") };
        let node =
            |(name, to): &(&str, &[&str])| ((*name).to_owned(), to.iter().map(edge).collect());
        Graph { nodes: needs.iter().map(node).collect(), roots: Vec::new() }
    }

    #[test]
    fn everything_stands_behind_what_needs_it() {
        let graph =
            graph(&[("a", &["b", "d"]), ("b", &["c"]), ("c", &["d"]), ("d", &[]), ("e", &[])]);
        assert_eq!(columns(&graph), [vec!["a", "e"], vec!["b"], vec!["c"], vec!["d"]]);
    }

    #[test]
    fn a_circle_is_drawn() {
        let text = svg(&graph(&[("a", &["b"]), ("b", &["a"])]));
        assert_eq!(text.matches("<rect ").count(), 2, "{text}");
        assert_eq!(text.matches("url(#to)").count(), 2, "{text}");
    }

    #[test]
    fn a_name_is_only_text() {
        let text = svg(&graph(&[("<script>&", &[])]));
        assert!(text.contains(">&lt;script&gt;&amp;</text>"), "{text}");
        assert!(svg(&Graph::default()).ends_with("</svg>\n"));
    }
}
