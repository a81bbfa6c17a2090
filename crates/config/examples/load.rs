//! Loads files and prints what was found; with a number, a generated project of so many containers.
//!
//! Invariant: this is for people who work on this crate; the program's own `config` command is for users.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let mut options = windlass_config::LoadOptions {
        cwd: std::env::current_dir()?,
        env: std::env::vars().collect(),
        ..windlass_config::LoadOptions::default()
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.first().and_then(|text| text.parse::<usize>().ok());
    if let Some(count) = count {
        options.files.push("-".into());
        options.stdin = Some(generate(count).into_bytes());
    } else {
        options.files = arguments.into_iter().map(Into::into).collect();
    }
    let start = std::time::Instant::now();
    let loaded = windlass_config::load(&options);
    let took = start.elapsed();
    let mut out = std::io::stdout();
    out.write_all(loaded.diagnostics.render_plain(&loaded.sources).as_bytes())?;
    if let Some(project) = loaded.project.filter(|_| count.is_none()) {
        writeln!(out, "{project:#?}")?;
    }
    writeln!(out, "{took:?}")
}

fn generate(count: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "name: big\nnetworks: {front: null}\nvolumes: {data: null}\nimages:\n  app: {image: \"debian:12\"}\ncontainers:\n",
    );
    for at in 0..count {
        let _ = write!(
            text,
            "  c{at}:\n    image: app\n    command: [sh, -c, \"echo $HOME {at}\"]\n    env:\n      A: one\n      B: \"{{{{ project }}}}\"\n      C: {at}\n    ports:\n    - \"{}:80\"\n    networks: [front]\n    mounts:\n    - data:/var/lib/data\n    - ./src:/src:ro\n    labels:\n      a: b\n    restart: always\n    healthcheck: {{test: [CMD, \"true\"], interval: 5s}}\n",
            1024 + at
        );
        if at > 0 {
            let _ = writeln!(text, "    depends_on: [c{}]", at - 1);
        }
    }
    text
}
