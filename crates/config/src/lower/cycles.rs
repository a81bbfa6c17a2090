//! Circles in the dependency graph, each shown whole.
//!
//! Invariant: the search is linear in the graph and uses no stack of its own depth, so a chain of any length is fine.

use std::collections::BTreeMap;

use windlass_model::Address;

use super::Edge;
use crate::diagnostic::Diagnostic;
use crate::read::Reader;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Reports each circle that a depth-first walk closes.
pub(super) fn check(reader: &Reader, edges: &[Edge]) {
    let mut nodes: BTreeMap<&Address, usize> = BTreeMap::new();
    for edge in edges {
        for address in [&edge.from, &edge.to] {
            let next = nodes.len();
            nodes.entry(address).or_insert(next);
        }
    }
    let mut out: Vec<Vec<&Edge>> = vec![Vec::new(); nodes.len()];
    for edge in edges {
        if let Some(list) = nodes.get(&edge.from).and_then(|at| out.get_mut(*at)) {
            list.push(edge);
        }
    }
    let mut marks = vec![Mark::New; nodes.len()];
    for start in nodes.values().copied() {
        if marks[start] == Mark::New {
            walk(reader, &nodes, &out, &mut marks, start);
        }
    }
}

fn walk(
    reader: &Reader,
    nodes: &BTreeMap<&Address, usize>,
    out: &[Vec<&Edge>],
    marks: &mut [Mark],
    start: usize,
) {
    // Node, its next edge, and the edge that led here.
    let mut stack: Vec<(usize, usize, Option<&Edge>)> = vec![(start, 0, None)];
    marks[start] = Mark::Open;
    while let Some((node, next, _)) = stack.last_mut() {
        let Some(edge) = out[*node].get(*next).copied() else {
            marks[*node] = Mark::Done;
            stack.pop();
            continue;
        };
        *next += 1;
        let Some(target) = nodes.get(&edge.to).copied() else { continue };
        match marks[target] {
            Mark::Done => {}
            Mark::New => {
                marks[target] = Mark::Open;
                stack.push((target, 0, Some(edge)));
            }
            Mark::Open => {
                let at = stack.iter().position(|(node, ..)| *node == target).unwrap_or(0);
                let mut circle: Vec<&Edge> =
                    stack[at + 1..].iter().filter_map(|(_, _, e)| *e).collect();
                circle.push(edge);
                report(reader, &circle);
            }
        }
    }
}

/// Longest circle that is spelled out.
const SHOWN: usize = 12;

fn report(reader: &Reader, circle: &[&Edge]) {
    let Some(last) = circle.last() else { return };
    let shown;
    let mut names: Vec<_> = circle.iter().map(|edge| edge.from.name.as_str()).collect();
    names.push(&last.to.name);
    if names.len() > SHOWN {
        let left_out = names.len() - SHOWN;
        shown = format!("… ({left_out} more) …");
        names.splice(SHOWN - 1..names.len() - 1, [shown.as_str()]);
    }
    let message = format!("a dependency cycle: {}", names.join(" → "));
    let label = |edge: &Edge| format!("{} needs {}", edge.from.name, edge.to.name);
    let mut found = Diagnostic::error("dependency-cycle", message).at(last.span, label(last));
    for edge in circle.iter().take(SHOWN).filter(|edge| edge.span != last.span) {
        found = found.also(edge.span, label(edge));
    }
    reader.report(found.help("remove one of these dependencies"));
}
