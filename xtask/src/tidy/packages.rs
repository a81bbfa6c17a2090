//! The packages of the build: licences, sources, duplicates, who may use what, how many there are.
//!
//! Invariant: exceptions are in deny.toml with a reason, and an exception that nothing needs any more
//! is a finding too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Finding;
use super::deny::Deny;
use crate::Result;

/// The most packages that Cargo.lock may have. Raising it is a decision, not a side effect.
const CAP: usize = 180;

/// Stands for a part of a licence expression that is met.
const MET: &str = "*";

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Normal,
    Build,
    Dev,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: String,
    /// Nothing for a member of the workspace.
    pub(crate) source: Option<String>,
    /// What it depends on directly: ids, and how.
    pub(crate) uses: BTreeSet<(String, Use)>,
}

/// Packages by cargo's id.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
}

impl Graph {
    /// Reads what `cargo metadata` writes.
    pub(crate) fn read(metadata: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut packages = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let read = Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                licence: text(&package["license"]),
                source: package["source"].as_str().map(String::from),
                uses: BTreeSet::new(),
            };
            packages.insert(text(&package["id"]), read);
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let id = text(&node["id"]);
            let package = packages.get_mut(&id).ok_or("a node that is no package")?;
            for used in list(&node["deps"]) {
                for kind in list(&used["dep_kinds"]) {
                    let how = match kind["kind"].as_str() {
                        Some("dev") => Use::Dev,
                        Some("build") => Use::Build,
                        _ => Use::Normal,
                    };
                    package.uses.insert((text(&used["pkg"]), how));
                }
            }
        }
        Ok(Self { packages })
    }

    pub(crate) fn len(&self) -> usize {
        self.packages.len()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.source.is_none())
    }

    /// Names of everything that is linked into a member, however far away.
    pub(crate) fn linked(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let start = self.packages.iter().find(|(_, package)| package.name == name);
        let mut open: Vec<&String> = start.map(|(id, _)| id).into_iter().collect();
        while let Some(package) = open.pop().and_then(|id| self.packages.get(id)) {
            for (id, how) in &package.uses {
                let Some(used) = self.packages.get(id) else { continue };
                if *how == Use::Normal && reached.insert(used.name.clone()) {
                    open.push(id);
                }
            }
        }
        reached
    }
}

pub(crate) fn check(graph: &Graph, deny: &Deny) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in graph.packages.values() {
        let place = format!("package {} {}", package.name, package.version);
        if !licence_is_allowed(&package.licence, &deny.licences) {
            let licence = &package.licence;
            findings.push(Finding::new(&place, format!("licence {licence:?} is not in deny.toml")));
        }
        if let Some(source) = package.source.as_deref().filter(|source| *source != REGISTRY) {
            findings.push(Finding::new(&place, format!("comes from {source}, not crates.io")));
        }
    }
    findings.extend(duplicates(graph, &deny.duplicates));
    findings.extend(wrappers(graph, &deny.wrappers));
    findings
}

/// Whether an SPDX expression is met: one side of every OR, both of every AND.
fn licence_is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    // The innermost parentheses first: each becomes a word that is allowed, or one that is not.
    if let Some(close) = expression.find(')') {
        let Some(open) = expression[..close].rfind('(') else { return false };
        let (before, after) = (&expression[..open], &expression[close + 1..]);
        let inner = licence_is_allowed(&expression[open + 1..close], allowed);
        let word = if inner { MET } else { "" };
        return licence_is_allowed(&format!("{before}{word}{after}"), allowed);
    }
    expression.split(" OR ").any(|side| {
        side.split(" AND ").all(|licence| {
            let licence = licence.trim();
            licence == MET || allowed.contains(licence)
        })
    })
}

/// The highest version of a name is the one that counts; every other must be in the list.
fn duplicates(graph: &Graph, allowed: &BTreeSet<String>) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in graph.packages.values() {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let number = |version: &&str| -> Vec<u64> {
        let numbers = version.split(['.', '-', '+']);
        numbers.map(|part| part.parse().unwrap_or_default()).collect()
    };
    let mut extra = BTreeSet::new();
    for (name, versions) in &mut versions {
        versions.sort_by_key(number);
        versions.pop();
        extra.extend(versions.iter().map(|version| format!("{name}@{version}")));
    }
    let new = extra.difference(allowed).map(|package| {
        Finding::new(format!("package {package}"), "is there beside a newer version")
    });
    let stale = allowed.difference(&extra).map(|package| {
        Finding::new("deny.toml", format!("bans.skip names {package}, which is no duplicate"))
    });
    new.chain(stale).collect()
}

fn wrappers(graph: &Graph, allowed: &BTreeMap<String, BTreeSet<String>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in graph.packages.values() {
        for (id, how) in &package.uses {
            let Some(used) = graph.packages.get(id) else { continue };
            let Some(users) = allowed.get(&used.name) else { continue };
            if *how != Use::Dev && !users.contains(&package.name) {
                let message =
                    format!("may not depend on {}; see bans.deny in deny.toml", used.name);
                findings.push(Finding::new(format!("package {}", package.name), message));
            }
        }
    }
    let names: BTreeSet<_> = graph.packages.values().map(|package| &package.name).collect();
    for name in allowed.values().flatten().filter(|name| !names.contains(name)) {
        findings
            .push(Finding::new("deny.toml", format!("bans.deny names {name}: no such package")));
    }
    findings
}

pub(crate) fn check_cap(lock: &str) -> Vec<Finding> {
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    if count <= CAP {
        return Vec::new();
    }
    vec![Finding::new("Cargo.lock", format!("{count} packages; the cap is {CAP}"))]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Packages as `name version licence: used, used~dev`, members being those without a version.
    pub(crate) fn graph(lines: &[&str]) -> Graph {
        let mut packages = BTreeMap::new();
        for line in lines {
            let (head, tail) = line.split_once(':').unwrap();
            let mut words = head.split(' ');
            let (name, version) = (words.next().unwrap(), words.next().unwrap_or(""));
            let licence = words.next().unwrap_or("MIT");
            let uses = tail.split(',').map(str::trim).filter(|word| !word.is_empty());
            let uses = uses.map(|word| match word.strip_suffix("~dev") {
                Some(word) => (word.to_owned(), Use::Dev),
                None => (word.to_owned(), Use::Normal),
            });
            let package = Package {
                name: name.into(),
                version: version.into(),
                licence: licence.replace('_', " "),
                source: (!version.is_empty()).then(|| REGISTRY.into()),
                uses: uses.collect(),
            };
            packages.insert(format!("{name}{version}"), package);
        }
        Graph { packages }
    }

    fn messages(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.to_string()).collect()
    }

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).into()).collect()
    }

    #[test]
    fn a_licence_needs_one_side_of_or_and_both_of_and() {
        let allowed = set(&["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]);
        for (expression, expected) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("(MIT AND GPL-3.0) OR BSD-3-Clause", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("", false),
        ] {
            assert_eq!(licence_is_allowed(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn every_rule_about_packages_finds_what_breaks_it() {
        let deny = Deny {
            licences: set(&["MIT"]),
            duplicates: set(&["syn@1.0.0", "gone@1.0.0"]),
            wrappers: BTreeMap::from([("hyper".into(), set(&["engine", "ghost"]))]),
        };
        let mut graph = graph(&[
            "engine: hyper1.0.0",
            "cli: hyper1.0.0, syn2.0.0",
            "tests: hyper1.0.0~dev",
            "hyper 1.0.0 GPL-3.0:",
            "syn 1.0.0:",
            "syn 2.0.0:",
            "log 0.9.0:",
            "log 0.10.0:",
        ]);
        graph.packages.get_mut("syn1.0.0").unwrap().source = Some("git+https://x".into());
        assert_eq!(
            messages(check(&graph, &deny)),
            [
                "package hyper 1.0.0: licence \"GPL-3.0\" is not in deny.toml",
                "package syn 1.0.0: comes from git+https://x, not crates.io",
                "package log@0.9.0: is there beside a newer version",
                "deny.toml: bans.skip names gone@1.0.0, which is no duplicate",
                "package cli: may not depend on hyper; see bans.deny in deny.toml",
                "deny.toml: bans.deny names ghost: no such package",
            ]
        );
    }

    #[test]
    fn the_lock_file_has_a_cap() {
        assert_eq!(check_cap(&"[[package]]\n".repeat(CAP)), []);
        assert_eq!(check_cap(&"[[package]]\n".repeat(CAP + 1)).len(), 1);
    }

    #[test]
    fn metadata_is_read_with_the_kind_of_each_use() {
        let metadata = serde_json::json!({
            "packages": [
                {"id": "a#1", "name": "a", "version": "1.0.0", "license": "MIT", "source": null},
                {"id": "b#1", "name": "b", "version": "2.0.0", "license": null, "source": REGISTRY},
            ],
            "resolve": {"nodes": [
                {"id": "a#1", "deps": [{"pkg": "b#1", "dep_kinds": [{"kind": null}, {"kind": "dev"}]}]},
                {"id": "b#1", "deps": []},
            ]},
        });
        let graph = Graph::read(&metadata).unwrap();
        let uses: Vec<_> = graph.packages["a#1"].uses.iter().map(|(_, how)| *how).collect();
        assert_eq!(uses, [Use::Normal, Use::Dev]);
        assert_eq!(graph.linked("a"), set(&["b"]));
        assert_eq!(graph.members().count(), 1);
    }
}
