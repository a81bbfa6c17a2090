//! Who of us may depend on whom, and what must never be linked into whom.
//!
//! Invariant: the table is exact. A new edge is a reviewed line here, and an edge that is gone leaves
//! the table too.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::packages::{Graph, Use};

/// A member, what it depends on, and what only its tests depend on.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const TABLE: &[Row] = &[
    ("windlass-agent", &["windlass-bundle"], &[]),
    ("windlass-bundle", &["windlass-files"], &[]),
    ("windlass-cli", &["windlass", "windlass-serve"], &[]),
    ("windlass-config", &["windlass-bundle", "windlass-files", "windlass-model"], &[]),
    ("windlass-engine", &["windlass-files", "windlass-model"], &[]),
    (
        "windlass-executor",
        &[
            "windlass-bundle",
            "windlass-engine",
            "windlass-files",
            "windlass-image",
            "windlass-model",
            "windlass-payload",
        ],
        &["windlass-testkit"],
    ),
    ("windlass-files", &[], &[]),
    // It comes to every parser of outside bytes; nothing depends on it.
    (
        "windlass-fuzz",
        &[
            "windlass-config",
            "windlass-engine",
            "windlass-executor",
            "windlass-image",
            "windlass-model",
        ],
        &["windlass-testkit"],
    ),
    (
        "windlass-image",
        &["windlass-bundle", "windlass-files", "windlass-model", "windlass-store"],
        &[],
    ),
    ("windlass-model", &["windlass-bundle"], &[]),
    (
        "windlass-observer",
        &["windlass-engine", "windlass-files", "windlass-image", "windlass-model"],
        &["windlass-testkit"],
    ),
    // It has the agent as a program, which it builds; it links nothing of it.
    ("windlass-payload", &[], &[]),
    ("windlass-planner", &["windlass-model"], &[]),
    // It knows nothing of engines: what it is asked for is done by the cli's keeper.
    ("windlass-serve", &[], &[]),
    // What it fetches, programs of the system fetch: no HTTP is linked.
    ("windlass-store", &["windlass-bundle", "windlass-files"], &[]),
    // The seeded simulation plans and executes on the fake engine.
    (
        "windlass-testkit",
        &["windlass-engine", "windlass-model"],
        &["windlass-executor", "windlass-observer", "windlass-planner"],
    ),
    (
        "windlass",
        &[
            "windlass-bundle",
            "windlass-config",
            "windlass-engine",
            "windlass-executor",
            "windlass-image",
            "windlass-model",
            "windlass-observer",
            "windlass-payload",
            "windlass-planner",
            "windlass-store",
        ],
        // Maps are applied to the fake engine.
        &["windlass-testkit"],
    ),
    ("xtask", &[], &[]),
];

/// A member and what must not be linked into it, however far away.
const NEVER: &[(&str, &[&str])] = &[
    ("windlass-planner", &["tokio", "tracing", "hyper", "rustls"]),
    ("windlass-model", &["tokio", "hyper", "rustls", "granit-parser"]),
    ("windlass-config", &["tokio", "hyper", "rustls"]),
    ("windlass-agent", &["tokio", "rustls", "hyper"]),
    ("windlass-serve", &["rustls", "tonic", "granit-parser"]),
    ("windlass-store", &["tokio", "rustls", "hyper"]),
];

pub(crate) fn check(graph: &Graph) -> Vec<Finding> {
    let mut findings = check_table(graph, TABLE);
    for (name, never) in NEVER {
        let linked = graph.linked(name);
        for other in never.iter().filter(|other| linked.contains(**other)) {
            let message = format!("{other} must not be linked into it");
            findings.push(Finding::new(format!("package {name}"), message));
        }
    }
    findings
}

fn check_table(graph: &Graph, table: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rows: BTreeMap<_, _> = table.iter().map(|row| (row.0, row)).collect();
    let members: BTreeSet<&str> = graph.members().map(|package| package.name.as_str()).collect();
    for member in graph.members() {
        let Some((name, normal, dev)) = rows.get(member.name.as_str()) else {
            findings.push(Finding::new(&member.name, "is not in the table of tidy/edges.rs"));
            continue;
        };
        let mut differ = |what: &str, allowed: &[&str], wanted: fn(Use) -> bool| {
            let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
            let uses = member.uses.iter().filter(|(_, how)| wanted(*how));
            let uses = uses.filter_map(|(id, _)| graph.packages.get(id));
            let uses: BTreeSet<&str> = uses
                .map(|package| package.name.as_str())
                .filter(|name| members.contains(name))
                .collect();
            for other in uses.difference(&allowed) {
                findings.push(Finding::new(*name, format!("a new {what} edge to {other}")));
            }
            for other in allowed.difference(&uses) {
                let message = format!("no {what} edge to {other} any more: take it from the table");
                findings.push(Finding::new(*name, message));
            }
        };
        differ("dependency", normal, |how| how != Use::Dev);
        differ("test", dev, |how| how == Use::Dev);
    }
    for name in rows.keys().filter(|name| !members.contains(*name)) {
        findings.push(Finding::new(*name, "is in the table of tidy/edges.rs and nowhere else"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::graph;
    use super::*;

    fn messages(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn the_table_is_exact_in_both_directions() {
        let table: &[Row] =
            &[("a", &["b"], &["d"]), ("b", &[], &[]), ("c", &[], &[]), ("d", &[], &[])];
        let right = graph(&["a: b, d~dev", "b: serde1", "c:", "d:", "serde 1:"]);
        assert_eq!(check_table(&right, table), []);
        let wrong = graph(&["a: c, d, b~dev", "b:", "c:", "e:"]);
        assert_eq!(
            messages(check_table(&wrong, table)),
            [
                "a: a new dependency edge to c",
                "a: no dependency edge to b any more: take it from the table",
                "a: a new test edge to b",
                "a: no test edge to d any more: take it from the table",
                "e: is not in the table of tidy/edges.rs",
                "d: is in the table of tidy/edges.rs and nowhere else",
            ]
        );
    }

    #[test]
    fn what_must_not_be_linked_is_found_however_far_away() {
        let far = graph(&[
            "windlass-planner: x1",
            "x 1: y1",
            "y 1: tokio1, tracing1~dev",
            "tokio 1:",
            "tracing 1:",
        ]);
        let findings = messages(check(&far));
        let never: Vec<_> = findings.iter().filter(|text| text.contains("linked")).collect();
        assert_eq!(never, ["package windlass-planner: tokio must not be linked into it"]);
    }
}
