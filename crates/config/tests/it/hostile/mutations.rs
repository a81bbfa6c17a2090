//! The manual with one thing wrong: each value of another type, each key twice, and a key that is unknown in each mapping.
//!
//! Invariant: the manual loads clean, so whatever is found is about the one change.

use windlass_config::yaml::{Mapping, Node, ParseOptions, Value, parse};
use windlass_config::{Diagnostics, SourceMap};

use super::Case;

const MANUAL: &str = include_str!("../../../../../docs/reference/windlass.yaml");
/// Mappings whose keys are the user's own.
const FREE: &[&str] = &[
    "vars",
    "labels",
    "env",
    "environment",
    "options",
    "driver_options",
    "args",
    "sysctls",
    "aux_addresses",
    "extra_hosts",
    "file_value",
    "images",
    "containers",
    "volumes",
    "networks",
    "secrets",
    "groups",
    "engines",
    "tasks",
    "host",
    "links",
    "attaches",
    "uses",
    "binds",
    "exposes",
    "interfaces",
    "interfaces_ipv6",
    "depends_on",
    "ulimits",
];

pub(super) fn cases() -> Vec<Case> {
    let mut sources = SourceMap::new();
    let file = sources.add("manual", "/", MANUAL);
    let options = ParseOptions { tags: windlass_config::native::TAGS, max_nodes: 100_000 };
    let mut found = Diagnostics::default();
    let root = parse(file, MANUAL, options, &mut found).unwrap();
    assert!(found.is_empty());
    let mut cases = Vec::new();
    walk(&root, "", "", &mut cases);
    cases
}

/// `key` is the key that the mapping stands under.
fn walk(node: &Node, path: &str, key: &str, cases: &mut Vec<Case>) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{at}]"), key, cases);
            }
        }
        Value::Mapping(map) => {
            let is_free =
                FREE.contains(&key) || path.starts_with(".vars") || path.starts_with(".host.");
            if !is_free && !is_positional(map) {
                unknown(map, path, cases);
            }
            for entry in map.entries() {
                let name = &*entry.key.text;
                let path = format!("{path}.{name}");
                twice(entry.key.span.start as usize, name, &path, cases);
                wrong_type(&entry.value, &path, cases);
                walk(&entry.value, &path, name, cases);
            }
        }
    }
}

/// `{/a: /b}` and `{5432: 15432}`: the keys are values.
fn is_positional(map: &Mapping) -> bool {
    map.entries()
        .iter()
        .any(|entry| entry.key.text.starts_with(|c: char| c == '/' || c.is_ascii_digit()))
}

fn spliced(at: std::ops::Range<usize>, text: &str) -> String {
    format!("{}{text}{}", &MANUAL[..at.start], &MANUAL[at.end..])
}

/// Between `{` or `,` and the key, or on a line of its own.
fn inserted(at: usize, text: &str) -> String {
    let line = MANUAL[..at].rfind('\n').map_or(0, |found| found + 1);
    let before = &MANUAL[line..at];
    if before.trim_end().ends_with(['{', ',']) {
        return spliced(at..at, &format!("{text}, "));
    }
    // A dash is a space to what stands behind it.
    let indent: String = " ".repeat(before.chars().count());
    spliced(at..at, &format!("{text}\n{indent}"))
}

fn unknown(map: &Mapping, path: &str, cases: &mut Vec<Case>) {
    let Some(first) = map.entries().first() else { return };
    let at = first.key.span.start as usize;
    cases.push(Case::new(format!("unknown key in {path}"), inserted(at, "zz_unknown: 1")));
}

fn twice(at: usize, name: &str, path: &str, cases: &mut Vec<Case>) {
    let key = format!("\"{}\": null", name.replace('"', "\\\""));
    cases.push(Case::new(format!("twice {path}"), inserted(at, &key)));
}

fn wrong_type(node: &Node, path: &str, cases: &mut Vec<Case>) {
    // Variables hold whatever the user wants.
    if path.starts_with(".vars.") || path.starts_with(".x-") {
        return;
    }
    let span = node.span.start as usize..node.span.end as usize;
    let wrong = match &node.value {
        Value::Scalar(_) => "[[[]], {zz_a: {zz_b: [7]}}]",
        Value::Sequence(_) => "{zz_a: {zz_b: {zz_c: [[7]]}}}",
        Value::Mapping(_) => "[[[7, [8]], [[9]]]]",
    };
    let wrong = if span.is_empty() { format!(" {wrong}") } else { wrong.to_owned() };
    cases.push(Case::new(format!("wrong type {path}"), spliced(span, &wrong)));
}
