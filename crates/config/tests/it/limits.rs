//! Hostile and huge files: bounded in time and memory.
//!
//! Invariant: whatever the text, loading ends within seconds and says why it refused.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::check::load_text;

#[track_caller]
fn refused(yaml: &str, wanted: &str) {
    let start = Instant::now();
    let loaded = load_text(yaml);
    let took = start.elapsed();
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(found.contains(wanted), "{}", found.lines().take(5).collect::<Vec<_>>().join("\n"));
    assert!(loaded.project.is_none());
    assert!(took < Duration::from_secs(20), "took {took:?}");
}

#[test]
fn a_billion_laughs() {
    let mut yaml = String::from("x-a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(yaml, "x-a{level}: &a{level} [{}]", below.trim_end_matches(", ")).unwrap();
    }
    refused(&yaml, "expand to more than 100000 values");
    // The same with mappings that are merged.
    let mut yaml = String::from("x-m0: &m0 {");
    for key in 0..2000 {
        write!(yaml, "k{key}: 1, ").unwrap();
    }
    yaml.push_str("}\nx-all:\n");
    for _ in 0..200_000 {
        yaml.push_str("- <<: *m0\n");
    }
    refused(&yaml, "expand to more than");
}

#[test]
fn depth() {
    let flow = format!("x-a: {}1{}\n", "[".repeat(5000), "]".repeat(5000));
    refused(&flow, "nested deeper than 64 levels");
    let mut block = String::new();
    for level in 0..2000 {
        writeln!(block, "{}x-a:", " ".repeat(level)).unwrap();
    }
    refused(&block, "nested deeper than 64 levels");
    // Each level is shallow, but aliases put them into one another.
    let mut yaml = String::from("x-a0: &a0 [[[[1]]]]\n");
    for level in 1..40 {
        writeln!(yaml, "x-a{level}: &a{level} [[*a{}]]", level - 1).unwrap();
    }
    refused(&yaml, "nesting is over 64 levels");
}

#[test]
fn size() {
    refused(&"#".repeat((8 << 20) + 1), "more than the limit of 8 MiB");
}

#[test]
fn chains() {
    let mut vars = String::from("vars:\n  a0: x\n");
    for at in 1..5000 {
        writeln!(vars, "  a{at}: \"{{{{ vars.a{} }}}}\"", at - 1).unwrap();
    }
    // Read in order each needs only one step; read backwards it is one long chain.
    let mut backwards = String::from("vars:\n");
    for at in (1..5000).rev() {
        writeln!(backwards, "  a{at}: \"{{{{ vars.a{} }}}}\"", at - 1).unwrap();
    }
    backwards.push_str("  a0: x\ncontainers: {c: {image: \"{{ vars.a4999 }}\"}}\n");
    refused(&backwards, "over more than 48 steps");
    let mut extends = String::from("containers:\n  c0: {image: x}\n");
    for at in 1..3000 {
        writeln!(extends, "  c{at}: {{extends: c{}}}", at - 1).unwrap();
    }
    refused(&extends, "`extends` goes over more than 64 containers");
    let mut doubled = String::from("containers:\n  c0: {image: x}\n");
    for at in 1..60 {
        writeln!(doubled, "  c{at}: {{extends: [c{0}, c{0}, c{0}]}}", at - 1).unwrap();
    }
    assert_eq!(crate::check::project(&doubled).containers.len(), 60);
    refused(
        "vars: {a: \"{% for x in range(9999) %}{% for y in range(9999) %}.{% endfor %}{% endfor %}\"}",
        "runs for too long",
    );
}

#[test]
fn a_long_chain_of_dependencies_is_fine_and_a_long_circle_is_found() {
    let mut yaml = String::from("containers:\n  c0: {image: x}\n");
    for at in 1..20_000 {
        writeln!(yaml, "  c{at}: {{image: x, depends_on: c{}}}", at - 1).unwrap();
    }
    assert_eq!(crate::check::project(&yaml).containers.len(), 20_000);
    let circle = yaml.replacen("c0: {image: x}", "c0: {image: x, depends_on: c19999}", 1);
    refused(&circle, "a dependency cycle: ");
}

#[test]
fn thousands_of_mistakes() {
    let mut yaml = String::from("containers:\n");
    for at in 0..5000 {
        writeln!(yaml, "  c{at}: {{imagee: x, image: y, depends_on: [d{at}]}}").unwrap();
    }
    let start = Instant::now();
    let loaded = load_text(&yaml);
    assert_eq!(loaded.diagnostics.len(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn ten_thousand_containers() {
    let mut yaml = String::from("networks: {front: null}\nvolumes: {data: null}\ncontainers:\n");
    for at in 0..10_000 {
        writeln!(
            yaml,
            "  c{at}:\n    image: debian:12\n    command: [sh, -c, \"echo {at}\"]\n    env:\n      A: one\n      \
             B: \"{{{{ project }}}}\"\n    ports:\n    - \"{}:80\"\n    networks: [front]\n    mounts:\n    - data:/data\n    \
             labels:\n      a: b\n    restart: always",
            1024 + at
        )
        .unwrap();
    }
    let start = Instant::now();
    let project = crate::check::project(&yaml);
    println!("10,000 containers, {} bytes: {:?}", yaml.len(), start.elapsed());
    assert_eq!(project.containers.len(), 10_000);
}
