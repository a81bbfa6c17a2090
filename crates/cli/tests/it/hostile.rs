//! The program on the worst of files, with little memory and an engine that must not be asked.
//!
//! Invariant: every run ends with 65 and says why; a connection to the engine, or a signal, is a failure.

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run may have, of all that it maps, in KiB.
const MEMORY: usize = 256 * 1024;
/// By a clock that runs on while others use the processor: whoever waits for a FIFO waits for ever.
const TIME: Duration = Duration::from_mins(5);

fn repeat(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect::<Vec<_>>().concat()
}

fn image(text: &str) -> String {
    format!("containers: {{a: {{image: '{text}'}}}}\n")
}

fn cases() -> Vec<(&'static str, String)> {
    let mut cases = shapes();
    cases.extend(templates());
    cases.extend(special());
    cases
}

fn shapes() -> Vec<(&'static str, String)> {
    let doubled = |first: &str, each: &str| {
        let each = |at: usize| {
            each.replace("THIS", &(at + 1).to_string()).replace("LAST", &at.to_string()) + "\n"
        };
        format!("{first}\n{}", repeat(40, each))
    };
    vec![
        ("empty", String::new()),
        ("nul", "\0".repeat(1000)),
        ("lists", format!("x-a: {}", "[".repeat(200_000))),
        ("maps", format!("x-a: {}", "{a: ".repeat(200_000))),
        ("dashes", "- ".repeat(100_000)),
        ("blocks", repeat(2000, |at| format!("{}a:\n", " ".repeat(at)))),
        ("bytes", "#".repeat(100 << 20)),
        ("values", format!("x-a: [{}]", "1,".repeat(1_000_001))),
        ("laughs", doubled("x-a0: &a0 [1, 1]", "x-aTHIS: &aTHIS [*aLAST, *aLAST, *aLAST, *aLAST]")),
        ("laughing maps", doubled("x-a0: &a0 {a: 1}", "x-aTHIS: &aTHIS {a: *aLAST, b: *aLAST}")),
        ("merges", "x-a: &a {<<: *a}\n".to_owned()),
        ("mistakes", format!("containers:\n{}", repeat(20_000, |at| format!("  c{at}: {{imagee: x}}\n")))),
        ("one line", format!("containers: {{{}}}", repeat(120_000, |at| format!("c{at}: {{image: x, tty: 7}}, ")))),
        ("wrong one line", format!("containers: {{a: {{tty: [{}]}}}}", "7, ".repeat(300_000))),
        ("ports", "containers: {a: {image: x, ports: ['1-65535']}}\n".to_owned()),
        ("published ports", "containers: {a: {image: x, ports: ['1-65535:1-65535']}}\n".to_owned()),
        ("exposed ports", "containers: {a: {image: x, exposes: ['1-65535']}}\n".to_owned()),
        ("instances", format!("containers: {{a: {{image: x, instances: [{}], exposes: ['1-16000']}}}}", repeat(5000, |at| format!("i{at}, ")))),
        ("extends", format!("containers:\n  c0: {{image: x}}\n{}", repeat(5000, |at| format!("  c{}: {{extends: c{at}}}\n", at + 1)))),
        ("circle", format!("containers:\n{}", repeat(5000, |at| format!("  c{at}: {{image: x, depends_on: [c{}]}}\n", (at + 1) % 5000)))),
        ("controls", "containers: {\"a\u{9b}2J\u{202e}\": {image: \"x\u{200b}\u{202e}\", ttyy: \"\u{2066}\"}}\n".to_owned()),
        ("escapes", "containers: {\"a\\e[2J\\u009b\": {image: \"\\e]0;x\\a\"}}\n".to_owned()),
    ]
}

fn templates() -> Vec<(&'static str, String)> {
    let vars = |each: &str| {
        let each = |at: usize| {
            each.replace("THIS", &(at + 1).to_string()).replace("LAST", &at.to_string())
        };
        format!("vars:\n  a0: xxxxxxxxxxxxxxxx\n{}{}", repeat(40, each), image("{{ vars.a40 }}"))
    };
    vec![
        ("doubled text", vars("  aTHIS: '{{ vars.aLAST }}{{ vars.aLAST }}'\n")),
        ("joined text", vars("  aTHIS: '{{ vars.aLAST ~ vars.aLAST }}'\n")),
        ("doubled list", vars("  aTHIS: ['{{ vars.aLAST }}', '{{ vars.aLAST }}']\n")),
        ("nots", image(&format!("{{{{ {}true }}}}", "not ".repeat(20_000)))),
        ("minuses", image(&format!("{{{{ {}1 }}}}", "-".repeat(100_000)))),
        ("brackets", image(&format!("{{{{ {}", "[".repeat(100_000)))),
        ("attributes", image(&format!("{{{{ a{} }}}}", ".a".repeat(100_000)))),
        ("statements", image(&"{% if true %}".repeat(20_000))),
        ("raw", image(&"{% raw %}".repeat(20_000))),
        ("repeated text", image("{{ \"x\" * 99999999 }}")),
        ("repeated list", image("{{ [1] * 99999999 }}")),
        (
            "loops",
            image("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"),
        ),
        (
            "chain",
            format!(
                "vars:\n{}  a0: x\n{}",
                repeat(20_000, |at| format!(
                    "  a{}: '{{{{ vars.a{} }}}}'\n",
                    20_000 - at,
                    19_999 - at
                )),
                image("{{ vars.a20000 }}")
            ),
        ),
    ]
}

fn special() -> Vec<(&'static str, String)> {
    let secret = |source: &str| {
        format!(
            "secrets: {{s: {source}}}\ncontainers: {{a: {{image: x, env: {{A: '{{{{ secrets.s }}}}'}}}}}}\n"
        )
    };
    vec![
        ("include zero", "include: /dev/zero\n".to_owned()),
        ("include fifo", "include: fifo\n".to_owned()),
        ("env file zero", "containers: {a: {image: x, env_file: /dev/zero}}\n".to_owned()),
        ("env file fifo", "containers: {a: {image: x, env_file: fifo}}\n".to_owned()),
        ("secret zero", secret("{file: /dev/zero}")),
        ("secret fifo", secret("{file: fifo}")),
        ("endless secret", secret("{command: [/bin/sh, -c, 'while :; do echo x; done']}")),
        ("dockerfile zero", "images: {a: {dockerfile: /dev/zero, context: false}}\n".to_owned()),
        ("dockerfile fifo", "images: {a: {dockerfile: fifo, context: false}}\n".to_owned()),
        ("import fifo", "images: {a: {import: fifo}}\n".to_owned()),
    ]
}

/// What is wrong with how the program met a file.
fn run(directory: &Path, name: &str, verb: &[&str]) -> Vec<String> {
    let socket = directory.join("engine.sock");
    drop(std::fs::remove_file(&socket));
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    let begun = Instant::now();
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" --file \"$@\"")])
        .args([env!("CARGO_BIN_EXE_windlass"), name])
        .args(verb)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("PATH", "/usr/bin:/bin")
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap();
    let mut wrong = Vec::new();
    if status.code() != Some(65) {
        wrong.push(format!("ended with {status}"));
    }
    if !said.contains("error") || said.len() > 60_000 {
        wrong.push(format!("said {} bytes", said.len()));
    }
    if said
        .chars()
        .any(|c| c != '\n' && (c.is_control() || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}')))
    {
        wrong.push("moves the cursor".to_owned());
    }
    if listener.accept().is_ok() {
        wrong.push("asked the engine".to_owned());
    }
    if begun.elapsed() > TIME {
        wrong.push(format!("took {:?}", begun.elapsed()));
    }
    if !wrong.is_empty() {
        wrong.push(said.chars().take(300).collect());
    }
    wrong
}

#[test]
fn the_worst_files_end_with_65_in_little_memory_and_no_engine_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(directory.path().join("fifo")).status().unwrap().success());
    let mut wrong = String::new();
    let mut check = |name: &str, file: &str| {
        // What an image is made of is read while engines are looked at.
        let is_image = name.starts_with("dockerfile") || name.starts_with("import");
        let verb = if is_image { &["config", "--check"][..] } else { &["up", "--yes"] };
        let found = run(directory.path(), file, verb);
        if !found.is_empty() {
            writeln!(wrong, "{name}: {}", found.join("; ")).unwrap();
        }
    };
    for (name, text) in cases() {
        std::fs::write(directory.path().join("windlass.yaml"), text).unwrap();
        check(name, "windlass.yaml");
    }
    for file in ["fifo", "/dev/zero", "/dev/tty", "/proc/kmsg", ".", "none.yaml"] {
        check(file, file);
    }
    assert!(wrong.is_empty(), "{wrong}");
}
