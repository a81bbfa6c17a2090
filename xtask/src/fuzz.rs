//! `cargo xtask fuzz`: every target, or one, for some seconds each, by cargo-fuzz.
//!
//! Invariant: the kept corpus is only read; what is found anew is kept under the target directory.

use std::process::Command;

use crate::flags::Flags;
use crate::{Result, process, workspace};

/// How long each target runs, when nothing is said.
const SECONDS: &str = "60";

pub(crate) fn run(mut flags: Flags) -> Result<()> {
    let seconds = flags.value("--seconds")?.unwrap_or_else(|| SECONDS.into());
    seconds.parse::<u32>().map_err(|_| format!("--seconds {seconds} is no number"))?;
    let wanted = flags.word();
    flags.finish()?;
    let known = targets()?;
    let chosen = match wanted {
        Some(name) if known.contains(&name) => vec![name],
        Some(name) => {
            return Err(format!("no target {name:?}; there are {}", known.join(", ")).into());
        }
        None => known,
    };
    for target in &chosen {
        process::run(&mut command(target, &seconds)?)?;
    }
    Ok(())
}

/// The doors that there are, by the names of their files.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(workspace::root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// libFuzzer needs a nightly toolchain. Nothing of ours is unsafe, so that no sanitizer is asked for.
fn command(target: &str, seconds: &str) -> Result<Command> {
    let found = workspace::keep("fuzz")?.join(target);
    std::fs::create_dir_all(&found)?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root()).args(["+nightly", "fuzz", "run", "-s", "none", target]);
    command.arg(found).arg(format!("fuzz/corpus/{target}"));
    command.args(["--", "-rss_limit_mb=512", "-max_len=4096", "-timeout=10"]);
    command.arg(format!("-max_total_time={seconds}"));
    // Cargo names its own toolchain to what it runs, and that would win over +nightly.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_known_and_others_refused() {
        assert!(targets().unwrap().iter().any(|name| name == "frames"));
        let words = |text: &str| Flags::parse(text.split(' ').map(String::from));
        assert!(run(words("no-such-target")).unwrap_err().to_string().contains("frames"));
        assert!(run(words("frames --seconds=x")).is_err());
    }
}
