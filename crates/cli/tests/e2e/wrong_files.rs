//! Wrong files: each must be refused with the place and what is wrong, before any engine is asked.
//!
//! Invariant: the engine is a socket that notes every connection; a single one fails the test.

use crate::harness::{Output, World, run_to_end};
use std::fmt::Write as _;
use std::os::unix::net::UnixListener;

/// A name, the file, the place of what is wrong, and what must be said.
struct Row(&'static str, &'static str, &'static str, &'static [&'static str]);

const SHAPE: &[Row] = &[
    Row("key", "containers:\n  web:\n    imagee: x\n", "3:5", &["imagee", "image"]),
    Row("top-key", "container: {}\n", "1:1", &["container", "containers"]),
    Row("twice", "containers:\n  a: {image: x}\n  a: {image: y}\n", "3:3", &["a"]),
    Row("type", "containers:\n  a: {image: x, ports: 80}\n", "2:24", &["list"]),
    Row("map", "containers: [a]\n", "1:13", &["list"]),
    Row("open", "containers: {web: {image: x}\n", "", &[]),
    Row("tab", "containers:\n\tweb: {image: x}\n", "2:1", &["tab"]),
    Row("alias", "containers:\n  web: *none\n", "2:8", &["anchor"]),
    Row("tag", "containers:\n  web: !!python/object {image: x}\n", "2:8", &["tag"]),
    Row("name", "name: Not A Name!\n", "1:7", &["notaname"]),
    Row("empty-image", "containers:\n  a: {command: [x]}\n", "2:3", &["image"]),
];

const VALUES: &[Row] = &[
    Row("port", "containers:\n  a: {image: x, ports: ['80:70000']}\n", "2:29", &["70000"]),
    Row("range", "containers:\n  a: {image: x, ports: ['82-80']}\n", "2:26", &["80-82"]),
    Row("size", "containers:\n  a: {image: x, shm_size: 12q}\n", "2:29", &["q"]),
    Row("time", "containers:\n  a: {image: x, stop_timeout: 1fortnight}\n", "2:32", &["fortnight"]),
    Row("restart", "containers:\n  a: {image: x, restart: allways}\n", "2:26", &["always"]),
    Row(
        "condition",
        "containers:\n  a: {image: x, depends_on: {b: {condition: helthy}}}\n  b: {image: x}\n",
        "2:45",
        &["healthy"],
    ),
    Row("reference", "containers:\n  a: {image: 'UPPER/case'}\n", "2:14", &["UPPER"]),
    Row(
        "mode",
        "secrets: {s: {env: X}}\ncontainers:\n  a: {image: x, secrets: [{secret: s, mode: 440}]}\n",
        "3:45",
        &["0o440"],
    ),
    Row("path", "containers:\n  a: {image: x, workdir: tmp}\n", "2:26", &["/tmp"]),
    Row("subnet", "networks:\n  n: {ipam: [10.0.0.0/99]}\n", "2:14", &["subnet"]),
    Row("signal", "containers:\n  a: {image: x, stop_signal: SIGFOO}\n", "2:30", &["SIGFOO"]),
    Row("env", "containers:\n  a: {image: x, env: {'A B': 1}}\n", "2:23", &["A B"]),
    Row("device", "containers:\n  a: {image: x, devices: [dev]}\n", "2:27", &["/dev/"]),
];

const REFERENCES: &[Row] = &[
    Row(
        "volume",
        "volumes: {data: /d}\ncontainers:\n  a: {image: x, mounts: ['dta:/x']}\n",
        "3:26",
        &["dta", "data"],
    ),
    Row(
        "network",
        "networks: {net: }\ncontainers:\n  a: {image: x, networks: [nte]}\n",
        "3:28",
        &["nte", "net"],
    ),
    Row(
        "depends",
        "containers:\n  web: {image: x}\n  a: {image: x, depends_on: [wbe]}\n",
        "3:30",
        &["wbe", "web"],
    ),
    Row(
        "secret",
        "secrets: {key: {env: X}}\ncontainers:\n  a: {image: x, secrets: [kye]}\n",
        "3:27",
        &["kye", "key"],
    ),
    Row("group", "containers: {web: {image: x}}\ngroups: {g: [wbe]}\n", "2:14", &["wbe", "web"]),
    Row("extends", "containers:\n  a: {image: x, extends: nobody}\n", "2:26", &["nobody"]),
    Row(
        "cycle",
        "containers:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n",
        "3:30",
        &["a → b → a"],
    ),
    Row("self", "containers:\n  a: {image: x, depends_on: [a]}\n", "2:30", &["a"]),
    Row(
        "extends-cycle",
        "containers:\n  a: {image: x, extends: b}\n  b: {extends: a}\n",
        "3:16",
        &["circle"],
    ),
    Row(
        "image-cycle",
        "images:\n  a: {context: false, commands: ['FROM {{ images.b }}']}\n  b: {context: false, commands: ['FROM {{ images.a }}']}\n",
        "3:34",
        &["a → b → a"],
    ),
    Row(
        "variable",
        "vars: {word: x}\ncontainers:\n  a: {image: '{{ vars.wrod }}'}\n",
        "3:",
        &["wrod", "word"],
    ),
    Row("template", "containers:\n  a: {image: '{{ vars. }}'}\n", "2:", &[]),
    Row(
        "vars-cycle",
        "vars: {a: '{{ vars.b }}', b: '{{ vars.a }}'}\ncontainers: {c: {image: '{{ vars.a }}'}}\n",
        "1:",
        &["vars.a → vars.b → vars.a"],
    ),
    Row(
        "env-unset",
        "containers:\n  a: {image: x, env: [NO_SUCH_THING_HERE]}\n",
        "2:23",
        &["NO_SUCH_THING_HERE"],
    ),
    Row("env-file", "containers:\n  a: {image: x, env_file: none.env}\n", "2:27", &["none.env"]),
    Row("include", "include: [none.yaml]\n", "1:11", &["none.yaml"]),
    Row("sources", "images:\n  a: {image: x, import: y}\n", "2:17", &["one source"]),
    Row("no-source", "images:\n  a: {context: false}\n", "2:3", &["source"]),
    Row(
        "ports",
        "containers:\n  a: {image: x, ports: ['8080:80']}\n  b: {image: x, ports: ['8080:81']}\n",
        "3:25",
        &["8080"],
    ),
    Row(
        "targets",
        "volumes: {v: , w: }\ncontainers:\n  a: {image: x, mounts: ['v:/x'], volumes: ['w:/x'], tmpfs: ['/x']}\n",
        "3:",
        &["/x"],
    ),
];

/// Runs every row at an engine that must not be asked; what is wrong with each.
fn check(test: &str, rows: &[Row]) {
    let Some(world) = World::new(test) else { return };
    let mut wrong = String::new();
    for Row(name, file, place, said) in rows {
        for words in [&["up"][..], &["config", "--output", "json"]] {
            let output = refused(&world, file.as_bytes(), words);
            let mut problems = Vec::new();
            if output.code != 65 {
                problems.push("code".to_owned());
            }
            let located =
                words.len() > 1 || output.stderr.contains(&format!("--> windlass.yaml:{place}"));
            if !located {
                problems.push(format!("not at {place}"));
            }
            problems.extend(
                said.iter().filter(|text| !output.all().contains(*text)).map(|t| format!("{t:?}")),
            );
            if words.len() > 1 {
                output.json();
            }
            if !problems.is_empty() {
                writeln!(wrong, "{name}: {problems:?}{output}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(world.objects().is_empty());
}

/// A run on a wrong file; no engine is asked.
fn refused(world: &World, file: &[u8], words: &[&str]) -> Output {
    std::fs::write(world.path("windlass.yaml"), file).unwrap();
    let socket = world.path("home/engine.sock");
    drop(std::fs::remove_file(&socket));
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    // Without `--project`: the name is the file's, so that it is read too.
    let mut command = world.bare_command();
    command.args(words);
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    let output = run_to_end(command);
    assert!(listener.accept().is_err(), "an engine was asked:{output}");
    assert!(output.elapsed.as_secs() < 10, "{output}");
    output
}

#[test]
fn a_wrong_shape_must_be_refused_at_its_place() {
    check("wrong-shape", SHAPE);
}

#[test]
fn a_wrong_value_must_be_refused_at_its_place() {
    check("wrong-value", VALUES);
}

#[test]
fn a_reference_to_nothing_must_be_refused_at_its_place() {
    check("wrong-reference", REFERENCES);
}

#[test]
fn all_mistakes_must_be_said_at_once() {
    let Some(world) = World::new("many") else { return };
    let file =
        "nmae: x\ncontainers:\n  a: {image: x, prots: [1]}\n  b: {image: x, depends_on: [c]}\n";
    let output = refused(&world, file.as_bytes(), &["up"]);
    output.code(65).says("windlass.yaml:1:1").says("windlass.yaml:3:17").says("windlass.yaml:4:30");
    output.says("3 errors");
}

#[test]
fn a_bomb_must_be_refused_in_bounded_time_and_memory() {
    let Some(world) = World::new("bombs") else { return };
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let many = format!("*a{}, ", level - 1).repeat(9);
        writeln!(laughs, "a{level}: &a{level} [{many}]").unwrap();
    }
    let laughs = format!("vars:\n  {}\n", laughs.trim_end().replace('\n', "\n  "));
    let merges = "vars: {a: &a {<<: *a}}\ncontainers: {c: {image: x, <<: *a}}\n".to_owned();
    let loops = "vars: {a: '{% for i in range(100000000) %}{% for j in range(100000000) %}x{% endfor %}{% endfor %}'}\n\
                 containers: {c: {image: '{{ vars.a }}'}}\n"
        .to_owned();
    for (name, file) in [
        (
            "laughs",
            format!("{laughs}containers: {{c: {{image: x, command: \"{{{{ vars.a9 }}}}\"}}}}\n"),
        ),
        ("nested", format!("vars: {}", "[".repeat(200_000))),
        ("maps", format!("vars: {}", "{a: ".repeat(200_000))),
        ("merges", merges),
        ("loops", loops),
        ("long", format!("x: {}", "x".repeat(101 << 20))),
    ] {
        let output = refused(&world, file.as_bytes(), &["up"]);
        assert_eq!(
            output.code,
            65,
            "{name}: {}",
            output.stderr.chars().take(500).collect::<String>()
        );
        assert!(
            output.stderr.len() < 20_000,
            "{name}: {} bytes of diagnostics",
            output.stderr.len()
        );
    }
    for (name, bytes) in [("latin", &b"containers: {a: {image: \xe4}}\n"[..]), ("nul", b"a: \0\n")]
    {
        let output = refused(&world, bytes, &["up"]);
        assert_eq!(output.code, 65, "{name}:{output}");
    }
}

#[test]
fn a_file_that_is_not_there_must_be_named() {
    let Some(world) = World::new("no-file") else { return };
    std::fs::create_dir(world.path("deep")).unwrap();
    let output = world.run(&["-f", "no-such.yaml", "up"]);
    assert!(matches!(output.code, 64 | 65), "{output}");
    output.says("no-such.yaml");
    let output = world.run(&["up"]);
    assert!(matches!(output.code, 64 | 65), "{output}");
    output.says("windlass.yaml");
    // From a directory below, the file above is found.
    world.yaml("containers: {web: {image: x}}");
    let mut command = world.command(&["config", "--services"]);
    command.current_dir(world.path("deep"));
    assert_eq!(run_to_end(command).code(0).stdout, "web\n");
}
